//! The numbers of the way that every call takes, which JavaScript reads from linear memory: nothing is allocated, nothing crosses
//! but one integer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use failsoft::command::KeySource;
use failsoft::{Attempt, Instant, Work};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// As many as the longest message needs: an attempt.
const LENGTH: usize = 16;

static OUT: [AtomicU64; LENGTH] = [const { AtomicU64::new(0) }; LENGTH];

/// Where the numbers stand.
#[wasm_bindgen(js_name = outAddress)]
pub fn address() -> *const f64 {
    OUT.as_ptr().cast()
}

/// How many there are.
#[wasm_bindgen(js_name = outLength)]
pub fn length() -> usize {
    LENGTH
}

/// Writes numbers from this place on.
pub(crate) fn say(from: usize, numbers: &[f64]) {
    let mut slots = OUT.get(from..).unwrap_or_default().iter();
    for number in numbers {
        if let Some(slot) = slots.next() {
            slot.store(number.to_bits(), Ordering::Relaxed);
        }
    }
}

/// Writes an attempt; what is absent is NaN.
pub(crate) fn say_attempt(attempt: &Attempt) {
    let (work, detail, with_tools) = match attempt.work {
        Work::Model { step, with_tools } => (0.0, f64::from(step), with_tools),
        Work::Tool { index } => (1.0, f64::from(index), false),
        Work::Function => (2.0, 0.0, false),
    };
    let [one, other, rest] = attempt.key.to_words();
    let halves = |part: u64| [f64::from((part >> 32) as u32), f64::from(part as u32)];
    let ([first, second], [third, fourth]) = (halves(one), halves(other));
    let numbers = [
        f64::from(attempt.id),
        attempt.route.map_or(-1.0, |route| f64::from(route.0)),
        f64::from(attempt.client),
        work,
        detail,
        f64::from(u8::from(with_tools)),
        f64::from(attempt.number),
        limit(attempt.timeout),
        known(attempt.until).unwrap_or(f64::NAN),
        attempt.first_progress.map_or(f64::NAN, millis),
        attempt.idle.map_or(f64::NAN, millis),
        first,
        second,
        third,
        fourth,
        // Forty bits, which a number holds exactly.
        rest as f64,
    ];
    say(0, &numbers);
}

/// An idempotency key as text, from the five numbers that an attempt carries.
#[wasm_bindgen(js_name = keyText)]
pub fn key_text(first: u32, second: u32, third: u32, fourth: u32, rest: f64) -> Result<String, JsValue> {
    let whole = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    let source = KeySource::from_words([whole(first, second), whole(third, fourth), rest as u64]);
    source.key().map(|key| key.to_string()).map_err(|none| JsValue::from_str(&none.to_string()))
}

/// A span that may be "no limit".
pub(crate) fn limit(span: Duration) -> f64 {
    if span.as_secs() > 1 << 40 { f64::INFINITY } else { millis(span) }
}

/// Milliseconds.
pub(crate) fn millis(span: Duration) -> f64 {
    // Not `as_millis`: it counts in 128 bits, which costs a call here.
    span.as_secs() as f64 * 1000.0 + f64::from(span.subsec_millis())
}

/// A moment, unless it never comes.
pub(crate) fn known(instant: Instant) -> Option<f64> {
    instant.known().map(|at| at.as_millis() as f64)
}
