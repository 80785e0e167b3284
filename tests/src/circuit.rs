//! Runs the vectors that speak to one breaker alone (`"breaker"` instead of `"routes"`).

use std::collections::HashMap;
use std::time::Duration;

use failsoft::policy::breaker::{BreakerState, Circuit, Outcome};
use failsoft::value::Spelling;
use failsoft::{Instant, Policy};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::named::maybe;

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
    steps: Vec<CircuitStep>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CircuitStep {
    at: Option<u64>,
    advance_ms: Option<u64>,
    /// `S`, `F`, `N`: a call that is admitted and settled at once. `start:X`, `end:X:S`: one that takes its time. `read`: none.
    event: String,
    /// How long the permit of this call is good for; left out: for ever.
    lease_ms: Option<u64>,
    /// The call must be refused.
    #[serde(default)]
    rejected: bool,
    /// The breaker's state afterwards.
    #[serde(default, deserialize_with = "maybe")]
    state: Option<BreakerState>,
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
    let vector: CircuitVector = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let value = failsoft::value::Value::from(&json!({ "breaker": vector.breaker }));
    let policy = Policy::from_value(&value, Spelling::Json).map_err(|wrong| wrong.to_string())?;
    let mut circuit = Circuit::default();
    let mut open: HashMap<String, u32> = HashMap::new();
    let mut now = 0;
    for (index, step) in vector.steps.iter().enumerate() {
        now = step.at.unwrap_or(now + step.advance_ms.unwrap_or(0));
        let at = Instant::from_millis(now);
        let _ = &step.note;
        run_step(&policy, &mut circuit, &mut open, at, step).map_err(|wrong| format!("step {index}: {wrong}"))?;
        if let Some(state) = step.state
            && circuit.state(at) != state
        {
            return Err(format!("step {index}: expected {state}, got {}", circuit.state(at)));
        }
    }
    Ok(())
}

fn run_step(
    policy: &Policy,
    circuit: &mut Circuit,
    open: &mut HashMap<String, u32>,
    at: Instant,
    step: &CircuitStep,
) -> Result<(), String> {
    let config = &policy.breaker;
    let lease = step.lease_ms.map_or(Instant::NEVER, |lease| at + Duration::from_millis(lease));
    let mut admit = || match (circuit.admit(config, at, lease), step.rejected) {
        (Ok(permit), false) => Ok(Some(permit)),
        (Err(_), true) => Ok(None),
        (Ok(_), true) => Err("admitted, expected a refusal".to_string()),
        (Err(until), false) => Err(format!("refused until {}, expected to be admitted", until.as_millis())),
    };
    let outcome = |word: &str| match word {
        "S" => Ok(Outcome::Passed),
        "F" => Ok(Outcome::Failed),
        "N" => Ok(Outcome::Neutral),
        _ => Err(format!("{} is no event", step.event)),
    };
    let parts: Vec<&str> = step.event.split(':').collect();
    match parts.as_slice() {
        ["read"] => Ok(()),
        ["start", name] => {
            if let Some(permit) = admit()? {
                open.insert((*name).to_string(), permit);
            }
            Ok(())
        }
        ["end", name, word] => {
            let permit = open.remove(*name).ok_or_else(|| format!("{name} was not started"))?;
            circuit.settle(config, at, permit, outcome(word)?);
            Ok(())
        }
        [word] => {
            let outcome = outcome(word)?;
            if let Some(permit) = admit()? {
                circuit.settle(config, at, permit, outcome);
            }
            Ok(())
        }
        _ => Err(format!("{} is no event", step.event)),
    }
}
