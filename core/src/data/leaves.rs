//! What policies and states are made of in the end: numbers, words, lists.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::mem::take;
use core::ops::RangeInclusive;
use core::time::Duration;

use super::visit::{Blank, Data, Kind, Limits, Visitor};
use crate::policy::approval::Digest;
use crate::time::{decimal, millis, span};
use crate::value::Value;

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

/// The longest span a policy may hold: 30 days. Longer ones are typing errors in practice.
pub(crate) const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// Spans that may be nothing.
pub(crate) const SPANS: RangeInclusive<Duration> = Duration::ZERO..=LONGEST;

/// Spans of a millisecond at least.
pub(crate) const LIMITS: RangeInclusive<Duration> = span(1)..=LONGEST;

/// A number in its smallest unit; `most` is what its type holds.
fn number(slot: &mut u64, most: u64, kind: fn(u64, u64) -> Kind, visitor: &mut Visitor<'_>) {
    let (low, high) = if let Limits::Range(low, high) = visitor.limits { (low, high) } else { (0, most) };
    let (was, kind, spelling) = (*slot, kind(low, high), visitor.spelling);
    let value = || if let Kind::Ratio(..) = kind { Value::Number(was as f64 / 1000.0) } else { was.into() };
    visitor.leaf(kind, &value, &mut |value| {
        let found = match (spelling, value) {
            (None, value) => value.as_whole().filter(|number| *number <= high),
            (Some(spelling), Value::Number(number)) => {
                let scale = match kind {
                    Kind::Span(..) => 1000.0 / spelling.units_per_second(),
                    Kind::Ratio(..) => 1000.0,
                    _ => 1.0,
                };
                within(number * scale, low, high, matches!(kind, Kind::Whole(..)))
            }
            _ => None,
        };
        *slot = found.unwrap_or(was);
        found.is_some()
    });
    if visitor.is_writing() && !(low..=high).contains(&was) {
        let shown = match (kind, spelling) {
            (Kind::Span(..), Some(spelling)) => spelling.span(was as f64),
            _ => value().to_string(),
        };
        visitor.refuse_own(shown, kind);
    }
}

/// The nearest whole number, if it is within the range. Half a thousandth of slack absorbs the binary fraction of a decimal number.
fn within(amount: f64, low: u64, high: u64, exact: bool) -> Option<u64> {
    let range = low as f64 - 0.0005..=high as f64 + 0.0005;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range, so not negative")]
    let whole = range.contains(&amount).then_some((amount + 0.5) as u64)?;
    (!exact || whole as f64 == amount).then_some(whole)
}

macro_rules! numbers {
    ($($type:ty),+) => {$(
        impl Data for $type {
            fn visit(&mut self, visitor: &mut Visitor<'_>) {
                let mut wide = u64::try_from(*self).unwrap_or(u64::MAX);
                number(&mut wide, u64::try_from(<$type>::MAX).unwrap_or(u64::MAX), Kind::Whole, visitor);
                *self = <$type>::try_from(wide).unwrap_or(*self);
            }
        }
        impl Blank for $type {
            const BLANK: Self = 0;
        }
    )+};
}
numbers!(u8, u16, u32, u64, usize);

/// Whole milliseconds, which are all that is ever added to a time.
impl Data for Duration {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        let mut whole = millis(*self);
        number(&mut whole, u64::MAX, Kind::Span, visitor);
        *self = span(whole);
    }

    fn is_span(&self) -> bool {
        true
    }
}

impl Blank for Duration {
    const BLANK: Self = Self::ZERO;
}

impl Data for Thousandths {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        let mut wide = u64::from(self.0);
        number(&mut wide, u64::from(u32::MAX), Kind::Ratio, visitor);
        self.0 = u32::try_from(wide).unwrap_or(self.0);
    }
}

impl Blank for Thousandths {
    const BLANK: Self = Self(0);
}

impl Data for bool {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        let was = *self;
        visitor.leaf(Kind::Flag, &|| Value::Bool(was), &mut |value| match value {
            Value::Bool(flag) => {
                *self = *flag;
                true
            }
            _ => false,
        });
    }
}

impl Blank for bool {
    const BLANK: Self = false;
}

impl Data for String {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        let named = visitor.limits == Limits::Names;
        let kind = if named { Kind::Name } else { Kind::Text };
        let mut read = None;
        visitor.leaf(kind, &|| Value::Text(self.clone()), &mut |value| match value {
            Value::Text(text) if !(named && text.is_empty()) => {
                read = Some(text.clone());
                true
            }
            _ => false,
        });
        if let Some(text) = read {
            *self = text;
        } else if visitor.is_writing() && named && self.is_empty() {
            visitor.refuse_own("\"\"".into(), kind);
        }
    }
}

impl Blank for String {
    const BLANK: Self = Self::new();
}

/// As people see it: hexadecimal digits.
impl Data for Digest {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        let was = *self;
        visitor.leaf(Kind::Digest, &|| Value::Text(was.to_string()), &mut |value| {
            let found = if let Value::Text(hex) = value { Self::from_hex(hex) } else { None };
            *self = found.unwrap_or(was);
            found.is_some()
        });
    }
}

impl Blank for Digest {
    const BLANK: Self = Self([0; 32]);
}

impl<T: Blank> Data for Option<T> {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        if visitor.absent(self.is_none()) {
            *self = None;
            return;
        }
        self.get_or_insert(T::BLANK).visit(visitor);
        if take(&mut visitor.lost) {
            *self = None;
        }
    }

    fn is_span(&self) -> bool {
        T::BLANK.is_span()
    }
}

impl<T: Blank> Blank for Option<T> {
    const BLANK: Self = None;
}

macro_rules! lists {
    ($($list:ident: $push:ident $pop:ident),+) => {$(
        impl<T: Blank> Data for $list<T> {
            fn visit(&mut self, visitor: &mut Visitor<'_>) {
                let Some(count) = visitor.items(self.len()) else { return };
                if !visitor.is_writing() {
                    self.clear();
                }
                for at in 0..count {
                    if !visitor.is_writing() {
                        self.$push(T::BLANK);
                    }
                    let index = if visitor.is_writing() { at } else { self.len().saturating_sub(1) };
                    if !self.get_mut(index).is_some_and(|item| visitor.item(at, item)) {
                        return;
                    }
                    if take(&mut visitor.lost) {
                        self.$pop();
                    }
                }
            }
        }
        impl<T: Blank> Blank for $list<T> {
            const BLANK: Self = Self::new();
        }
    )+};
}
lists!(Vec: push pop, VecDeque: push_back pop_back);

impl<T: Blank, const N: usize> Data for [T; N] {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        visitor.limits = Limits::Most(N);
        if visitor.items(N).is_some_and(|count| count != N) {
            return visitor.refuse(alloc::format!("a list of {N}"));
        }
        for (at, item) in self.iter_mut().enumerate() {
            visitor.item(at, item);
        }
    }
}

impl<T: Blank, const N: usize> Blank for [T; N] {
    const BLANK: Self = [T::BLANK; N];
}
