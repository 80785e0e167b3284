//! Choices: all of them follow from one seed.

use failsoft::rng::Rng;

/// Where all chance comes from.
#[derive(Debug, Clone)]
pub struct Dice(Rng);

/// The longest span of a policy: 30 days.
pub const LONGEST: u64 = 30 * 24 * 3_600_000;

impl Dice {
    /// The choices of script `number` under this seed.
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Self {
        Self(Rng::new(seed, number))
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from `low` to `high`, both included.
    pub fn from_to(&mut self, low: u64, high: u64) -> u64 {
        self.0.within(low, high)
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.0.within(1, times) == 1
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let last = u64::try_from(of.len()).unwrap_or(1).saturating_sub(1);
        of[usize::try_from(self.0.within(0, last)).unwrap_or(0)]
    }

    /// Milliseconds from `low` to `high`, and now and then anything up to 30 days: numbers that do not fit into thousandths.
    pub fn span(&mut self, low: u64, high: u64) -> u64 {
        if self.once_in(16) { self.from_to(low, LONGEST) } else { self.from_to(low, high) }
    }

    /// Such a span, or none.
    pub fn maybe_span(&mut self, low: u64, high: u64) -> Option<u64> {
        (!self.once_in(3)).then(|| self.span(low, high))
    }
}
