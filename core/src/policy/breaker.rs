//! Whether a place may be asked at all: closed, open, or half open for exactly as many probes as the policy says.

mod circuit;
mod counts;

use core::time::Duration;

use super::window::{MOST_BUCKETS, Slices};
use crate::data::{LIMITS, Thousandths};
use crate::names::named;
use crate::stored::fields;
use crate::time::{Instant, millis, span};

pub use circuit::Circuit;
pub(crate) use counts::LONGEST_COUNT;

fields! {
    /// When a breaker opens, for how long, and what closes it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Breaker {
        /// Whether breakers are on. Default true. A manual override holds either way.
        enabled: bool = true;
        /// How many counted failures in a row open the breaker, 1 to 1000. When set, it replaces the failure rate. Default: not set.
        consecutive: Option<u32> = None, 1..=1000;
        /// The part of the calls in the window that opens the breaker when it failed, the threshold included. Default 0.5.
        rate: Thousandths = Thousandths(500), Thousandths(1)..=Thousandths(1000);
        /// The fewest calls in the window on which a rate is judged; of a window of calls, never more than it holds. Default 5.
        min_calls: u32 = 5, 1..=100_000;
        /// The window over which the rates are taken. Default 30 s.
        window: Duration = span(30_000), LIMITS;
        /// How many slices the window is cut into, 1 to 12; they fall out of it one by one. Default 10.
        buckets: u32 = 10, 1..=MOST_BUCKETS;
        /// Over how many of the last calls, 1 to 256, the rates are taken, in place of `window`. Default: not set.
        count_window: Option<u32> = None, 1..=LONGEST_COUNT;
        /// How long a call takes that counts as slow; of a stream, until its first progress. Default: not set, none is.
        slow: Option<Duration> = None, LIMITS;
        /// The part of the calls in the window that opens the breaker when it was slow, the threshold included. Default 1.
        slow_rate: Thousandths = Thousandths(1000), Thousandths(1)..=Thousandths(1000);
        /// How long the breaker stays open the first time. Default 5 s.
        open: Duration = span(5_000), LIMITS;
        /// How long the breaker stays open at most; each opening in a row doubles the time. Default 30 s.
        max_open: Duration = span(30_000), LIMITS;
        /// How many calls are let through while the breaker is half open. 1 to 100, default 1.
        probes: u32 = 1, 1..=100;
        /// How many of the probes must succeed to close the breaker, at most all; it opens again as soon as so many cannot succeed any more.
        /// Default: not set, all of them.
        successes: Option<u32> = None, 1..=100;
        /// The longest half-open time: undecided by then, it opens again, for longer. Default: not set.
        half_open: Option<Duration> = None, LIMITS;
        /// Whether the breaker counts and never refuses. Default false.
        metrics_only: bool = false;
    }
}

impl Breaker {
    const fn slices(&self) -> Slices {
        Slices { window: self.window, buckets: self.buckets }
    }

    /// How long opening number `opened` (from 1) lasts.
    fn open_for(&self, opened: u32) -> Duration {
        let doubled = millis(self.open).saturating_mul(1_u64.checked_shl(opened.saturating_sub(1)).unwrap_or(u64::MAX));
        span(doubled).min(self.max_open)
    }

    /// The successes that close it.
    fn needed(&self) -> u32 {
        self.successes.map_or(self.probes, |needed| needed.min(self.probes))
    }

    /// The fewest calls on which a rate is judged.
    fn fewest(&self) -> u32 {
        self.count_window.map_or(self.min_calls, |holds| self.min_calls.min(holds))
    }

    /// Whether a call that has taken its time since then is slow by now.
    #[inline(always)]
    fn is_slow(&self, since: Instant, now: Instant) -> bool {
        self.slow.is_some_and(|slow| now - since >= slow)
    }
}

named! {
    /// What a breaker is doing, as everybody names it.
    pub enum BreakerState {
        /// Calls pass and are counted.
        Closed = "closed",
        /// Calls are refused until a time.
        Open = "open",
        /// Probes pass, all others are refused.
        HalfOpen = "half_open",
        /// Somebody holds it out of use: calls are refused until every holder has let go.
        Isolated = "isolated",
        /// By order: calls are refused until it is told otherwise.
        ForcedOpen = "forced_open",
        /// By order: calls pass and are not counted, until it is told otherwise.
        ForcedClosed = "forced_closed",
        /// By order or by the policy: calls pass and are counted, and it never opens.
        MetricsOnly = "metrics_only",
    }
}

named! {
    /// What a person can order a breaker to do.
    pub enum Order {
        /// What it would do by itself: the way back from the others.
        Automatic = "automatic",
        /// To refuse.
        ForceOpen = "force_open",
        /// To let everything pass, and count nothing.
        ForceClosed = "force_closed",
        /// To let everything pass, and count it.
        MetricsOnly = "metrics_only",
    }
}

/// What became of an admitted call, as a breaker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A success, or an answer that proves the provider alive.
    Passed,
    /// A failure that counts.
    Failed,
    /// Neither: the permit goes back and nothing is counted.
    Neutral,
}

/// A change of a breaker's state, worth a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It opened, until then.
    Opened(Instant),
    /// It closed.
    Closed,
}

/// The right to make one call, and what its outcome is settled against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permit {
    /// The breaker counts its changes of state: a permit of an older one changes nothing.
    pub generation: u32,
    /// Since when the call takes its time.
    pub since: Instant,
}

/// What a breaker goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metrics {
    /// What it is doing.
    pub state: BreakerState,
    /// Calls in the window. Nothing is counted while it is open or half open: these are still those that opened it.
    pub calls: u32,
    /// How many of them failed.
    pub failed: u32,
    /// How many of them were slow.
    pub slow: u32,
    /// The part that failed; none below `min_calls`.
    pub failure_rate: Option<Thousandths>,
    /// The part that was slow; none below `min_calls`, or if the policy says of no call that it is slow.
    pub slow_rate: Option<Thousandths>,
    /// When asking may be admitted, if it refuses now and knows.
    pub retry_at: Option<Instant>,
}
