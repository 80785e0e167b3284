//! Randomness is only ever passed in: a seed of 64 bits, and a generator that is the same on every target.

use crate::stored::stored;

/// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014): one word of state, no tables,
/// good enough to spread waits, and not for secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rng(u64);

stored! { Rng(_) }

impl Rng {
    /// A generator for one turn: equal seeds and turn numbers give equal draws.
    #[must_use]
    pub fn new(seed: u64, turn: u64) -> Self {
        Self(mix(seed ^ mix(turn.wrapping_add(GOLDEN))))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// Uniform in `low..=high`; `low` when the range is empty.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        let Some(width) = high.checked_sub(low) else { return low };
        let draw = u128::from(self.next_u64()) * (u128::from(width) + 1);
        low.saturating_add(u64::try_from(draw >> 64).unwrap_or(width))
    }
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of SplitMix64. It can be undone: nothing secret may go through it alone.
pub(crate) const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests;
