//! Breakers and a step counter for those who want nothing else.

use alloc::string::{String, ToString as _};

use failsoft::Instant;
use failsoft::breakers::{Breakers, KeyPermit, Origin};
use failsoft::policy::Thousandths;
use failsoft::policy::breaker::{Metrics, Order, Outcome, Permit};
use failsoft::policy::limits::next_step;
use failsoft::value::Spelling;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::convert::{instant, invalid, maybe_span, named};
use crate::out::{say, span};
use crate::plain::value;
use crate::tables::{Counter, Handle, with};

/// One breaker by the numbers of a policy's `breaker` part, and one for each key.
#[wasm_bindgen(js_name = circuitNew)]
pub fn new(policy: Handle, max_keys: &JsValue) -> Result<Handle, JsValue> {
    let max_keys = value(max_keys);
    with(|tables| {
        let config = tables.policy(policy).breaker;
        let made = Breakers::from_value(config, &max_keys, Spelling::JavaScript).map_err(invalid)?;
        Ok(tables.circuits.insert(made))
    })
}

fn of<R: Default>(circuit: Handle, ask: impl FnOnce(&mut Breakers) -> R) -> R {
    with(|tables| tables.circuits.get_mut(circuit).map(ask)).unwrap_or_default()
}

/// Whether a permit was given. In `out` its four numbers; or the milliseconds until asking may be admitted, NaN where a person has
/// to say so. It lapses after `lease`, if that is a number.
#[wasm_bindgen(js_name = circuitAdmit)]
pub fn admit(circuit: Handle, now: f64, lease: f64, key: Option<String>) -> bool {
    let now = instant(now);
    let until = maybe_span(lease).map_or(Instant::NEVER, |lease| now + lease);
    of(circuit, |core| match core.admit(key.as_deref(), now, until) {
        Ok(KeyPermit { origin, permit }) => {
            let [slot, life] = numbers(origin);
            say(0, &[slot, life, f64::from(permit.generation), permit.since.as_millis() as f64]);
            true
        }
        Err(until) => {
            say(0, &[span(until.known().map(|until| until - now))]);
            false
        }
    })
}

/// 1 counts a success, 0 a failure, -1 gives the permit back.
#[wasm_bindgen(js_name = circuitSettle)]
pub fn settle(circuit: Handle, now: f64, slot: f64, life: u32, generation: u32, since: f64, passed: i32) {
    let outcome = match passed {
        1 => Outcome::Passed,
        0 => Outcome::Failed,
        _ => Outcome::Neutral,
    };
    let permit = KeyPermit { origin: origin(slot, life), permit: Permit { generation, since: instant(since) } };
    of(circuit, |core| core.settle(instant(now), permit, outcome));
}

/// What it is doing now; in `out` what it goes by.
#[wasm_bindgen(js_name = circuitMetrics)]
pub fn metrics(circuit: Handle, now: f64, key: Option<String>) -> String {
    of(circuit, |core| tell(&core.metrics(key.as_deref(), instant(now)), instant(now)))
}

/// Orders it to do something, until it is ordered otherwise.
#[wasm_bindgen(js_name = circuitOrder)]
pub fn order(circuit: Handle, word: &str, key: Option<String>) -> Result<(), JsValue> {
    let order = order_of(word)?;
    of(circuit, |core| core.order(key.as_deref(), order));
    Ok(())
}

/// Takes it out of use. In `out` what `circuitRelease` is given.
#[wasm_bindgen(js_name = circuitIsolate)]
pub fn isolate(circuit: Handle, key: Option<String>) {
    of(circuit, |core| say(0, &numbers(core.isolate(key.as_deref()))));
}

/// Lets go of it.
#[wasm_bindgen(js_name = circuitRelease)]
pub fn release(circuit: Handle, slot: f64, life: u32) {
    of(circuit, |core| core.release(origin(slot, life)));
}

/// Forgets what it has learnt.
#[wasm_bindgen(js_name = circuitReset)]
pub fn reset(circuit: Handle, key: Option<String>) {
    of(circuit, |core| core.reset(key.as_deref()));
}

/// The host's clock is another one from here on.
#[wasm_bindgen(js_name = circuitOnAnotherClock)]
pub fn on_another_clock(circuit: Handle) {
    of(circuit, Breakers::on_another_clock);
}

/// The one without a key has no slot: -1.
fn numbers(origin: Origin) -> [f64; 2] {
    [origin.slot.map_or(-1.0, f64::from), f64::from(origin.life)]
}

fn origin(slot: f64, life: u32) -> Origin {
    Origin { slot: (slot >= 0.0).then_some(slot as u32), life }
}

pub(crate) fn order_of(word: &str) -> Result<Order, JsValue> {
    named("order", word, Order::NAMES, Order::from_name(word))
}

/// Six numbers, and the word for the state. A rate or a span that is absent is NaN.
pub(crate) fn tell(metrics: &Metrics, now: Instant) -> String {
    let rate = |rate: Option<Thousandths>| rate.map_or(f64::NAN, |rate| f64::from(rate.0) / 1000.0);
    let Metrics { state, calls, failed, slow, failure_rate, slow_rate, retry_at } = *metrics;
    let counts = [calls, failed, slow].map(f64::from);
    say(0, &counts);
    say(counts.len(), &[rate(failure_rate), rate(slow_rate), span(retry_at.map(|at| at - now))]);
    state.name().to_string()
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
