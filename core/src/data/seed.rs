//! The randomness of the process: drawn from the operating system once, when it is first used.
//!
//! No lock guards it, for a fork could copy one that is held. Each word is written once, by whoever draws it first.

use core::fmt;

use crate::rng::Rng;

/// The operating system gives no randomness, of which the idempotency keys of a session without a seed are made.
///
/// A platform that forbids it outside of a request, as Workers do, gives it within one: a key that could not be made can be read
/// again later. A turn with a run id ([`Scope::set_run_id`](crate::Scope::set_run_id)) needs none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no idempotency key: the system gives no randomness here; read it within a request, or use a run id",
        )
    }
}

impl core::error::Error for NoRandomness {}

/// Draws of turn `number` of this process. Without randomness they are those of any process: a wait is no secret.
pub(crate) fn rng(number: u64) -> Rng {
    let seed = source::of_draws().unwrap_or_default();
    Rng::new(seed, number)
}

pub(crate) use source::{next_turn, secret};

#[cfg(feature = "getrandom")]
mod source {
    use core::sync::atomic::{AtomicU64, Ordering};

    use super::NoRandomness;

    /// The secret that keys are made of; a word is 0 until it is drawn.
    static SECRET: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

    /// What waits are drawn from. It is another word, because waits can be watched.
    static DRAWS: AtomicU64 = AtomicU64::new(0);

    /// Tells this process from those that it is a copy of: its number, and bits of its own.
    static COPY: AtomicU64 = AtomicU64::new(0);

    static TURNS: AtomicU64 = AtomicU64::new(0);

    /// No system numbers its processes beyond this.
    const PROCESS: u64 = (1 << 22) - 1;

    /// The number of the next turn of this process: no two turns have the same one, of whatever session or copy of a session.
    pub(crate) fn next_turn() -> u64 {
        TURNS.fetch_add(1, Ordering::Relaxed)
    }

    /// What the keys of this process come from.
    pub(crate) fn secret() -> Result<[u64; 5], NoRandomness> {
        let [first, second, third, fourth] = &SECRET;
        Ok([word(first)?, word(second)?, word(third)?, word(fourth)?, copy()?])
    }

    pub(super) fn of_draws() -> Result<u64, NoRandomness> {
        Ok(word(&DRAWS)? ^ copy()?)
    }

    fn word(place: &AtomicU64) -> Result<u64, NoRandomness> {
        match place.load(Ordering::Acquire) {
            0 => replace(place, 0, drawn()?.max(1)),
            known => Ok(known),
        }
    }

    fn copy() -> Result<u64, NoRandomness> {
        let (known, process) = (COPY.load(Ordering::Acquire), process());
        if known & PROCESS == process { Ok(known) } else { replace(&COPY, known, drawn()? & !PROCESS | process) }
    }

    /// Of several threads that draw at once one is first, and all go by what it has drawn.
    fn replace(place: &AtomicU64, known: u64, drawn: u64) -> Result<u64, NoRandomness> {
        match place.compare_exchange(known, drawn, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(drawn),
            Err(first) => Ok(first),
        }
    }

    fn drawn() -> Result<u64, NoRandomness> {
        getrandom::u64().map_err(|_| NoRandomness)
    }

    /// The number of the process, never 0. It is asked each time: the child of a fork has another one.
    fn process() -> u64 {
        #[cfg(all(feature = "std", not(target_family = "wasm")))]
        let number = u64::from(std::process::id()) & PROCESS;
        // Without forks there is one.
        #[cfg(not(all(feature = "std", not(target_family = "wasm"))))]
        let number = 1;
        number.max(1)
    }
}

#[cfg(not(feature = "getrandom"))]
mod source {
    use core::sync::atomic::{AtomicUsize, Ordering};

    use super::NoRandomness;

    static TURNS: AtomicUsize = AtomicUsize::new(0);

    pub(crate) fn next_turn() -> u64 {
        u64::try_from(TURNS.fetch_add(1, Ordering::Relaxed)).unwrap_or_default()
    }

    pub(crate) const fn secret() -> Result<[u64; 5], NoRandomness> {
        Err(NoRandomness)
    }

    pub(super) const fn of_draws() -> Result<u64, NoRandomness> {
        Err(NoRandomness)
    }
}

#[cfg(all(test, feature = "getrandom", feature = "std"))]
mod tests;
