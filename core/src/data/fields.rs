//! One list of fields a policy part: read, checked, written and documented from the same lines.

mod listing;
mod reader;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;

use crate::foreign;
use crate::time::{Seconds, millis};
use crate::value::{Spelling, Value, decimal};

pub use listing::Field;
pub(crate) use listing::{Lister, Writer};
pub(crate) use reader::Reader;

/// A rate or a factor in whole thousandths: `2.0` is 2000. Integers, so that every target computes the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thousandths(pub u32);

impl Thousandths {
    /// `amount` times this factor, saturating.
    #[must_use]
    pub(crate) fn of(self, amount: u64) -> u64 {
        let (thousands, rest, share) = (amount / 1000, amount % 1000, u64::from(self.0));
        thousands.saturating_mul(share).saturating_add(rest * share / 1000)
    }
}

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(f, u64::from(self.0 / 1000), self.0 % 1000, 100)
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
    /// A complaint in the words of the engine, for what a host itself finds wrong.
    pub fn new(field: impl Into<String>, value: impl fmt::Display, allowed: impl Into<String>) -> Self {
        Self::of(field.into(), &value, allowed.into())
    }

    /// Once, and not for each type that can be shown.
    fn of(field: String, value: &dyn fmt::Display, allowed: String) -> Self {
        Self { field, value: value.to_string(), allowed }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, value) = (foreign::text(&self.field), foreign::text(&self.value));
        write!(f, "{field}: {value} is not allowed; use {}", self.allowed)
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
    /// One of `words`, by its place among them.
    fn choice(&mut self, name: &'static str, at: &mut usize, words: &'static [&'static str]);
    fn names(&mut self, name: &'static str, slot: &mut Vec<String>);
    /// Words of which each has a form; a list that is empty says nothing and may be left out.
    fn words(
        &mut self,
        name: &'static str,
        slot: &mut Vec<String>,
        allowed: &'static str,
        are_right: &dyn Fn(&[String]) -> bool,
    );
    fn group(&mut self, name: &'static str, visit: &mut dyn FnMut(&mut dyn Fields));
    /// A list of groups, `count` of them; `visit` makes those that are not there yet.
    fn list(
        &mut self,
        name: &'static str,
        count: &mut usize,
        allowed: &'static str,
        visit: &mut dyn FnMut(usize, &mut dyn Fields),
    );
    /// A field that may be absent: `null` switches it off. `visit` is given the field itself.
    fn optional(&mut self, name: &'static str, present: &mut bool, visit: &mut dyn FnMut(&mut dyn Fields));
}

/// Visits a field of a fieldless enum through the place of its word.
macro_rules! choose {
    ($fields:expr, $name:literal, $slot:expr, $type:ty) => {{
        let mut at = $slot as usize;
        $fields.choice($name, &mut at, <$type>::NAMES);
        $slot = <$type>::ALL.get(at).copied().unwrap_or($slot);
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

    fn check(&mut self, name: &str, right: bool, value: &dyn fmt::Display, allowed: &dyn Fn() -> String) {
        if !right && !self.absent {
            self.wrong.get_or_insert_with(|| Invalid::new(format!("{}{name}", self.path), value, allowed()));
        }
    }
}

impl Fields for Checker {
    fn count(&mut self, name: &'static str, slot: &mut u32, range: RangeInclusive<u32>) {
        self.check(name, range.contains(slot), slot, &|| counts(&range));
    }

    fn span(&mut self, name: &'static str, slot: &mut Duration, range: RangeInclusive<Duration>) {
        self.check(name, range.contains(slot), &Seconds(*slot), &|| spans(&range));
    }

    fn ratio(&mut self, name: &'static str, slot: &mut Thousandths, range: RangeInclusive<Thousandths>) {
        self.check(name, range.contains(slot), slot, &|| ratios(&range));
    }

    fn flag(&mut self, _: &'static str, _: &mut bool) {}

    fn text(&mut self, _: &'static str, _: &mut String) {}

    fn choice(&mut self, _: &'static str, _: &mut usize, _: &'static [&'static str]) {}

    fn names(&mut self, name: &'static str, slot: &mut Vec<String>) {
        self.check(name, slot.iter().all(|name| !name.is_empty()), &"\"\"", &|| "names that are not empty".to_string());
    }

    fn words(
        &mut self,
        name: &'static str,
        slot: &mut Vec<String>,
        allowed: &'static str,
        are_right: &dyn Fn(&[String]) -> bool,
    ) {
        self.check(name, are_right(slot), &shown(slot, are_right), &|| allowed.to_string());
    }

    fn list(
        &mut self,
        name: &'static str,
        count: &mut usize,
        _: &'static str,
        visit: &mut dyn FnMut(usize, &mut dyn Fields),
    ) {
        let outer = self.path.len();
        for at in 0..*count {
            self.path.push_str(&format!("{name}[{at}]."));
            visit(at, self);
            self.path.truncate(outer);
        }
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

/// The first word that is wrong; where it is the list as a whole, that.
fn shown(words: &[String], are_right: &dyn Fn(&[String]) -> bool) -> Value {
    let wrong = words.iter().find(|word| !are_right(core::slice::from_ref(word)));
    wrong.map_or_else(|| Value::List(alloc::vec![Value::Null; words.len()]), |word| Value::Text(word.clone()))
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
