//! When a second attempt is made beside the first, so that one slow answer does not decide how long a call takes.

use core::time::Duration;

use crate::data::{LIMITS, Thousandths};
use crate::latency::Latency;
use crate::stored::fields;

/// How many answers have to be known before a quantile of their latencies is believed.
const ENOUGH: u32 = 20;

fields! {
    /// Hedging of calls that may be made twice. Off unless one of the two is set.
    ///
    /// An attempt that runs for so long gets a second one beside it, on the next route; the first whole answer wins, the other is
    /// cancelled and not counted. Hedges pay the retry budget of their deployment. Streams and tools are never hedged.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Hedge {
        /// How long an attempt runs alone. Default: not set.
        delay: Option<Duration> = None, LIMITS;
        /// As long as this part of the answers of its deployment took, in place of `delay` as soon as 20 answers are known: 0.95
        /// hedges the slowest twentieth. The latencies are the session's own, and forgotten slowly. Default: not set.
        quantile: Option<Thousandths> = None, Thousandths(500)..=Thousandths(999);
    }
}

impl Hedge {
    /// Whether anything is hedged at all.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.delay.is_some() || self.quantile.is_some()
    }

    /// How long an attempt runs alone on a deployment whose latencies are these; `None` while nobody can say.
    pub(crate) fn alone_for(&self, latency: Option<&Latency>) -> Option<Duration> {
        let known = latency.filter(|latency| latency.answers() >= ENOUGH);
        self.quantile.zip(known).map(|(quantile, latency)| latency.quantile(quantile)).or(self.delay)
    }
}

#[cfg(test)]
mod tests;
