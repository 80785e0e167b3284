//! How many retries a deployment may be asked for, so that an outage is not made worse by those who suffer it.

use core::time::Duration;

use super::window::{Slices, Window};
use crate::data::{LONGEST, Thousandths};
use crate::stored::{fields, stored};
use crate::time::{Instant, millis, span};

fields! {
    /// The retry budget of a deployment: in any `window`, at most `floor` + `ratio` x first attempts are granted.
    ///
    /// The shape is Finagle's (deposits by first attempts, a floor for the quiet hours); it is asked only for the same route
    /// again and for a rebuild, never for moving on.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct RetryBudget {
        /// How many retries are always granted in a window. Default 10.
        floor: u32 = 10, 0..=1_000_000;
        /// How many retries are granted for each first attempt. Default 0.2.
        ratio: Thousandths = Thousandths(200), Thousandths(0)..=Thousandths(10_000);
        /// The window in which retries are counted. Default 60 s.
        window: Duration = span(60_000), span(10)..=LONGEST;
    }
}

impl RetryBudget {
    /// Ten slices for what was earned: at most the window. Eleven for what was spent: at least the window.
    fn earned(&self) -> Slices {
        Slices { window: self.window, buckets: 10 }
    }

    fn spent(&self) -> Slices {
        Slices { window: span(millis(self.window) / 10 * 11), buckets: 11 }
    }
}

/// The living budget of one deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RetryCounts {
    earned: Window,
    spent: Window,
}

stored! { RetryCounts { earned, spent } }

impl RetryCounts {
    /// A first attempt is sent.
    pub(crate) fn deposit(&mut self, config: &RetryBudget, now: Instant) {
        self.earned.add(config.earned(), now, [1, 0, 0]);
    }

    /// Whether a retry is still within the budget.
    pub(crate) fn covers(&mut self, config: &RetryBudget, now: Instant) -> bool {
        let [firsts, ..] = self.earned.sums(config.earned(), now);
        let [granted, ..] = self.spent.sums(config.spent(), now);
        u64::from(granted) < u64::from(config.floor) + config.ratio.of(u64::from(firsts))
    }

    /// A retry is granted.
    pub(crate) fn withdraw(&mut self, config: &RetryBudget, now: Instant) {
        self.spent.add(config.spent(), now, [1, 0, 0]);
    }
}

#[cfg(test)]
mod tests;
