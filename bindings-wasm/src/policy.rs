//! Policies, and the small questions that need nothing else.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use failsoft::policy::approval::{self, Answer, Decision, Gate};
use failsoft::value::Spelling;
use failsoft::{Policy, ToolOutcome};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::convert::{invalid, named};
use crate::plain::{thing, value};
use crate::tables::{Handle, with};

fn keep(policy: Policy) -> Handle {
    with(|tables| tables.policies.insert(Arc::new(policy)))
}

/// A policy from an object of fields.
#[wasm_bindgen(js_name = policyNew)]
pub fn new(groups: &JsValue) -> Result<Handle, JsValue> {
    Policy::from_value(&value(groups), Spelling::JavaScript).map(keep).map_err(invalid)
}

/// A policy from what a policy file says.
#[wasm_bindgen(js_name = policyFromJson)]
pub fn from_json(file: &JsValue) -> Result<Handle, JsValue> {
    Policy::from_value(&value(file), Spelling::Json).map(keep).map_err(invalid)
}

/// What a policy file says, defaults included.
#[wasm_bindgen(js_name = policyToJson)]
pub fn to_json(policy: Handle) -> JsValue {
    thing(&with(|tables| tables.policy(policy).to_value()))
}

/// The policy of a session.
#[wasm_bindgen(js_name = policyOf)]
pub fn of(session: Handle) -> Handle {
    with(|tables| {
        let policy = tables.sessions.get(session).map(|session| session.policy().clone());
        tables.policies.insert(policy.unwrap_or_default())
    })
}

/// The policy behind `retry`.
#[wasm_bindgen(js_name = policyForRetry)]
pub fn for_retry(fields: &JsValue) -> Result<Handle, JsValue> {
    Policy::for_retry(&value(fields), Spelling::JavaScript).map(keep).map_err(invalid)
}

/// The policy behind `fallback`.
#[wasm_bindgen(js_name = policyForFallback)]
pub fn for_fallback() -> Handle {
    keep(Policy::for_fallback())
}

/// The digest of a tool call, its arguments in canonical form; or, the first letter of both apart, what is wrong with them.
#[wasm_bindgen(js_name = canonicalDigest)]
pub fn canonical_digest(tool: &str, canonical: &str) -> String {
    match approval::digest_canonical(tool, canonical) {
        Ok(digest) => format!("={digest}"),
        Err(complaint) => format!("!{complaint}"),
    }
}

/// What is wrong with arguments that are nested too deeply to be read.
#[wasm_bindgen(js_name = tooDeep)]
pub fn too_deep(arguments: &str) -> Option<String> {
    approval::too_deep(arguments)
}

/// The sentence for arguments that cannot be read.
#[wasm_bindgen(js_name = notJson)]
pub fn not_json() -> String {
    approval::NOT_JSON.into()
}

/// SHA-256 of a text: what a key is told apart by without being told.
#[wasm_bindgen(js_name = fingerprint)]
pub fn fingerprint(text: &str) -> String {
    approval::Digest::of(&[text]).to_string()
}

/// The policy's word on a tool call.
#[wasm_bindgen(js_name = gate)]
pub fn gate(policy: Handle, tool: &str, risky: bool, standing: Vec<String>) -> String {
    let policy = with(|tables| tables.policy(policy));
    let word = match policy.approval.gate(tool, risky, &standing) {
        Gate::Run => "run",
        Gate::Standing => "standing",
        Gate::Ask => "ask",
        Gate::Deny => "deny",
    };
    word.to_string()
}

/// An approver's answer as a decision.
#[wasm_bindgen(js_name = decision)]
pub fn decision(answer: &JsValue, failed: bool) -> String {
    let word = answer.as_string();
    let answer = match (failed, answer.as_bool(), &word) {
        (true, ..) => Answer::Failed,
        (_, Some(flag), _) => Answer::Flag(flag),
        (_, _, Some(word)) => Answer::Word(word),
        _ => Answer::Other,
    };
    Decision::read(answer).name().to_string()
}

/// Why a decision keeps a tool from running: the reason and the sentence; nothing when it may run.
#[wasm_bindgen(js_name = refusal)]
pub fn refusal(tool: &str, decision: &str) -> Result<Vec<String>, JsValue> {
    let decision = named("decision", decision, Decision::NAMES, Decision::from_name(decision))?;
    let outcome = ToolOutcome::of(decision);
    let told = outcome.map(|outcome| vec![outcome.name().to_string(), failsoft::text::not_allowed(tool, outcome)]);
    Ok(told.unwrap_or_default())
}

/// Whether a decision covers later calls of the tool too.
#[wasm_bindgen(js_name = stands)]
pub fn stands(decision: &str) -> bool {
    Decision::from_name(decision).is_some_and(Decision::stands)
}

/// What a model's reply is, from its text and the number of its tool calls.
#[wasm_bindgen(js_name = readReply)]
pub fn read_reply(answer: &str, calls: usize) -> String {
    failsoft::command::ReplyKind::read(answer, calls).name().to_string()
}
