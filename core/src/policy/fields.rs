//! One list of fields a policy part: read, checked, written and documented from the same lines.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;

use crate::time::{Seconds, millis, span};
use crate::value::{Spelling, Value};

/// A rate or a factor in whole thousandths: `2.0` is 2000. Integers, so that every target computes the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Thousandths(pub u32);

impl Thousandths {
    /// `amount` times this factor, saturating.
    #[must_use]
    pub(crate) fn of(self, amount: u64) -> u64 {
        u64::try_from(u128::from(amount) * u128::from(self.0) / 1000).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / 1000.0)
    }
}

/// What is wrong with a policy, a chain of routes, or an argument: the field, its value, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The field's path, such as `retry.max_attempts`: the same in every language.
    pub field: String,
    /// The value as a message shows it, such as `0` or `-0.5 s`.
    pub value: String,
    /// What would be right, such as `a whole number from 1 to 1000`.
    pub allowed: String,
}

impl Invalid {
    pub(crate) fn new(field: impl Into<String>, value: impl fmt::Display, allowed: impl Into<String>) -> Self {
        Self { field: field.into(), value: value.to_string(), allowed: allowed.into() }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} is not allowed; use {}", self.field, self.value, self.allowed)
    }
}

impl core::error::Error for Invalid {}

