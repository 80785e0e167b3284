//! Facts from JavaScript, judged by the core.

use failsoft::classify::{Facts, HEADERS};
use failsoft::policy::failure::{FailureKind, Phase};
use failsoft::value::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::convert::{failure, named, number, text};
use crate::forms::{ExplanationForm, FailureForm};
use crate::inward::value;
use crate::outward::object;
use crate::policy::Policy;

#[wasm_bindgen(js_class = EnginePolicy)]
impl Policy {
    /// The failure that these facts make.
    #[wasm_bindgen(js_name = classify)]
    pub fn classify(&self, facts: &JsValue) -> Result<JsValue, JsValue> {
        judge(facts, |facts| object(&FailureForm::of(self.core().classify(facts))))
    }

    /// The same with the rule, the facts that made it hold, what follows, and all of that as a text.
    #[wasm_bindgen(js_name = explain)]
    pub fn explain(&self, facts: &JsValue) -> Result<JsValue, JsValue> {
        judge(facts, |facts| object(&ExplanationForm::of(self.core().explain(facts))))
    }

    /// What follows a failure that an error brings along.
    #[wasm_bindgen(js_name = explainFailure)]
    pub fn explain_failure(&self, fields: &JsValue) -> JsValue {
        object(&ExplanationForm::of(self.core().explain_failure(failure(fields))))
    }
}

fn judge(facts: &JsValue, judge: impl FnOnce(&Facts<'_>) -> JsValue) -> Result<JsValue, JsValue> {
    let facts = value(facts);
    let classes: Vec<&str> = match facts.get("classes") {
        Some(Value::List(names)) => names.iter().filter_map(worded).collect(),
        _ => Vec::new(),
    };
    let headers: Vec<(&str, &str)> = match facts.get("headers") {
        Some(Value::Map(headers)) => {
            headers.iter().filter_map(|(name, value)| Some((name.as_str(), worded(value)?))).collect()
        }
        _ => Vec::new(),
    };
    let phase = text(&facts, "phase").map(|word| named("facts.phase", word, Phase::NAMES, Phase::from_name(word)));
    Ok(judge(&Facts {
        status: number(&facts, "status").map(|status| status as u16),
        headers: &headers,
        body: text(&facts, "body"),
        code: text(&facts, "code"),
        error_type: text(&facts, "errorType"),
        message: text(&facts, "message"),
        classes: &classes,
        phase: phase.transpose()?,
        provider: text(&facts, "provider"),
        wall_ms: number(&facts, "wallMs").map(|wall| wall as u64),
    }))
}

fn worded(value: &Value) -> Option<&str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

/// The headers that hosts hand over.
#[wasm_bindgen(js_name = headerNames)]
pub fn header_names() -> Vec<String> {
    HEADERS.iter().map(|name| (*name).to_string()).collect()
}

/// Whether a client's error of this kind, after so many milliseconds in which nothing came, is a limit of the engine's own.
#[wasm_bindgen(js_name = isLimitOfOurs)]
pub fn is_limit_of_ours(kind: &str, ends_reading: bool, waited: f64, limit: f64) -> bool {
    let span = |ms: f64| std::time::Duration::from_millis(ms as u64);
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
