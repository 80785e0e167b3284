//! Counting events over a sliding window of time: constant memory, constant work an event.

use core::time::Duration;

use crate::time::{Instant, millis};
use crate::visit::{Blank, Data, Visitor};

/// The most slices a window is cut into.
pub(crate) const MOST_BUCKETS: u32 = 12;

/// What the counters of a slice count.
pub(crate) const COLUMNS: usize = 3;

/// A few counters over the last `window`, cut into slices that fall out of it one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Window {
    buckets: [[u32; COLUMNS]; MOST_BUCKETS as usize],
    /// The slice that `now` was in at the last event, counted from the host's zero.
    head: u64,
    /// Where that slice is counted, and when it ends: worked out once a slice, since a division is most of what counting costs.
    at: usize,
    ends: Instant,
}

impl Data for Window {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        let mut ends = self.ends.as_millis();
        visitor.part("buckets", &mut self.buckets);
        visitor.part("head", &mut self.head);
        visitor.field("at", &mut self.at, (0..=MOST_BUCKETS - 1).into(), "");
        visitor.part("ends", &mut ends);
        self.ends = Instant::from_millis(ends);
        let (next, travel) = (self.head.saturating_add(1), &visitor.travel);
        let width = ends / next;
        if visitor.is_reading() && width > 0 {
            // On another clock it stands in the slice in which that one began.
            let begun = travel.span(Instant::from_millis(self.head.saturating_mul(width)));
            self.stand(begun.as_millis() / width, width);
        }
    }
}

impl Blank for Window {
    const BLANK: Self = Self { buckets: Blank::BLANK, head: 0, at: 0, ends: Instant::ZERO };
}

/// How a window is cut: its slices lie on whole multiples of their width.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slices {
    pub(crate) window: Duration,
    pub(crate) buckets: u32,
}

impl Slices {
    fn width(self) -> u64 {
        (millis(self.window) / u64::from(self.count())).max(1)
    }

    fn count(self) -> u32 {
        self.buckets.clamp(1, MOST_BUCKETS)
    }
}

impl Window {
    /// Counts one event: so much in each column.
    #[inline(always)]
    pub(crate) fn add(&mut self, slices: Slices, now: Instant, columns: [u32; COLUMNS]) {
        self.advance(slices, now);
        if let Some(bucket) = self.buckets.get_mut(self.at) {
            add(bucket, &columns);
        }
    }

    /// The sums over the window.
    pub(crate) fn sums(&mut self, slices: Slices, now: Instant) -> [u32; COLUMNS] {
        self.advance(slices, now);
        let mut sums = [0; COLUMNS];
        self.buckets.iter().for_each(|bucket| add(&mut sums, bucket));
        sums
    }

    #[inline(always)]
    fn advance(&mut self, slices: Slices, now: Instant) {
        if now >= self.ends {
            self.advance_to(slices, now.as_millis() / slices.width());
        }
    }

    fn advance_to(&mut self, slices: Slices, target: u64) {
        let count = slices.count() as usize;
        let passed = usize::try_from(target.saturating_sub(self.head)).unwrap_or(count).min(count);
        for _ in 0..passed {
            self.at = (self.at + 1) % count;
            if let Some(bucket) = self.buckets.get_mut(self.at) {
                *bucket = [0; COLUMNS];
            }
        }
        self.stand(target, slices.width());
    }

    fn stand(&mut self, head: u64, width: u64) {
        self.head = head;
        self.ends = Instant::from_millis(head.saturating_add(1).saturating_mul(width));
    }
}

#[inline(always)]
fn add(sums: &mut [u32; COLUMNS], more: &[u32; COLUMNS]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.saturating_add(*more);
    }
}

#[cfg(test)]
mod tests;
