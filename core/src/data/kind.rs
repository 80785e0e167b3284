//! What can be visited, what it may hold, and what holds for it beyond that.

use alloc::format;
use alloc::string::String;
use core::ops::RangeInclusive;
use core::time::Duration;

use super::leaves::Thousandths;
use super::visit::Visitor;
use crate::time::millis;
use crate::value::{Spelling, Value};

/// What can be visited: its fields one by one, or itself if it has none.
pub(crate) trait Data {
    /// Hands each field to the visitor, which looks at it or replaces it.
    fn visit(&mut self, visitor: &mut Visitor<'_>);

    /// Whether it is a span of time, which some spellings say in the field's name.
    fn is_span(&self) -> bool {
        false
    }
}

/// What reading a state starts from.
pub(crate) trait Blank: Data + Sized {
    const BLANK: Self;
}

/// What holds for a field beyond its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limits {
    /// Nothing.
    Any,
    /// A number's range: of spans in milliseconds, of ratios in thousandths.
    Range(u64, u64),
    /// Texts that are not empty.
    Names,
    /// A list of so many items.
    Most(usize),
    /// An instant by the calendar: the time that passes while a state is stored counts.
    Calendar,
}

/// What the value of a leaf may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Whole(u64, u64),
    Span(u64, u64),
    Ratio(u64, u64),
    Flag,
    Text,
    Name,
    Word(&'static [&'static str]),
    /// A list of texts, in words for people.
    Texts(&'static str),
    Digest,
}

impl Kind {
    /// What it may be, for people.
    pub(crate) fn allowed(self, spelling: Spelling) -> String {
        let span = |millis: u64| spelling.span(millis as f64);
        let ratio = |thousandths: u64| Value::Number(thousandths as f64 / 1000.0);
        match self {
            Self::Whole(low, high) => format!("a whole number from {low} to {high}"),
            Self::Span(low, high) => format!("{} to {}", span(low), span(high)),
            Self::Ratio(low, high) => format!("a number from {} to {}", ratio(low), ratio(high)),
            Self::Flag => "true or false".into(),
            Self::Text => "text".into(),
            Self::Name => "a name that is not empty".into(),
            Self::Word(words) => format!("one of {}", words.join(", ")),
            Self::Texts(allowed) => allowed.into(),
            Self::Digest => "64 hexadecimal digits".into(),
        }
    }
}

impl From<RangeInclusive<u32>> for Limits {
    fn from(range: RangeInclusive<u32>) -> Self {
        Self::Range(u64::from(*range.start()), u64::from(*range.end()))
    }
}

impl From<RangeInclusive<Duration>> for Limits {
    fn from(range: RangeInclusive<Duration>) -> Self {
        Self::Range(millis(*range.start()), millis(*range.end()))
    }
}

impl From<RangeInclusive<Thousandths>> for Limits {
    fn from(range: RangeInclusive<Thousandths>) -> Self {
        Self::Range(u64::from(range.start().0), u64::from(range.end().0))
    }
}
