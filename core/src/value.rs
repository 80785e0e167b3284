//! Plain data as every host language has it: what policies are read from and written to.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// A tree of plain data. Hosts turn their own dictionaries and objects into it; unlike JSON it can hold NaN, so that a
/// nonsense number is refused by name and not by a parser.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `None`, `undefined`: the field keeps its default, or, where it may be absent, is switched off.
    Null,
    /// A truth value.
    Bool(bool),
    /// Any number.
    Number(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map, in the order it was written.
    Map(Vec<(String, Value)>),
}

/// How a host language writes a policy: the names are the same, their case and the unit of spans are the language's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `max_attempts`, `base_ms`: milliseconds, said in the name. The form of policy files and vectors.
    Json,
    /// `max_attempts`, `base`: seconds, whole or fractional.
    Python,
    /// `maxAttempts`, `base`: milliseconds.
    JavaScript,
}

impl Spelling {
    /// The field's name in this spelling.
    pub(crate) fn field(self, name: &str, is_span: bool) -> String {
        match self {
            Self::Json if is_span => name.to_string() + "_ms",
            Self::Json | Self::Python => name.to_string(),
            Self::JavaScript => camel(name),
        }
    }

    /// How many of this spelling's units of time are a second.
    pub(crate) const fn units_per_second(self) -> f64 {
        match self {
            Self::Python => 1.0,
            Self::Json | Self::JavaScript => 1000.0,
        }
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_string();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        out.push_str(&first.to_ascii_uppercase());
        out.push_str(rest);
    }
    out
}

impl Value {
    /// The entry of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    /// As a message shows it: short, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(flag) => write!(f, "{flag}"),
            // Written out, an enormous number would fill the page.
            Self::Number(number) if number.abs() >= 1e15 => write!(f, "{number:e}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) if text.chars().count() > 60 => {
                write!(f, "\"{}...\"", text.chars().take(57).collect::<String>().escape_debug())
            }
            Self::Text(text) => write!(f, "\"{}\"", text.escape_debug()),
            Self::List(items) => write!(f, "a list of {}", items.len()),
            Self::Map(entries) => write!(f, "a map of {}", entries.len()),
        }
    }
}

#[cfg(feature = "serde")]
impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(flag) => Self::Bool(*flag),
            serde_json::Value::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Self::Text(text.clone()),
            serde_json::Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
        }
    }
}

#[cfg(feature = "serde")]
impl From<&Value> for serde_json::Value {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            // A whole number is written without a fraction, so that a policy file reads as a person would write it.
            #[expect(clippy::cast_possible_truncation, reason = "guarded by the comparison")]
            Value::Number(number) if *number == (*number as i64) as f64 => Self::from(*number as i64),
            Value::Number(number) => Self::from(*number),
            Value::Text(text) => Self::from(text.as_str()),
            Value::List(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Map(entries) => {
                Self::Object(entries.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_own_spelling() {
        assert_eq!(Spelling::Json.field("first_progress", true), "first_progress_ms");
        assert_eq!(Spelling::Python.field("first_progress", true), "first_progress");
        assert_eq!(Spelling::JavaScript.field("first_progress", true), "firstProgress");
    }
}
