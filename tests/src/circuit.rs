//! Runs the vectors that speak to breakers alone (`"breaker"` instead of `"routes"`).

use std::collections::HashMap;
use std::time::Duration;

use failsoft::breakers::{Breakers, KeyPermit, MOST_KEYS, Origin};
use failsoft::policy::breaker::{BreakerState, Order, Outcome};
use failsoft::value::Spelling;
use failsoft::{Instant, Policy};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::named::maybe;
use crate::said::{self, fits};

/// One behaviour of a breaker.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitVector {
    /// What it shows, as a sentence.
    pub name: String,
    /// Why it is as it is.
    pub note: Option<String>,
    /// Whose fact it restates.
    pub source: Option<String>,
    /// The policy's `breaker` part.
    breaker: Value,
    /// How many keys are kept.
    #[serde(default = "most")]
    max_keys: u32,
    steps: Vec<CircuitStep>,
}

const fn most() -> u32 {
    MOST_KEYS
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CircuitStep {
    at: Option<u64>,
    advance_ms: Option<u64>,
    /// Whose breaker; left out: the one without a key.
    key: Option<String>,
    /// `S`, `F`, `N`: a call that is admitted and settled at once. `start:X`, `end:X:S`: one that takes its time.
    /// `isolate:X`, `release:X`, `order:WORD`, `reset`. `read`: none.
    event: String,
    /// So many times.
    times: Option<u32>,
    /// How long the permit of this call is good for; left out: for ever.
    lease_ms: Option<u64>,
    /// The call must be refused.
    #[serde(default)]
    rejected: bool,
    /// The breaker's state afterwards.
    #[serde(default, deserialize_with = "maybe")]
    state: Option<BreakerState>,
    /// What it goes by afterwards, as far as given.
    metrics: Option<Value>,
    note: Option<String>,
}

/// Whether a file is of this form.
#[must_use]
pub fn is_circuit(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.get("breaker").is_some())
}

/// Runs one file.
///
/// # Errors
/// What the file or its first wrong step gets wrong.
pub fn run_circuit(text: &str) -> Result<(), String> {
    watch_circuit(text, &mut |_, _, _| {})
}

/// Runs one file and tells each change of a state: before, after, and the word for what happened.
///
/// # Errors
/// As [`run_circuit`].
pub fn watch_circuit(text: &str, changed: &mut dyn FnMut(BreakerState, BreakerState, &str)) -> Result<(), String> {
    let vector: CircuitVector = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let value = crate::plain(&json!({ "breaker": vector.breaker }));
    let policy = Policy::from_value(&value, Spelling::Json).map_err(|wrong| wrong.to_string())?;
    let breakers = Breakers::new(policy.breaker, vector.max_keys).map_err(|wrong| wrong.to_string())?;
    let mut bench = Bench { breakers, open: HashMap::new(), held: HashMap::new() };
    let mut now = 0;
    for (index, step) in vector.steps.iter().enumerate() {
        let state = |bench: &Bench, now| bench.breakers.metrics(step.key.as_deref(), Instant::from_millis(now)).state;
        let was = state(&bench, now);
        now = step.at.unwrap_or(now + step.advance_ms.unwrap_or(0));
        let before = state(&bench, now);
        changed(was, before, "time");
        let _ = &step.note;
        let ran = (0..step.times.unwrap_or(1)).try_for_each(|_| bench.step(Instant::from_millis(now), step));
        changed(before, state(&bench, now), told(&step.event));
        ran.and_then(|()| bench.look(Instant::from_millis(now), step))
            .map_err(|wrong| format!("step {index} (at {now}): {wrong}"))?;
    }
    Ok(())
}

/// What happens in a step, in a word.
fn told(event: &str) -> &str {
    match event.split(':').collect::<Vec<_>>().as_slice() {
        [.., "S"] => "success",
        [.., "F"] => "failure",
        ["order", word] => word,
        [word, ..] => word,
        [] => "",
    }
}

struct Bench {
    breakers: Breakers,
    open: HashMap<String, KeyPermit>,
    held: HashMap<String, Origin>,
}

impl Bench {
    fn look(&self, at: Instant, step: &CircuitStep) -> Result<(), String> {
        let metrics = self.breakers.metrics(step.key.as_deref(), at);
        if let Some(state) = step.state
            && metrics.state != state
        {
            return Err(format!("expected {state}, got {}", metrics.state));
        }
        step.metrics.as_ref().map_or(Ok(()), |wanted| fits(wanted, &said::metrics(&metrics)))
    }

    fn step(&mut self, at: Instant, step: &CircuitStep) -> Result<(), String> {
        let key = step.key.as_deref();
        let no_event = || format!("{} is no event", step.event);
        let outcome = |word: &str| match word {
            "S" => Ok(Outcome::Passed),
            "F" => Ok(Outcome::Failed),
            "N" => Ok(Outcome::Neutral),
            _ => Err(no_event()),
        };
        let parts: Vec<&str> = step.event.split(':').collect();
        match parts.as_slice() {
            ["read"] => {}
            ["reset"] => self.breakers.reset(key),
            ["order", word] => self.breakers.order(key, Order::from_name(word).ok_or_else(no_event)?),
            ["isolate", name] => {
                self.held.insert((*name).to_string(), self.breakers.isolate(key));
            }
            ["release", name] => {
                let held = self.held.remove(*name).ok_or_else(|| format!("{name} holds nothing"))?;
                self.breakers.release(held);
            }
            ["start", name] => {
                if let Some(permit) = self.admit(at, step)? {
                    self.open.insert((*name).to_string(), permit);
                }
            }
            ["end", name, word] => {
                let permit = self.open.remove(*name).ok_or_else(|| format!("{name} was not started"))?;
                self.breakers.settle(at, permit, outcome(word)?);
            }
            [word] => {
                let outcome = outcome(word)?;
                if let Some(permit) = self.admit(at, step)? {
                    self.breakers.settle(at, permit, outcome);
                }
            }
            _ => return Err(no_event()),
        }
        Ok(())
    }

    fn admit(&mut self, at: Instant, step: &CircuitStep) -> Result<Option<KeyPermit>, String> {
        let lease = step.lease_ms.map_or(Instant::NEVER, |lease| at + Duration::from_millis(lease));
        match (self.breakers.admit(step.key.as_deref(), at, lease), step.rejected) {
            (Ok(permit), false) => Ok(Some(permit)),
            (Err(_), true) => Ok(None),
            (Ok(_), true) => Err("admitted, expected a refusal".to_string()),
            (Err(until), false) => Err(format!("refused until {}, expected to be admitted", until.as_millis())),
        }
    }
}
