//! Policies, and the small questions that need nothing else.

use std::sync::Arc;

use failsoft::policy::approval::{self, Answer, Decision, Gate};
use failsoft::value::Spelling;
use failsoft::{Invalid, ToolOutcome};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::alive::{Alive, Kind};
use crate::convert::{invalid, named};
use crate::inward::value;
use crate::outward::plain;

/// A policy: immutable, and shared with the sessions that follow it.
#[wasm_bindgen(js_name = EnginePolicy)]
pub struct Policy {
    core: Arc<failsoft::Policy>,
    _alive: Alive,
}

impl Policy {
    pub(crate) fn of(core: Arc<failsoft::Policy>) -> Self {
        Self { core, _alive: Alive::new(Kind::Policy) }
    }

    fn read(made: Result<failsoft::Policy, Invalid>) -> Result<Self, JsValue> {
        made.map(|policy| Self::of(Arc::new(policy))).map_err(invalid)
    }

    pub(crate) fn core(&self) -> &Arc<failsoft::Policy> {
        &self.core
    }
}

#[wasm_bindgen(js_class = EnginePolicy)]
impl Policy {
    /// A policy from an object of fields.
    #[wasm_bindgen(js_name = fromFields)]
    pub fn from_fields(groups: &JsValue) -> Result<Self, JsValue> {
        Self::read(failsoft::Policy::from_value(&value(groups), Spelling::JavaScript))
    }

    /// A policy from what a policy file says.
    #[wasm_bindgen(js_name = fromFile)]
    pub fn from_file(file: &JsValue) -> Result<Self, JsValue> {
        Self::read(failsoft::Policy::from_value(&value(file), Spelling::Json))
    }

    /// The policy behind `retry`.
    #[wasm_bindgen(js_name = forRetry)]
    pub fn for_retry(fields: &JsValue) -> Result<Self, JsValue> {
        Self::read(failsoft::Policy::for_retry(&value(fields), Spelling::JavaScript))
    }

    /// The policy behind `fallback`.
    #[wasm_bindgen(js_name = forFallback)]
    pub fn for_fallback() -> Self {
        Self::of(Arc::new(failsoft::Policy::for_fallback()))
    }

    /// What a policy file says, defaults included.
    #[wasm_bindgen(js_name = toFile)]
    pub fn to_file(&self) -> JsValue {
        plain(&self.core.to_value())
    }

    /// The policy's word on a tool call.
    #[wasm_bindgen(js_name = gate)]
    pub fn gate(&self, tool: &str, risky: bool, standing: Vec<String>) -> String {
        let word = match self.core.approval.gate(tool, risky, &standing) {
            Gate::Run => "run",
            Gate::Standing => "standing",
            Gate::Ask => "ask",
            Gate::Deny => "deny",
        };
        word.to_string()
    }
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