/// The longest span a policy may hold: 30 days. Longer ones are typing errors in practice.
pub(crate) const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// What can be done with the fields of a policy part. Each part lists its fields once, in `fields`.
pub(crate) trait Fields {
    fn count(&mut self, name: &'static str, slot: &mut u32, range: RangeInclusive<u32>);
    fn span(&mut self, name: &'static str, slot: &mut Duration, range: RangeInclusive<Duration>);
    fn ratio(&mut self, name: &'static str, slot: &mut Thousandths, range: RangeInclusive<Thousandths>);
    fn flag(&mut self, name: &'static str, slot: &mut bool);
    fn text(&mut self, name: &'static str, slot: &mut String);
    fn choice(&mut self, name: &'static str, slot: &mut &'static str, words: &'static [&'static str]);
    fn names(&mut self, name: &'static str, slot: &mut Vec<String>);
    fn group(&mut self, name: &'static str, visit: &mut dyn FnMut(&mut dyn Fields));
    /// A field that may be absent: `null` switches it off. `visit` is given the field itself.
    fn optional(&mut self, name: &'static str, present: &mut bool, visit: &mut dyn FnMut(&mut dyn Fields));
}

/// Visits a field of a fieldless enum through its word.
macro_rules! choose {
    ($fields:expr, $name:literal, $slot:expr, $type:ty) => {{
        let mut word = $slot.name();
        $fields.choice($name, &mut word, <$type>::NAMES);
        $slot = <$type>::from_name(word).unwrap_or($slot);
    }};
}
/// Visits a field that may be absent; `$from` is what it starts from when it is switched on.
macro_rules! maybe {
    ($fields:expr, $method:ident, $name:literal, $slot:expr, $from:expr, $range:expr) => {{
        let mut present = $slot.is_some();
        let mut value = $slot.unwrap_or($from);
        $fields.optional($name, &mut present, &mut |fields| fields.$method($name, &mut value, $range));
        $slot = present.then_some(value);
    }};
}
pub(crate) use {choose, maybe};

/// Reads fields from plain data and keeps the first thing that is wrong.
pub(crate) struct Reader<'a> {
    value: &'a Value,
    spelling: Spelling,
    path: String,
    known: Vec<String>,
    wrong: Option<Invalid>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(value: &'a Value, spelling: Spelling, path: &str) -> Self {
        Self { value, spelling, path: path.to_string(), known: Vec::new(), wrong: None }
    }

    /// The first thing that is wrong, fields that nobody asked for included.
    pub(crate) fn finish(mut self) -> Result<(), Invalid> {
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        match self.value {
            Value::Null => Ok(()),
            Value::Map(entries) => match entries.iter().find(|(key, _)| !self.known.contains(key)) {
                None => Ok(()),
                Some((key, value)) => {
                    Err(Invalid::new(self.at(key), value, format!("one of the fields {}", self.known.join(", "))))
                }
            },
            other => Err(Invalid::new(self.path, other, "a map of fields")),
        }
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) }
    }

    fn find(&mut self, name: &str, is_span: bool) -> Option<&'a Value> {
        let spelled = self.spelling.field(name, is_span);
        if !self.known.contains(&spelled) {
            self.known.push(spelled.clone());
        }
        if self.wrong.is_some() {
            return None;
        }
        self.value.get(&spelled).filter(|value| **value != Value::Null)
    }

    fn refuse(&mut self, name: &str, value: impl fmt::Display, allowed: String) {
        let field = self.at(name);
        self.wrong.get_or_insert(Invalid::new(field, value, allowed));
    }
}

impl Fields for Reader<'_> {
    fn count(&mut self, name: &'static str, slot: &mut u32, range: RangeInclusive<u32>) {
        let Some(value) = self.find(name, false) else { return };
        match value {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and within the range")]
            Value::Number(n)
                if *n == libm_trunc(*n) && *n >= f64::from(*range.start()) && *n <= f64::from(*range.end()) =>
            {
                *slot = *n as u32;
            }
            other => self.refuse(name, other, counts(&range)),
        }
    }

    fn span(&mut self, name: &'static str, slot: &mut Duration, range: RangeInclusive<Duration>) {
        let Some(value) = self.find(name, true) else { return };
        let Value::Number(n) = value else { return self.refuse(name, value, spans(&range)) };
        let ms = n / self.spelling.units_per_second() * 1000.0;
        let shown = ms / 1000.0;
        // Half a millisecond of slack absorbs the binary fraction of a decimal number of seconds.
        let (low, high) = (millis(*range.start()) as f64 - 0.0005, millis(*range.end()) as f64 + 0.0005);
        if !(low..=high).contains(&ms) {
            return self.refuse(name, format_args!("{} s", Value::Number(shown)), spans(&range));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the range, so not negative"
        )]
        {
            *slot = span((ms + 0.5) as u64);
        }
    }

    fn ratio(&mut self, name: &'static str, slot: &mut Thousandths, range: RangeInclusive<Thousandths>) {
        let Some(value) = self.find(name, false) else { return };
        let within = f64::from(range.start().0) / 1000.0..=f64::from(range.end().0) / 1000.0;
        match value {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range")]
            Value::Number(n) if within.contains(n) => *slot = Thousandths((n * 1000.0 + 0.5) as u32),
            other => self.refuse(name, other, ratios(&range)),
        }
    }

    fn flag(&mut self, name: &'static str, slot: &mut bool) {
        match self.find(name, false) {
            None => {}
            Some(Value::Bool(flag)) => *slot = *flag,
            Some(other) => self.refuse(name, other, "true or false".to_string()),
        }
    }

    fn text(&mut self, name: &'static str, slot: &mut String) {
        match self.find(name, false) {
            None => {}
            Some(Value::Text(text)) => slot.clone_from(text),
            Some(other) => self.refuse(name, other, "text".to_string()),
        }
    }

    fn choice(&mut self, name: &'static str, slot: &mut &'static str, words: &'static [&'static str]) {
        let Some(value) = self.find(name, false) else { return };
        let word = if let Value::Text(text) = value { words.iter().find(|word| *word == text) } else { None };
        match word {
            Some(word) => *slot = word,
            None => self.refuse(name, value, format!("one of {}", words.join(", "))),
        }
    }

    fn names(&mut self, name: &'static str, slot: &mut Vec<String>) {
        let Some(value) = self.find(name, false) else { return };
        let Value::List(items) = value else { return self.refuse(name, value, "a list of names".to_string()) };
        slot.clear();
        for item in items {
            match item {
                Value::Text(text) if !text.is_empty() => slot.push(text.clone()),
                other => self.refuse(name, other, "names that are not empty".to_string()),
            }
        }
    }

