//! A breaker and a step counter for those who want nothing else.

use alloc::string::{String, ToString as _};

use failsoft::Instant;
use failsoft::policy::breaker::{Circuit, Outcome};
use failsoft::policy::limits::next_step;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::convert::{instant, maybe_span};
use crate::out::{say, span};
use crate::tables::{Counter, Handle, with};

/// One breaker, by the numbers of a policy's `breaker` part.
#[wasm_bindgen(js_name = circuitNew)]
pub fn new(policy: Handle) -> Handle {
    with(|tables| {
        let policy = tables.policy(policy);
        tables.circuits.insert((policy, Circuit::default()))
    })
}

/// A permit; or -1, and in `out` the milliseconds until asking may be admitted. It lapses after `lease`, if that is a number.
#[wasm_bindgen(js_name = circuitAdmit)]
pub fn admit(circuit: Handle, now: f64, lease: f64) -> f64 {
    let now = instant(now);
    let until = maybe_span(lease).map_or(Instant::NEVER, |lease| now + lease);
    with(|tables| {
        let Some((policy, core)) = tables.circuits.get_mut(circuit) else { return -1.0 };
        match core.admit(&policy.breaker, now, until) {
            Ok(permit) => f64::from(permit),
            Err(until) => {
                say(0, &[span(until.known().map(|until| until - now))]);
                -1.0
            }
        }
    })
}

/// 1 counts a success, 0 a failure, -1 gives the permit back.
#[wasm_bindgen(js_name = circuitSettle)]
pub fn settle(circuit: Handle, now: f64, permit: u32, passed: i32) {
    let outcome = match passed {
        1 => Outcome::Passed,
        0 => Outcome::Failed,
        _ => Outcome::Neutral,
    };
    with(|tables| {
        if let Some((policy, core)) = tables.circuits.get_mut(circuit) {
            core.settle(&policy.breaker, instant(now), permit, outcome);
        }
    });
}

/// What it would do with a call now.
#[wasm_bindgen(js_name = circuitState)]
pub fn state(circuit: Handle, now: f64) -> String {
    with(|tables| {
        let state = tables.circuits.get(circuit).map(|(_, core)| core.state(instant(now)).name());
        state.unwrap_or_default().to_string()
    })
}

/// Counts steps up to a policy's `turn.steps`.
#[wasm_bindgen(js_name = counterNew)]
pub fn counter_new(policy: Handle) -> Handle {
    with(|tables| {
        let most = tables.policy(policy).turn.steps;
        tables.counters.insert(Counter { most, taken: 0 })
    })
}

/// The number of the step that is taken; 0 when there is none left.
#[wasm_bindgen(js_name = counterTick)]
pub fn tick(counter: Handle) -> u32 {
    with(|tables| {
        let Some(counter) = tables.counters.get_mut(counter) else { return 0 };
        let Some(next) = next_step(counter.taken, counter.most) else { return 0 };
        counter.taken = next;
        next
    })
}

/// Steps taken so far.
#[wasm_bindgen(js_name = counterTaken)]
pub fn taken(counter: Handle) -> u32 {
    with(|tables| tables.counters.get(counter).map_or(0, |counter| counter.taken))
}
