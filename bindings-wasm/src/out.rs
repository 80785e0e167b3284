//! What a verb says, as numbers that JavaScript reads from linear memory: nothing is allocated, nothing crosses but one integer.

use alloc::string::String;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use atomic_refcell::AtomicRefCell;
use failsoft::{Failure, Instant};
use wasm_bindgen::prelude::wasm_bindgen;

/// As many as the longest message needs: an attempt.
const LENGTH: usize = 20;

static OUT: [AtomicU64; LENGTH] = [const { AtomicU64::new(0) }; LENGTH];
/// The text that goes with what was said last.
static TEXT: AtomicRefCell<String> = AtomicRefCell::new(String::new());

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

/// The text that goes with what was said last.
#[wasm_bindgen(js_name = said)]
pub fn said() -> String {
    core::mem::take(&mut *TEXT.borrow_mut())
}

pub(crate) fn say_text(said: String) {
    *TEXT.borrow_mut() = said;
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

/// Milliseconds; one that is absent is NaN.
pub(crate) fn span(span: Option<Duration>) -> f64 {
    span.map_or(f64::NAN, millis)
}

/// A span that may be "no limit".
pub(crate) fn limit(span: Duration) -> f64 {
    if span.as_secs() > 1 << 40 { f64::INFINITY } else { millis(span) }
}

fn millis(span: Duration) -> f64 {
    // Not `as_millis`: it counts in 128 bits, which costs a call here.
    span.as_secs() as f64 * 1000.0 + f64::from(span.subsec_millis())
}

/// A moment; one that never comes is NaN.
pub(crate) fn at(instant: Instant) -> f64 {
    instant.known().map_or(f64::NAN, |at| at.as_millis() as f64)
}

/// A failure as seven numbers; the first is -1 where there is none.
pub(crate) fn failure(failure: Option<Failure>) -> [f64; 7] {
    let Some(failure) = failure else { return [-1.0, -1.0, f64::NAN, f64::NAN, -1.0, -1.0, 0.0] };
    [
        f64::from(failure.kind as u32),
        failure.status.map_or(-1.0, f64::from),
        span(failure.retry_after),
        span(failure.reset_after),
        failure.phase.map_or(-1.0, |phase| f64::from(phase as u32)),
        failure.should_retry.map_or(-1.0, |hint| f64::from(u8::from(hint))),
        f64::from(failure.effect as u32),
    ]
}
