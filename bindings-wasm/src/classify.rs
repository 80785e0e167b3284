//! Facts from JavaScript, judged by the core.

use failsoft::classify::Facts;
use failsoft::policy::failure::Phase;
use failsoft::value::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::convert::named;
use crate::out::{failure, say};
use crate::plain::value;

fn judge<T>(facts: &JsValue, judge: impl FnOnce(&Facts<'_>) -> T) -> Result<T, JsValue> {
    let facts = value(facts);
    let text = |field: &str| match facts.get(field) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let number = |field: &str| match facts.get(field) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    };
    let classes: Vec<&str> = match facts.get("classes") {
        Some(Value::List(names)) => names
            .iter()
            .filter_map(|name| if let Value::Text(name) = name { Some(name.as_str()) } else { None })
            .collect(),
        _ => Vec::new(),
    };
    let phase = text("phase").map(|word| named("facts.phase", word, Phase::NAMES, Phase::from_name(word)));
    Ok(judge(&Facts {
        status: number("status").map(|status| status as u16),
        code: text("code"),
        error_type: text("errorType"),
        message: text("message"),
        classes: &classes,
        phase: phase.transpose()?,
        retry_after_ms: text("retryAfterMs"),
        retry_after: text("retryAfter"),
        should_retry: text("shouldRetry"),
        wall_ms: number("wallMs").map(|wall| wall as u64),
    }))
}

/// The failure that these facts make.
#[wasm_bindgen(js_name = classify)]
pub fn classify(facts: &JsValue) -> Result<(), JsValue> {
    let judged = judge(facts, failsoft::classify::classify)?;
    say(0, failure(Some(judged)));
    Ok(())
}

/// The name of the rule that decides.
#[wasm_bindgen(js_name = decidingRule)]
pub fn deciding_rule(facts: &JsValue) -> Result<String, JsValue> {
    judge(facts, failsoft::classify::deciding_rule).map(str::to_string)
}

/// Why a provider's reply may not be taken for a whole one: the kind and what to say; nothing when it may.
#[wasm_bindgen(js_name = judgeFinish)]
pub fn judge_finish(reason: Option<String>, refusal: Option<String>, accept_cut: bool) -> Vec<String> {
    match failsoft::classify::judge_finish(reason.as_deref(), refusal.as_deref(), accept_cut) {
        Some((kind, what)) => vec![kind.name().to_string(), what],
        None => Vec::new(),
    }
}
