//! A script: for each model the behaviours its requests meet, one after the other.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::behaviour::Behaviour;
use crate::shorthand;

/// The name under which a script covers every model that has none of its own.
pub(crate) const ANY_MODEL: &str = "*";

/// What each model does, read and checked: `{"models": {"primary": ["503x2", {"do": "answer", "text": "hi"}]}}`.
///
/// ```
/// let script: failsoft_provider::Script = r#"{"models": {"primary": ["503x2", "answer:hi"]}}"#.parse()?;
/// let refused = r#"{"models": {"primary": [{"do": "status", "status": 99}]}}"#.parse::<failsoft_provider::Script>();
/// assert_eq!(refused.unwrap_err(), "models.primary[0]: status.status: 99 is no status to answer with: 200 to 599");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    pub(crate) models: BTreeMap<String, Sequence>,
}

/// The behaviours of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sequence {
    /// The first for the first request, and so on. Not empty.
    pub(crate) steps: Vec<Behaviour>,
    /// What comes after them; without it the last one again and again.
    pub(crate) then: Option<Behaviour>,
}

impl Sequence {
    /// What request number `request` (from 1) meets.
    pub(crate) fn behaviour(&self, request: u64) -> Option<&Behaviour> {
        let index = usize::try_from(request.saturating_sub(1)).unwrap_or(usize::MAX);
        self.steps.get(index).or(self.then.as_ref()).or(self.steps.last())
    }

    /// Whether any of it needs an upstream server.
    pub(crate) fn needs_upstream(&self) -> bool {
        self.steps.iter().chain(&self.then).any(Behaviour::needs_upstream)
    }
}

impl FromStr for Script {
    type Err = String;

    /// Reads JSON; the error is one line that names the place.
    fn from_str(text: &str) -> Result<Self, String> {
        let document = serde_json::from_str(text).map_err(|error| format!("the script is not JSON: {error}"))?;
        let Value::Object(mut document) = document else {
            return Err("the script is not an object: {\"models\": {\"NAME\": [..]}}".into());
        };
        let models = match document.remove("models") {
            Some(Value::Object(models)) => models,
            Some(other) => return Err(format!("models: {other} is not an object from model names to behaviours")),
            None => return Err("field `models` is missing: {\"models\": {\"NAME\": [..]}}".into()),
        };
        only_known(&document, "")?;
        let read = models.into_iter().map(|(name, value)| {
            let sequence = sequence(value, &format!("models.{name}"))?;
            Ok((name, sequence))
        });
        read.collect::<Result<_, String>>().map(|models| Self { models })
    }
}

/// A list of behaviours, one behaviour, or `{"steps": [..], "then": ..}`.
fn sequence(value: Value, path: &str) -> Result<Sequence, String> {
    match value {
        Value::Object(mut fields) if !fields.contains_key("do") => {
            let given = fields.remove("steps").ok_or_else(|| {
                format!("{path}: give a list of behaviours, one with `do`, or {{\"steps\": [..], \"then\": ..}}")
            })?;
            let then = fields.remove("then").map(|then| one(then, &format!("{path}.then"))).transpose()?;
            only_known(&fields, &format!("{path}: "))?;
            Ok(Sequence { steps: steps(given, &format!("{path}.steps"))?, then })
        }
        other => Ok(Sequence { steps: steps(other, path)?, then: None }),
    }
}

fn steps(value: Value, path: &str) -> Result<Vec<Behaviour>, String> {
    let Value::Array(items) = value else { return some(value, path) };
    let mut steps = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        steps.extend(some(item, &format!("{path}[{index}]"))?);
    }
    if steps.is_empty() { Err(format!("{path}: is empty: at least one behaviour is needed")) } else { Ok(steps) }
}

/// A string may stand for several behaviours, an object for one.
fn some(value: Value, path: &str) -> Result<Vec<Behaviour>, String> {
    match value {
        Value::String(text) => shorthand::sequence(&text).map_err(|error| format!("{path}: {error}")),
        other => one(other, path).map(|behaviour| vec![behaviour]),
    }
}

fn one(value: Value, path: &str) -> Result<Behaviour, String> {
    serde_json::from_value(value).map_err(|error| format!("{path}: {error}"))
}

fn only_known(left_over: &Map<String, Value>, place: &str) -> Result<(), String> {
    match left_over.keys().next() {
        Some(unknown) => Err(format!("{place}unknown field `{unknown}`")),
        None => Ok(()),
    }
}
