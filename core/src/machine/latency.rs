//! How long the answers of a deployment take: a histogram of fixed size that forgets slowly.

use alloc::vec::Vec;
use core::time::Duration;

use crate::data::Thousandths;
use crate::time::{millis, span};

/// Buckets for each doubling of the latency: a quantile is at most an eighth too long, and never too short.
const FINENESS: u64 = 8;
/// From 8 ms on they double; below, each millisecond has one.
const OCTAVES: u64 = 17;
/// The last one takes all that is longer than a quarter of an hour.
pub(crate) const BUCKETS: usize = (FINENESS * (OCTAVES + 1)) as usize;
/// What one answer counts: halved a few times, it still counts something.
const WEIGHT: u16 = 16;
/// After so many answers all counts are halved.
const REMEMBERED: u32 = 1_024;

/// The latencies of one deployment. Counting is one addition; now and then all buckets are halved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Latency {
    counts: [u16; BUCKETS],
    total: u32,
}

impl Default for Latency {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], total: 0 }
    }
}

impl Latency {
    /// An answer came after so long.
    pub(crate) fn add(&mut self, took: Duration) {
        if self.total >= REMEMBERED * u32::from(WEIGHT) {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().map(|count| u32::from(*count)).sum();
        }
        let at = bucket(millis(took)).min(BUCKETS - 1);
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(WEIGHT);
            self.total = self.total.saturating_add(u32::from(WEIGHT));
        }
    }

    /// How many answers are remembered.
    pub(crate) fn answers(&self) -> u32 {
        self.total / u32::from(WEIGHT)
    }

    /// The time within which this part of the answers came.
    pub(crate) fn quantile(&self, part: Thousandths) -> Duration {
        let wanted = (u64::from(self.total) * u64::from(part.0)).div_ceil(1_000);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        });
        span(upper_end(found.unwrap_or(BUCKETS - 1)))
    }

    /// Its counts without the empty ones at the end, for a snapshot.
    pub(crate) fn counts(&self) -> Vec<u16> {
        let used = self.counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        self.counts.iter().take(used).copied().collect()
    }

    /// From the counts of a snapshot; more than there is room for are dropped.
    pub(crate) fn of(counts: &[u16]) -> Self {
        let mut latency = Self::default();
        for (mine, count) in latency.counts.iter_mut().zip(counts) {
            *mine = *count;
            latency.total += u32::from(*count);
        }
        latency
    }
}

fn bucket(millis: u64) -> usize {
    if millis < FINENESS {
        return usize::try_from(millis).unwrap_or(0);
    }
    let octave = u64::from((millis / FINENESS).ilog2());
    let within = (millis >> octave) - FINENESS;
    usize::try_from((octave + 1) * FINENESS + within).unwrap_or(usize::MAX)
}

/// The first millisecond beyond a bucket: whoever waits so long has waited for all that is in it.
fn upper_end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let (octave, within) = ((bucket / FINENESS).saturating_sub(1), bucket % FINENESS);
    if bucket < FINENESS { bucket + 1 } else { (FINENESS + within + 1) << octave }
}

#[cfg(test)]
mod tests;
