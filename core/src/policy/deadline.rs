//! How long one attempt may take, so that a slow route cannot starve the ones still to come.

use core::time::Duration;

use crate::data::LIMITS;
use crate::stored::{fields, stored};
use crate::time::{Instant, millis, span};

fields! {
    /// The limits of one attempt. A route may override each (reasoning models think long).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct AttemptLimits {
        /// How long the whole attempt may take; a stream that progresses has no such limit. Default 600 s, as the OpenAI and Anthropic SDKs.
        timeout: Duration = span(600_000), LIMITS;
        /// How long an attempt declared streaming may take until its first meaningful progress. Default 60 s.
        first_progress: Duration = span(60_000), LIMITS;
        /// How long an attempt declared streaming may pause between two meaningful chunks. Default 60 s.
        idle: Duration = span(60_000), LIMITS;
    }
}

/// Until when one attempt may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The end by the attempt's own limit.
    pub total: Instant,
    /// The end by the turn's deadline, less what the routes still to come are owed.
    pub cut: Instant,
}

stored! { Allowance { total, cut } }

impl Allowance {
    /// The earlier of the two.
    #[must_use]
    pub fn until(self) -> Instant {
        self.total.min(self.cut)
    }

    /// Whether the attempt has its own limit in full.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.total <= self.cut
    }
}

/// Shares what is left of a deadline among this attempt and `to_come` routes not yet tried: each is owed
/// min(`timeout`, left / (`to_come` + 1)).
#[must_use]
pub fn share(now: Instant, timeout: Duration, deadline: Option<Instant>, to_come: u32) -> Allowance {
    let total = now + timeout;
    let Some(deadline) = deadline else { return Allowance { total, cut: Instant::NEVER } };
    let to_come = u64::from(to_come);
    let owed = millis(timeout).min(millis(deadline - now) / (to_come + 1));
    Allowance { total, cut: deadline - span(owed.saturating_mul(to_come)) }
}

#[cfg(test)]
mod tests;
