//! Facts from JavaScript, judged by the core.

use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use failsoft::Policy;
use failsoft::classify::{Explanation, Facts, HEADERS};
use failsoft::policy::failure::{FailureKind, Phase};
use failsoft::value::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::convert::named;
use crate::out::{failure, say};
use crate::plain::value;
use crate::tables::{Handle, with};

fn judge(facts: &JsValue, judge: &mut dyn FnMut(&Facts<'_>)) -> Result<(), JsValue> {
    let facts = value(facts);
    let text = |field: &str| facts.get(field).and_then(text);
    let number = |field: &str| match facts.get(field) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    };
    let classes: Vec<&str> = match facts.get("classes") {
        Some(Value::List(names)) => names.iter().filter_map(self::text).collect(),
        _ => Vec::new(),
    };
    let headers: Vec<(&str, &str)> = match facts.get("headers") {
        Some(Value::Map(headers)) => {
            headers.iter().filter_map(|(name, value)| Some((name.as_str(), self::text(value)?))).collect()
        }
        _ => Vec::new(),
    };
    let phase = text("phase").map(|word| named("facts.phase", word, Phase::NAMES, Phase::from_name(word)));
    judge(&Facts {
        status: number("status").map(|status| status as u16),
        headers: &headers,
        body: text("body"),
        code: text("code"),
        error_type: text("errorType"),
        message: text("message"),
        classes: &classes,
        phase: phase.transpose()?,
        provider: text("provider"),
        wall_ms: number("wallMs").map(|wall| wall as u64),
    });
    Ok(())
}

fn text(value: &Value) -> Option<&str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

/// The policy that was named, or the built-in one.
fn policy(handle: Option<Handle>) -> Arc<Policy> {
    handle.map(|handle| with(|tables| tables.policy(handle))).unwrap_or_default()
}

/// The failure that these facts make.
#[wasm_bindgen(js_name = classify)]
pub fn classify(facts: &JsValue, by: Option<Handle>) -> Result<(), JsValue> {
    let policy = policy(by);
    judge(facts, &mut |facts| say(0, &failure(Some(policy.classify(facts)))))
}

/// The same with the rule, the facts that made it hold, what follows, and all of that as a text.
#[wasm_bindgen(js_name = explain)]
pub fn explain(facts: &JsValue, by: Option<Handle>) -> Result<Vec<String>, JsValue> {
    let policy = policy(by);
    let mut lines = Vec::new();
    judge(facts, &mut |facts| lines = told(policy.explain(facts)))?;
    Ok(lines)
}

/// What follows a failure that an error brings along.
#[wasm_bindgen(js_name = explainFailure)]
#[expect(clippy::too_many_arguments, reason = "a failure crosses as numbers")]
pub fn explain_failure(
    kind: f64,
    status: f64,
    after: f64,
    reset: f64,
    phase: f64,
    hint: f64,
    effect: f64,
    by: Option<Handle>,
) -> Vec<String> {
    told(policy(by).explain_failure(crate::convert::failure([kind, status, after, reset, phase, hint, effect])))
}

fn told(explanation: Explanation) -> Vec<String> {
    say(0, &failure(Some(explanation.failure)));
    let text = explanation.to_string();
    vec![explanation.rule, explanation.why, explanation.next, text]
}

/// The headers that hosts hand over.
#[wasm_bindgen(js_name = headerNames)]
pub fn header_names() -> Vec<String> {
    HEADERS.iter().map(|name| (*name).to_string()).collect()
}

/// Whether a client's error of this kind, after so many milliseconds in which nothing came, is a limit of the engine's own.
#[wasm_bindgen(js_name = isLimitOfOurs)]
pub fn is_limit_of_ours(kind: &str, ends_reading: bool, waited: f64, limit: f64) -> bool {
    let span = |ms: f64| core::time::Duration::from_millis(ms as u64);
    FailureKind::from_name(kind)
        .is_some_and(|kind| failsoft::classify::is_limit_of_ours(kind, ends_reading, span(waited), span(limit)))
}

/// Why a provider's reply may not be taken for a whole one: the kind and what to say; nothing when it may.
#[wasm_bindgen(js_name = judgeFinish)]
pub fn judge_finish(reason: Option<String>, refusal: Option<String>, accept_cut: bool) -> Vec<String> {
    match failsoft::classify::judge_finish(reason.as_deref(), refusal.as_deref(), accept_cut) {
        Some((kind, what)) => vec![kind.name().to_string(), what],
        None => Vec::new(),
    }
}
