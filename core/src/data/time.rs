//! Time is only ever passed in: one integer of milliseconds from a monotonic clock of the host's choice.

use core::fmt::{self, Write as _};
use core::ops::{Add, Sub};
use core::time::Duration;

/// A moment on the host's monotonic clock, in whole milliseconds from a zero of the host's choice.
///
/// It says nothing about the calendar. Adding saturates, and subtracting a later moment from an earlier one gives zero:
/// no arithmetic on time can panic or wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The host's zero.
    pub const ZERO: Self = Self(0);
    /// Later than every moment that a host will see: stands for "no limit" inside the core.
    pub const NEVER: Self = Self(u64::MAX);

    /// The moment `millis` milliseconds after the host's zero.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the host's zero.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment itself, or `None` for [`Instant::NEVER`].
    #[must_use]
    pub fn known(self) -> Option<Self> {
        (self != Self::NEVER).then_some(self)
    }
}

/// Whole milliseconds of a span, saturating. The fraction is dropped: identical on every target.
#[must_use]
pub(crate) fn millis(span: Duration) -> u64 {
    // Neither `as_millis` nor `saturating_mul`: they count in 128 bits, which is a call of its own in WebAssembly.
    let seconds = span.as_secs();
    if seconds < u64::MAX / 1000 { seconds * 1000 + u64::from(span.subsec_millis()) } else { u64::MAX }
}

/// A span of whole milliseconds.
#[must_use]
pub(crate) const fn span(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        span(self.0.saturating_sub(earlier.0))
    }
}

/// A span as a person reads it: `0.5 s`, `41.25 s`, `30 days`. Used by every message of the engine.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = millis(self.0);
        const DAY: u64 = 86_400_000;
        if ms > 0 && ms.is_multiple_of(DAY) {
            return write!(f, "{} days", ms / DAY);
        }
        decimal(f, ms / 1000, u32::try_from(ms % 1000).unwrap_or(0), 100)?;
        f.write_str(" s")
    }
}

/// A number of whole ones and a fraction whose first place counts `place`, without trailing zeros.
pub(crate) fn decimal(f: &mut fmt::Formatter<'_>, whole: u64, mut fraction: u32, mut place: u32) -> fmt::Result {
    write!(f, "{whole}")?;
    if fraction > 0 {
        f.write_char('.')?;
    }
    while fraction > 0 && place > 0 {
        write!(f, "{}", fraction / place)?;
        (fraction, place) = (fraction % place, place / 10);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
