//! Plain data as every host language has it: what policies are read from and written to.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::mem::replace;
use core::time::Duration;

use crate::foreign;
use crate::time::decimal;

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
    pub(crate) fn field(self, name: &'static str, is_span: bool) -> Cow<'static, str> {
        match self {
            Self::Json if is_span => Cow::Owned(format!("{name}_ms")),
            Self::JavaScript if name.contains('_') => Cow::Owned(camel(name)),
            _ => Cow::Borrowed(name),
        }
    }

    /// A span as messages to this host show it: `0.5 s`, `500 ms`, `30 days`.
    pub(crate) fn span(self, millis: f64) -> String {
        const DAY: f64 = 86_400_000.0;
        #[expect(clippy::cast_possible_truncation, reason = "within the range")]
        let days = if (DAY..1e6 * DAY).contains(&millis) { (millis / DAY) as i64 } else { 0 };
        match self {
            _ if days > 0 && days as f64 * DAY == millis => format!("{days} days"),
            Self::Python => format!("{} s", Value::Number(millis / 1000.0)),
            Self::Json | Self::JavaScript => format!("{} ms", Value::Number(millis)),
        }
    }

    /// The same of a span that is known.
    pub(crate) fn duration(self, span: Duration) -> String {
        self.span(crate::time::millis(span) as f64)
    }

    /// How many of this spelling's units of time are a second.
    pub(crate) const fn units_per_second(self) -> f64 {
        match self {
            Self::Python => 1.0,
            Self::Json | Self::JavaScript => 1000.0,
        }
    }
}

/// The word of a variant.
#[cfg(feature = "serde")]
pub(crate) fn snake(variant: &str) -> String {
    let mut out = String::new();
    for letter in variant.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut begins = false;
    for letter in name.chars() {
        match letter {
            '_' => begins = true,
            _ if replace(&mut begins, false) => out.push(letter.to_ascii_uppercase()),
            _ => out.push(letter),
        }
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

    /// A whole number, or the text of one that was written so.
    pub(crate) fn as_whole(&self) -> Option<u64> {
        match self {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared with the original")]
            Self::Number(number) if (0.0..=EXACT as f64).contains(number) && *number as u64 as f64 == *number => {
                Some(*number as u64)
            }
            Self::Text(digits) => digits.parse().ok(),
            _ => None,
        }
    }
}

impl From<u64> for Value {
    /// As text where a number would not survive every reader of JSON.
    fn from(whole: u64) -> Self {
        if whole <= EXACT { Self::Number(whole as f64) } else { Self::Text(whole.to_string()) }
    }
}

/// The largest whole number up to which every reader of JSON keeps all of them: 2^53 - 1.
pub(crate) const EXACT: u64 = (1 << 53) - 1;

impl fmt::Display for Value {
    /// As a message shows it: short, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Number(number) => show_number(f, *number),
            Self::Text(text) => foreign::quoted(text).fmt(f),
            Self::List(items) => write!(f, "a list of {}", items.len()),
            Self::Map(entries) => write!(f, "a map of {}", entries.len()),
        }
    }
}

/// Up to six places; enormous and tiny numbers, which would fill the page, in powers of ten. By hand, for the exact shortest
/// form that the standard library finds costs a module for browsers more than a breaker does.
fn show_number(f: &mut fmt::Formatter<'_>, number: f64) -> fmt::Result {
    if number.is_nan() {
        return f.write_str("NaN");
    }
    if number < 0.0 {
        f.write_char('-')?;
    }
    let mut size = number.abs();
    if size.is_infinite() {
        return f.write_str("inf");
    }
    if size == 0.0 || (1e-6..1e15).contains(&size) {
        return show_places(f, size);
    }
    let mut power = 0;
    // So near to ten it would be shown as ten.
    while size >= 9.999_999_5 {
        (size, power) = (size / 10.0, power + 1);
    }
    while size < 0.999_999_95 {
        (size, power) = (size * 10.0, power - 1);
    }
    show_places(f, size)?;
    write!(f, "e{power}")
}

/// A number from 0 to 10^15, to six places.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range")]
fn show_places(f: &mut fmt::Formatter<'_>, size: f64) -> fmt::Result {
    let whole = size as u64;
    let millionths = ((size - whole as f64) * 1e6 + 0.5) as u32;
    decimal(f, whole + u64::from(millionths / 1_000_000), millionths % 1_000_000, 100_000)
}

#[cfg(test)]
mod tests;
