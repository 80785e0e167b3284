//! An idempotency key, and what it is made of when it is read.
//!
//! With the feature `digest` every step is SHA-256, so from a key nothing else can be derived: not the secret of its turn, and so no
//! other key.

use core::fmt;

use crate::rng::mix;
use crate::seed::{NoRandomness, next_turn, secret};
use crate::stored::stored;

/// Lets the other end recognise a repetition: the same for every attempt of one call, and for no other call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(pub u64, pub u64);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failsoft-{:016x}{:016x}", self.0, self.1)
    }
}

/// What an idempotency key is made of. Plain numbers that stand in each attempt; [`KeySource::key`] makes the key when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySource {
    pub(crate) origin: Origin,
    pub(crate) kind: Kind,
    pub(crate) number: u32,
}

stored! { KeySource { origin, kind, number } }

impl KeySource {
    /// Makes the key. It is the same whenever it is made in this process.
    ///
    /// # Errors
    /// [`NoRandomness`], in a session without a seed, outside of a run with an id.
    pub fn key(self) -> Result<Key, NoRandomness> {
        let Secret([first, second]) = self.origin.secret()?;
        let number = u64::from(self.number) << 8 | self.kind as u64;
        let Secret([first, second]) = hash("key", &[first, second, number], &[]);
        Ok(Key(first, second))
    }

    /// The same as three numbers, to carry it across a language border.
    #[must_use]
    pub const fn to_words(self) -> [u64; 3] {
        let (origin, [first, second]) = match self.origin {
            Origin::Process { turn } => (0, [turn, 0]),
            Origin::Seed { seed, turn } => (1, [seed, turn]),
            Origin::Known { secret: Secret(words) } => (2, words),
        };
        [first, second, (self.number as u64) << 8 | (self.kind as u64) << 4 | origin]
    }

    /// From what [`KeySource::to_words`] brought.
    #[must_use]
    pub const fn from_words([first, second, rest]: [u64; 3]) -> Self {
        let origin = match rest & 0xf {
            0 => Origin::Process { turn: first },
            1 => Origin::Seed { seed: first, turn: second },
            _ => Origin::Known { secret: Secret([first, second]) },
        };
        let kind = match rest >> 4 & 0xf {
            0 => Kind::Call,
            1 => Kind::Model,
            2 => Kind::Function,
            _ => Kind::Tool,
        };
        #[expect(clippy::cast_possible_truncation, reason = "it came from 32 bits")]
        let number = (rest >> 8) as u32;
        Self { origin, kind, number }
    }
}

/// What a key is told apart by within its turn or run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first id of a call, where no run id was given.
    Call,
    /// A model request of a run, by its step.
    Model,
    /// Which function of a run it is, from 1.
    Function,
    /// How often the run has called the same tool with the same arguments, this time included.
    Tool,
}

stored! { enum Kind { Call, Model, Function, Tool } }

/// Where the keys of a turn come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The secret of the process, and the turn's number in it.
    Process { turn: u64 },
    /// The seed of the session, and the turn's number and epoch in it: both repeat.
    Seed { seed: u64, turn: u64 },
    /// What a snapshot or a run id brought.
    Known { secret: Secret },
}

stored! { enum Origin { Process { turn }, Seed { seed, turn }, Known { secret } } }

impl Origin {
    pub(crate) fn of_process() -> Self {
        Self::Process { turn: next_turn() }
    }

    /// A session that was restored may count turns again that were begun after it was stored: its epoch tells them apart.
    pub(crate) const fn of_seed(seed: u64, turn: u64, epoch: u32) -> Self {
        Self::Seed { seed, turn: mix(turn) ^ (epoch as u64) << 32 }
    }

    pub(crate) fn secret(self) -> Result<Secret, NoRandomness> {
        Ok(match self {
            Self::Process { turn } => {
                let [first, second, third, fourth, copy] = secret()?;
                hash("turn", &[first, second, third, fourth, copy, turn], &[])
            }
            Self::Seed { seed, turn } => hash("seed", &[seed, turn], &[]),
            Self::Known { secret } => secret,
        })
    }
}

/// What keys are made of, and what is not shown in logs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) [u64; 2]);

stored! { Secret(_) }

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The first half of SHA-256 over a label, numbers, and parts of which all but the last have a fixed length.
#[cfg(feature = "digest")]
pub(crate) fn hash(label: &str, words: &[u64], parts: &[&[u8]]) -> Secret {
    use sha2::Digest as _;
    let mut hash = sha2::Sha256::new();
    hash.update(label.as_bytes());
    words.iter().for_each(|word| hash.update(word.to_be_bytes()));
    parts.iter().for_each(|part| hash.update(part));
    let digest: [u8; 32] = hash.finalize().into();
    let half = |from: usize| digest.iter().skip(from).take(8).fold(0, |word, byte| word << 8 | u64::from(*byte));
    Secret([half(0), half(8)])
}

/// The bare core depends on nothing: its keys are told apart as well, but whoever sees one may find out others.
#[cfg(not(feature = "digest"))]
pub(crate) fn hash(label: &str, words: &[u64], parts: &[&[u8]]) -> Secret {
    let bytes = words.iter().flat_map(|word| word.to_be_bytes());
    let bytes = label.bytes().chain(bytes).chain(parts.iter().flat_map(|part| part.iter().copied()));
    let [first, second] = bytes.fold([1, 2], |halves, byte| halves.map(|half| mix(half ^ u64::from(byte))));
    Secret([first, mix(first ^ second)])
}