    fn group(&mut self, name: &'static str, visit: &mut dyn FnMut(&mut dyn Fields)) {
        let Some(value) = self.find(name, false) else { return };
        let mut inner = Reader::new(value, self.spelling, &self.at(name));
        visit(&mut inner);
        if let Err(wrong) = inner.finish() {
            self.wrong.get_or_insert(wrong);
        }
    }

    fn optional(&mut self, name: &'static str, present: &mut bool, visit: &mut dyn FnMut(&mut dyn Fields)) {
        for is_span in [true, false] {
            let spelled = self.spelling.field(name, is_span);
            match self.value.get(&spelled) {
                None => {}
                Some(Value::Null) => *present = false,
                Some(_) => *present = true,
            }
        }
        visit(self);
    }
}

/// Checks the fields of a policy that was made in Rust, where the types allow more than the ranges.
#[derive(Default)]
pub(crate) struct Checker {
    path: String,
    absent: bool,
    pub(crate) wrong: Option<Invalid>,
}

impl Checker {
    pub(crate) fn at(path: String) -> Self {
        Self { path, ..Self::default() }
    }

    fn check(&mut self, name: &str, right: bool, value: impl fmt::Display, allowed: impl FnOnce() -> String) {
        if !right && !self.absent {
            self.wrong.get_or_insert_with(|| Invalid::new(format!("{}{name}", self.path), value, allowed()));
        }
    }
}

impl Fields for Checker {
    fn count(&mut self, name: &'static str, slot: &mut u32, range: RangeInclusive<u32>) {
        self.check(name, range.contains(slot), *slot, || counts(&range));
    }

    fn span(&mut self, name: &'static str, slot: &mut Duration, range: RangeInclusive<Duration>) {
        self.check(name, range.contains(slot), Seconds(*slot), || spans(&range));
    }

    fn ratio(&mut self, name: &'static str, slot: &mut Thousandths, range: RangeInclusive<Thousandths>) {
        self.check(name, range.contains(slot), *slot, || ratios(&range));
    }

    fn flag(&mut self, _: &'static str, _: &mut bool) {}

    fn text(&mut self, _: &'static str, _: &mut String) {}

    fn choice(&mut self, _: &'static str, _: &mut &'static str, _: &'static [&'static str]) {}

    fn names(&mut self, name: &'static str, slot: &mut Vec<String>) {
        self.check(name, slot.iter().all(|name| !name.is_empty()), "\"\"", || "names that are not empty".to_string());
    }

    fn group(&mut self, name: &'static str, visit: &mut dyn FnMut(&mut dyn Fields)) {
        let outer = self.path.len();
        self.path.push_str(name);
        self.path.push('.');
        visit(self);
        self.path.truncate(outer);
    }

    fn optional(&mut self, _: &'static str, present: &mut bool, visit: &mut dyn FnMut(&mut dyn Fields)) {
        self.absent = !*present;
        visit(self);
        self.absent = false;
    }
}

/// Writes fields as plain data, in the spelling of JSON.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) entries: Vec<(String, Value)>,
    absent: bool,
}

impl Writer {
    fn write(&mut self, name: &str, is_span: bool, value: Value) {
        let value = if self.absent { Value::Null } else { value };
        self.entries.push((Spelling::Json.field(name, is_span), value));
    }
}

impl Fields for Writer {
    fn count(&mut self, name: &'static str, slot: &mut u32, _: RangeInclusive<u32>) {
        self.write(name, false, Value::Number(f64::from(*slot)));
    }

    fn span(&mut self, name: &'static str, slot: &mut Duration, _: RangeInclusive<Duration>) {
        self.write(name, true, Value::Number(millis(*slot) as f64));
    }

    fn ratio(&mut self, name: &'static str, slot: &mut Thousandths, _: RangeInclusive<Thousandths>) {
        self.write(name, false, Value::Number(f64::from(slot.0) / 1000.0));
    }

    fn flag(&mut self, name: &'static str, slot: &mut bool) {
        self.write(name, false, Value::Bool(*slot));
    }

