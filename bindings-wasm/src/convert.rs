//! Words, moments and failures, from JavaScript to the core.

use alloc::format;
use alloc::string::{String, ToString as _};
use core::time::Duration;

use failsoft::policy::failure::{Effect, FailureKind, Phase};
use failsoft::value::Value;
use failsoft::{Failure, Instant};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// What the core found wrong: thrown as text, which `js/machine.js` makes an error of.
pub(crate) fn invalid(wrong: failsoft::Invalid) -> JsValue {
    JsValue::from_str(&wrong.to_string())
}

/// A word that must be one of these.
pub(crate) fn named<T>(field: &str, word: &str, names: &[&str], found: Option<T>) -> Result<T, JsValue> {
    found.ok_or_else(|| unknown(field, word, names))
}

fn unknown(field: &str, word: &str, names: &[&str]) -> JsValue {
    invalid(failsoft::Invalid::new(field, Value::Text(word.into()), format!("one of {}", names.join(", "))))
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

/// A failure from the seven numbers of `out::failure`; whoever made them has had the words checked.
pub(crate) fn failure(numbers: [f64; 7]) -> Failure {
    let [kind, status, retry_after, reset_after, phase, should_retry, effect] = numbers;
    // A word that is none of ours has the number -1.
    let kind = (kind >= 0.0).then(|| FailureKind::ALL.get(kind as usize).copied()).flatten();
    let mut failure = Failure::new(kind.unwrap_or(FailureKind::Unknown));
    failure.status = (status >= 0.0).then_some(status as u16);
    failure.retry_after = maybe_span(retry_after);
    failure.reset_after = maybe_span(reset_after);
    failure.phase = (phase >= 0.0).then(|| Phase::ALL.get(phase as usize).copied()).flatten();
    failure.should_retry = (should_retry >= 0.0).then_some(should_retry > 0.0);
    let effect = (effect >= 0.0).then(|| Effect::ALL.get(effect as usize).copied()).flatten();
    failure.effect = effect.unwrap_or(Effect::Possible);
    failure
}

/// Checks what a failure is made of, and writes it out.
#[wasm_bindgen(js_name = failureNew)]
pub fn failure_new(
    kind: &str,
    status: f64,
    retry_after: f64,
    reset_after: f64,
    phase: Option<String>,
    should_retry: f64,
    effect: Option<String>,
) -> Result<(), JsValue> {
    let mut made = Failure::new(named("failure.kind", kind, FailureKind::NAMES, FailureKind::from_name(kind))?);
    made.status = (status >= 0.0).then_some(status as u16);
    for (name, millis, slot) in
        [("retryAfter", retry_after, &mut made.retry_after), ("resetAfter", reset_after, &mut made.reset_after)]
    {
        if millis < 0.0 {
            let field = format!("failure.{name}");
            return Err(invalid(failsoft::Invalid::new(field, Value::Number(millis), "a span that is not negative")));
        }
        *slot = maybe_span(millis);
    }
    if let Some(phase) = phase {
        made.phase = Some(named("failure.phase", &phase, Phase::NAMES, Phase::from_name(&phase))?);
    }
    made.should_retry = (should_retry >= 0.0).then_some(should_retry > 0.0);
    if let Some(effect) = effect {
        made.effect = named("failure.effect", &effect, Effect::NAMES, Effect::from_name(&effect))?;
    }
    crate::out::say(0, &crate::out::failure(Some(made)));
    Ok(())
}

/// What the host's own word on a failure makes of it.
#[wasm_bindgen(js_name = failureJudged)]
#[expect(clippy::too_many_arguments, reason = "a failure crosses as numbers")]
pub fn failure_judged(
    kind: f64,
    status: f64,
    after: f64,
    reset: f64,
    phase: f64,
    hint: f64,
    effect: f64,
    wanted: bool,
) {
    let judged = failure([kind, status, after, reset, phase, hint, effect]).judged(wanted);
    crate::out::say(0, &crate::out::failure(Some(judged)));
}
