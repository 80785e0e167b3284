//! How many of each there are, for tests that look for leaks.

use std::sync::atomic::{AtomicU32, Ordering};

use wasm_bindgen::prelude::wasm_bindgen;

use crate::out::say;

/// What is counted, in the order of `statistics`.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Policy,
    Session,
    Turn,
    Call,
    Circuit,
    Counter,
}

static COUNTS: [AtomicU32; 6] = [const { AtomicU32::new(0) }; 6];

/// Counts what holds it until that is dropped.
pub(crate) struct Alive(Kind);

impl Alive {
    pub(crate) fn new(kind: Kind) -> Self {
        if let Some(count) = COUNTS.get(kind as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Self(kind)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        if let Some(count) = COUNTS.get(self.0 as usize) {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Writes how many policies, sessions, turns, calls, circuits and counters are alive to `out`.
#[wasm_bindgen(js_name = statistics)]
pub fn statistics() {
    say(0, &COUNTS.each_ref().map(|count| f64::from(count.load(Ordering::Relaxed))));
}