    fn text(&mut self, name: &'static str, slot: &mut String) {
        self.write(name, false, Value::Text(slot.clone()));
    }

    fn choice(&mut self, name: &'static str, slot: &mut &'static str, _: &'static [&'static str]) {
        self.write(name, false, Value::Text((*slot).to_string()));
    }

    fn names(&mut self, name: &'static str, slot: &mut Vec<String>) {
        self.write(name, false, Value::List(slot.iter().cloned().map(Value::Text).collect()));
    }

    fn group(&mut self, name: &'static str, visit: &mut dyn FnMut(&mut dyn Fields)) {
        let mut inner = Self::default();
        visit(&mut inner);
        self.entries.push((name.to_string(), Value::Map(inner.entries)));
    }

    fn optional(&mut self, _: &'static str, present: &mut bool, visit: &mut dyn FnMut(&mut dyn Fields)) {
        self.absent = !*present;
        visit(self);
        self.absent = false;
    }
}

/// One field of a policy, for reference tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its path, such as `retry.max_attempts`.
    pub path: String,
    /// Its value in the policy that was asked.
    pub value: String,
    /// What it may be.
    pub allowed: String,
}

/// Lists the fields with their values and ranges.
#[derive(Default)]
pub(crate) struct Lister {
    path: String,
    absent: bool,
    pub(crate) fields: Vec<Field>,
}

impl Lister {
    fn list(&mut self, name: &str, value: impl fmt::Display, allowed: String) {
        let value = if self.absent { "not set".to_string() } else { value.to_string() };
        self.fields.push(Field { path: format!("{}{name}", self.path), value, allowed });
    }
}

impl Fields for Lister {
    fn count(&mut self, name: &'static str, slot: &mut u32, range: RangeInclusive<u32>) {
        self.list(name, *slot, counts(&range));
    }

    fn span(&mut self, name: &'static str, slot: &mut Duration, range: RangeInclusive<Duration>) {
        self.list(name, Seconds(*slot), spans(&range));
    }

    fn ratio(&mut self, name: &'static str, slot: &mut Thousandths, range: RangeInclusive<Thousandths>) {
        self.list(name, *slot, ratios(&range));
    }

    fn flag(&mut self, name: &'static str, slot: &mut bool) {
        self.list(name, *slot, "true or false".to_string());
    }

    fn text(&mut self, name: &'static str, slot: &mut String) {
        self.list(name, slot, "text".to_string());
    }

    fn choice(&mut self, name: &'static str, slot: &mut &'static str, words: &'static [&'static str]) {
        self.list(name, *slot, words.join(", "));
    }

    fn names(&mut self, name: &'static str, slot: &mut Vec<String>) {
        self.list(name, slot.join(", "), "a list of names".to_string());
    }

    fn group(&mut self, name: &'static str, visit: &mut dyn FnMut(&mut dyn Fields)) {
        let outer = self.path.len();
        self.path.push_str(name);
        self.path.push('.');
        visit(self);
        self.path.truncate(outer);
    }

    fn optional(&mut self, _: &'static str, present: &mut bool, visit: &mut dyn FnMut(&mut dyn Fields)) {
        self.absent = !*present;
        visit(self);
        self.absent = false;
    }
}

fn counts(range: &RangeInclusive<u32>) -> String {
    format!("a whole number from {} to {}", range.start(), range.end())
}

fn spans(range: &RangeInclusive<Duration>) -> String {
    format!("{} to {}", Seconds(*range.start()), Seconds(*range.end()))
}

fn ratios(range: &RangeInclusive<Thousandths>) -> String {
    format!("a number from {} to {}", range.start(), range.end())
}

/// `f64::trunc` needs `std`; within the range of a `u32` the cast does the same, and NaN becomes 0, which differs.
#[expect(clippy::cast_possible_truncation, reason = "saturating, and compared with the original")]
fn libm_trunc(n: f64) -> f64 {
    (n as i64) as f64
}
