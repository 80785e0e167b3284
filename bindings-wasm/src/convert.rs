//! Words, moments and failures, from JavaScript to the core.

use std::time::Duration;

use failsoft::command::{Event, Id};
use failsoft::policy::failure::{Effect, FailureKind, Phase};
use failsoft::policy::limits::Usage;
use failsoft::value::Value;
use failsoft::{Failure, Instant, Invalid};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::forms::FailureForm;
use crate::inward::value;
use crate::outward::object;

/// What the core found wrong: thrown as text, which `js/engine/native.js` makes an error of.
pub(crate) fn invalid(wrong: Invalid) -> JsValue {
    JsValue::from_str(&wrong.to_string())
}

/// A word that must be one of these.
pub(crate) fn named<T>(field: &str, word: &str, names: &[&str], found: Option<T>) -> Result<T, JsValue> {
    found.ok_or_else(|| invalid(Invalid::new(field, Value::Text(word.into()), format!("one of {}", names.join(", ")))))
}

/// A moment on the host's clock. Saturates: a negative or absurd clock stands still and breaks nothing.
pub(crate) fn instant(millis: f64) -> Instant {
    // Half a millisecond undoes binary fractions.
    Instant::from_millis((millis + 0.5) as u64)
}

/// Milliseconds as a span; NaN is none.
pub(crate) fn maybe_span(millis: f64) -> Option<Duration> {
    (!millis.is_nan()).then(|| Duration::from_millis(millis as u64))
}

/// The text in a field of a map.
pub(crate) fn text<'a>(map: &'a Value, field: &str) -> Option<&'a str> {
    if let Some(Value::Text(text)) = map.get(field) { Some(text) } else { None }
}

/// The number in a field of a map.
pub(crate) fn number(map: &Value, field: &str) -> Option<f64> {
    if let Some(Value::Number(number)) = map.get(field) { Some(*number) } else { None }
}

/// The fields of a failure, refused in one line where one of them is none.
fn read_failure(fields: &JsValue) -> Result<Failure, JsValue> {
    let fields = value(fields);
    let kind = text(&fields, "kind").unwrap_or_default();
    let mut made = Failure::new(named("failure.kind", kind, FailureKind::NAMES, FailureKind::from_name(kind))?);
    made.status = number(&fields, "status").map(|status| status as u16);
    for (name, slot) in [("retryAfter", &mut made.retry_after), ("resetAfter", &mut made.reset_after)] {
        let Some(millis) = number(&fields, name) else { continue };
        if millis < 0.0 {
            let field = format!("failure.{name}");
            return Err(invalid(Invalid::new(field, Value::Number(millis), "a span that is not negative")));
        }
        *slot = maybe_span(millis);
    }
    if let Some(phase) = text(&fields, "phase") {
        made.phase = Some(named("failure.phase", phase, Phase::NAMES, Phase::from_name(phase))?);
    }
    if let Some(Value::Bool(hint)) = fields.get("shouldRetry") {
        made.should_retry = Some(*hint);
    }
    if let Some(effect) = text(&fields, "effect") {
        made.effect = named("failure.effect", effect, Effect::NAMES, Effect::from_name(effect))?;
    }
    Ok(made)
}

/// A failure that was checked when it was made; what is none all the same is an unknown one.
pub(crate) fn failure(fields: &JsValue) -> Failure {
    read_failure(fields).unwrap_or_else(|_| Failure::new(FailureKind::Unknown))
}

/// Checks what a failure is made of, and says all of it.
#[wasm_bindgen(js_name = failureNew)]
pub fn failure_new(fields: &JsValue) -> Result<JsValue, JsValue> {
    read_failure(fields).map(|made| object(&FailureForm::of(made)))
}

/// What the host's own word on a failure makes of it.
#[wasm_bindgen(js_name = failureJudged)]
pub fn failure_judged(fields: &JsValue, wanted: bool) -> JsValue {
    object(&FailureForm::of(failure(fields).judged(wanted)))
}

/// What an attempt has used; a count that is no number is unknown, and `undefined` is nothing said at all.
pub(crate) fn usage(fields: &JsValue) -> Option<Usage> {
    let fields = (!fields.is_undefined()).then(|| value(fields))?;
    let count = |name| number(&fields, name).and_then(|tokens| (tokens >= 0.0).then_some(tokens as u64));
    Some(Usage { input_tokens: count("inputTokens"), output_tokens: count("outputTokens") })
}

/// An event that is no more than an id, by its place in the list of `names.json`.
pub(crate) fn event(number: u32, id: Id) -> Option<Event<'static>> {
    Some(match number {
        0 => Event::Taken(id),
        1 => Event::Succeeded(id),
        5 => Event::Waited(id),
        6 => Event::Ready(id),
        7 => Event::NotReady(id),
        9 => Event::Abandoned(id),
        10 => Event::Interrupted,
        _ => return None,
    })
}
