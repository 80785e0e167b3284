//! Breakers and a step counter for those who want nothing else.

use failsoft::Instant;
use failsoft::breakers::{Breakers, KeyPermit, Origin};
use failsoft::policy::breaker::{Order, Outcome, Permit};
use failsoft::policy::limits::next_step;
use failsoft::value::Spelling;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::alive::{Alive, Kind};
use crate::convert::{instant, invalid, maybe_span, named};
use crate::forms::MetricsForm;
use crate::inward::value;
use crate::out::{millis, say};
use crate::outward::object;
use crate::policy::Policy;

/// One breaker by the numbers of a policy's `breaker` part, and one for each key.
#[wasm_bindgen(js_name = EngineCircuit)]
pub struct Circuit {
    core: Breakers,
    _alive: Alive,
}

#[wasm_bindgen(js_class = EngineCircuit)]
impl Circuit {
    /// With at most so many keys.
    #[wasm_bindgen(js_name = begin)]
    pub fn begin(policy: &Policy, max_keys: &JsValue) -> Result<Self, JsValue> {
        let config = policy.core().breaker;
        let made = Breakers::from_value(config, &value(max_keys), Spelling::JavaScript).map_err(invalid)?;
        Ok(Self { core: made, _alive: Alive::new(Kind::Circuit) })
    }

    /// Whether a permit was given. In `out` its four numbers; or the milliseconds until asking may be admitted, NaN where a person
    /// has to say so. It lapses after `lease`, if that is a number.
    #[wasm_bindgen(js_name = admit)]
    pub fn admit(&mut self, now: f64, lease: f64, key: Option<String>) -> bool {
        let now = instant(now);
        let until = maybe_span(lease).map_or(Instant::NEVER, |lease| now + lease);
        match self.core.admit(key.as_deref(), now, until) {
            Ok(KeyPermit { origin, permit }) => {
                let [slot, life] = numbers(origin);
                say(0, &[slot, life, f64::from(permit.generation), permit.since.as_millis() as f64]);
                true
            }
            Err(until) => {
                say(0, &[until.known().map_or(f64::NAN, |until| millis(until - now))]);
                false
            }
        }
    }

    /// 1 counts a success, 0 a failure, -1 gives the permit back.
    #[wasm_bindgen(js_name = settle)]
    pub fn settle(&mut self, now: f64, slot: f64, life: u32, generation: u32, since: f64, passed: i32) {
        let outcome = match passed {
            1 => Outcome::Passed,
            0 => Outcome::Failed,
            _ => Outcome::Neutral,
        };
        let permit = KeyPermit { origin: origin(slot, life), permit: Permit { generation, since: instant(since) } };
        self.core.settle(instant(now), permit, outcome);
    }

    /// What it is doing now, and what it goes by.
    #[wasm_bindgen(js_name = metrics)]
    pub fn metrics(&self, now: f64, key: Option<String>) -> JsValue {
        object(&MetricsForm::of(&self.core.metrics(key.as_deref(), instant(now)), instant(now)))
    }

    /// Orders it to do something, until it is ordered otherwise.
    #[wasm_bindgen(js_name = order)]
    pub fn order(&mut self, word: &str, key: Option<String>) -> Result<(), JsValue> {
        self.core.order(key.as_deref(), order_of(word)?);
        Ok(())
    }

    /// Takes it out of use. In `out` what `release` is given.
    #[wasm_bindgen(js_name = isolate)]
    pub fn isolate(&mut self, key: Option<String>) {
        say(0, &numbers(self.core.isolate(key.as_deref())));
    }

    /// Lets go of it.
    #[wasm_bindgen(js_name = release)]
    pub fn release(&mut self, slot: f64, life: u32) {
        self.core.release(origin(slot, life));
    }

    /// Forgets what it has learnt.
    #[wasm_bindgen(js_name = reset)]
    pub fn reset(&mut self, key: Option<String>) {
        self.core.reset(key.as_deref());
    }

    /// The host's clock is another one from here on.
    #[wasm_bindgen(js_name = onAnotherClock)]
    pub fn on_another_clock(&mut self) {
        self.core.on_another_clock();
    }
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

/// Counts steps up to a policy's `turn.steps`.
#[wasm_bindgen(js_name = EngineCounter)]
pub struct Counter {
    most: u32,
    taken: u32,
    _alive: Alive,
}

#[wasm_bindgen(js_class = EngineCounter)]
impl Counter {
    /// With all its steps.
    #[wasm_bindgen(js_name = begin)]
    pub fn begin(policy: &Policy) -> Self {
        Self { most: policy.core().turn.steps, taken: 0, _alive: Alive::new(Kind::Counter) }
    }

    /// The number of the step that is taken; undefined when there is none left.
    #[wasm_bindgen(js_name = tick)]
    pub fn tick(&mut self) -> Option<u32> {
        self.taken = next_step(self.taken, self.most)?;
        Some(self.taken)
    }

    /// Steps taken so far.
    #[wasm_bindgen(js_name = taken)]
    pub fn taken(&self) -> u32 {
        self.taken
    }
}
