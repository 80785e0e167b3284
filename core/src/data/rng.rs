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

/// The finaliser of SplitMix64; also what makes idempotency keys out of numbers.
pub(crate) const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_within_and_reach_both_ends() {
        let mut rng = Rng::new(7, 1);
        let draws: alloc::vec::Vec<u64> = (0..200).map(|_| rng.within(3, 6)).collect();
        assert_eq!((draws.iter().min(), draws.iter().max()), (Some(&3), Some(&6)));
        assert_eq!((rng.within(9, 2), rng.within(5, 5)), (9, 5));
    }

    #[test]
    fn the_reference_values_of_splitmix64() {
        let mut rng = Rng(0);
        assert_eq!([rng.next_u64(), rng.next_u64()], [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4]);
    }
}
