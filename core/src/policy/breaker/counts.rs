//! What a breaker counts its calls in: a window of time, or the last so many of them.

use crate::data::Thousandths;
use crate::policy::breaker::Breaker;
use crate::policy::window::Window;
use crate::stored::stored;
use crate::time::Instant;

/// The most calls that a window of calls holds.
pub(crate) const LONGEST_COUNT: u32 = 256;

/// Calls, failed ones, slow ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    Time(Window),
    Last(Last),
}

stored! { enum Counts { Time(window), Last(last) } }

impl Default for Counts {
    fn default() -> Self {
        Self::Time(Window::default())
    }
}

/// A ring of the last calls: a bit for each that failed, and one for each that was slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Last {
    failed: [u64; (LONGEST_COUNT / 64) as usize],
    slow: [u64; (LONGEST_COUNT / 64) as usize],
    calls: u32,
    /// Where the next one goes: in place of the oldest, once the ring is full.
    at: u32,
}

stored! { Last { failed, slow, calls, at } }

impl Last {
    fn add(&mut self, holds: u32, failed: bool, slow: bool) {
        let (word, bit) = ((self.at / 64) as usize, 1_u64 << (self.at % 64));
        for (bits, set) in [(&mut self.failed, failed), (&mut self.slow, slow)] {
            if let Some(bits) = bits.get_mut(word) {
                *bits = if set { *bits | bit } else { *bits & !bit };
            }
        }
        self.calls = self.calls.saturating_add(1).min(holds);
        self.at = (self.at.saturating_add(1)) % holds.max(1);
    }

    fn sums(&self) -> Sums {
        let set = |bits: &[u64]| bits.iter().map(|bits| bits.count_ones()).sum();
        Sums { calls: self.calls, failed: set(&self.failed), slow: set(&self.slow) }
    }
}

/// What is in a window now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) calls: u32,
    pub(super) failed: u32,
    pub(super) slow: u32,
}

impl Sums {
    /// Whether so many of the calls are at least that part of them.
    pub(super) fn reaches(&self, config: &Breaker, some: u32, part: Thousandths) -> bool {
        self.calls >= config.fewest() && u64::from(some) * 1000 >= u64::from(part.0) * u64::from(self.calls)
    }

    /// Which part of the calls so many are, rounded down; none while too few were made.
    pub(super) fn part(&self, config: &Breaker, some: u32) -> Option<Thousandths> {
        let enough = self.calls >= config.fewest();
        let part = (u64::from(some) * 1000).checked_div(u64::from(self.calls)).filter(|_| enough)?;
        u32::try_from(part).ok().map(Thousandths)
    }
}

impl Counts {
    #[inline(always)]
    pub(super) fn add(&mut self, config: &Breaker, now: Instant, failed: bool, slow: bool) {
        match (self, config.count_window) {
            (Self::Time(window), None) => window.add(config.slices(), now, [1, u32::from(failed), u32::from(slow)]),
            (Self::Last(last), Some(holds)) => last.add(holds, failed, slow),
            // It has never counted under this policy.
            (other, Some(holds)) => {
                let mut last = Last::default();
                last.add(holds, failed, slow);
                *other = Self::Last(last);
            }
            (other, None) => {
                let mut window = Window::default();
                window.add(config.slices(), now, [1, u32::from(failed), u32::from(slow)]);
                *other = Self::Time(window);
            }
        }
    }

    pub(super) fn sums(&mut self, config: &Breaker, now: Instant) -> Sums {
        match self {
            Self::Time(window) => {
                let [calls, failed, slow] = window.sums(config.slices(), now);
                Sums { calls, failed, slow }
            }
            Self::Last(last) => last.sums(),
        }
    }
}

#[cfg(test)]
mod tests;
