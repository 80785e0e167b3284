//! Idempotency keys: what they come from, and how one is made when it is read.
//!
//! With the feature `digest` every step is SHA-256, so from a key nothing else can be derived: not the secret of its turn, and so no
//! other key.

use alloc::vec::Vec;
use core::fmt;

use crate::command::{Id, Work};
use crate::policy::Invalid;
use crate::policy::approval::Digest;
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
    origin: Origin,
    kind: Kind,
    number: u32,
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
enum Kind {
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
enum Origin {
    /// The secret of the process, and the turn's number in it.
    Process { turn: u64 },
    /// The seed of the session, and the turn's number and epoch in it: both repeat.
    Seed { seed: u64, turn: u64 },
    /// What a snapshot or a run id brought.
    Known { secret: Secret },
}

stored! { enum Origin { Process { turn }, Seed { seed, turn }, Known { secret } } }

impl Origin {
    fn of_process() -> Self {
        Self::Process { turn: next_turn() }
    }

    /// A session that was restored may count turns again that were begun after it was stored: its epoch tells them apart.
    const fn of_seed(seed: u64, turn: u64, epoch: u32) -> Self {
        Self::Seed { seed, turn: mix(turn) ^ (epoch as u64) << 32 }
    }

    fn secret(self) -> Result<Secret, NoRandomness> {
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
struct Secret([u64; 2]);

stored! { Secret(_) }

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What the keys of a turn are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    origin: Origin,
    run: Option<Run>,
}

stored! { Keys { origin, run } }

/// A run that was given an id: what tells its calls apart does not change when it is run again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    secret: Secret,
    /// The first ids of its functions, in order.
    functions: Vec<Id>,
    /// Each tool call that was let run: its name and arguments.
    tools: Vec<Secret>,
}

stored! { Run { secret, functions, tools } }

impl Keys {
    /// For turn number `turn` of a session with this seed, or of one that goes by the secret of the process.
    pub(crate) fn new(seed: Option<u64>, turn: u64, epoch: u32) -> Self {
        let origin = seed.map_or_else(Origin::of_process, |seed| Origin::of_seed(seed, turn, epoch));
        Self { origin, run: None }
    }

    pub(crate) fn set_run_id(&mut self, id: &str) -> Result<(), Invalid> {
        if id.is_empty() {
            return Err(Invalid::new("run_id", "\"\"", "a text that no other run has"));
        }
        self.run = Some(Run { secret: hash("run", &[], &[id.as_bytes()]), functions: Vec::new(), tools: Vec::new() });
        Ok(())
    }

    /// A function begins with this id: in a run it is told apart by how many began before it.
    #[inline(always)]
    pub(crate) fn begun(&mut self, work: Work, first: Id) {
        if let (Some(run), Work::Function) = (&mut self.run, work) {
            run.functions.push(first);
        }
    }

    /// A tool call is let run: in a run it is told apart by its name, its arguments, and how often they came.
    pub(crate) fn tool(&mut self, name: &str, arguments: Option<Digest>) -> Option<KeySource> {
        let run = self.run.as_mut()?;
        let (Secret([first, second]), Digest(digest)) = (run.secret, arguments?);
        let secret = hash("tool", &[first, second], &[&digest, name.as_bytes()]);
        run.tools.push(secret);
        let times = run.tools.iter().filter(|known| **known == secret).count();
        let number = u32::try_from(times).unwrap_or(u32::MAX);
        Some(KeySource { origin: Origin::Known { secret }, kind: Kind::Tool, number })
    }

    /// What the key of the call whose first id this is will be made of.
    pub(crate) fn source(&self, work: Work, first: Id) -> KeySource {
        let of_run = |run: &Run, kind, number| KeySource { origin: Origin::Known { secret: run.secret }, kind, number };
        match (&self.run, work) {
            (Some(run), Work::Model { step, .. }) => of_run(run, Kind::Model, step),
            (Some(run), Work::Function) => {
                let before = run.functions.iter().take_while(|begun| **begun != first).count();
                of_run(run, Kind::Function, u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1))
            }
            // A tool call of a run has a source of its own.
            _ => KeySource { origin: self.origin, kind: Kind::Call, number: first },
        }
    }

    /// Another process goes on with the turn: it takes what its keys are made of along, and nothing that others are made of.
    pub(crate) fn stand_alone(&mut self) {
        if let (Origin::Process { .. }, Ok(secret)) = (self.origin, self.origin.secret()) {
            self.origin = Origin::Known { secret };
        }
    }

    /// What a snapshot could not take along is made anew: the number of a turn in another process means another turn here.
    pub(crate) fn restored(&mut self) {
        if let Origin::Process { .. } = self.origin {
            self.origin = Origin::of_process();
        }
    }

    /// The process was copied, and both copies go on: other requests, other keys. A run is what its caller says that it is.
    pub(crate) fn forked(&mut self, seed: Option<u64>, epoch: u32) {
        let (Origin::Process { turn } | Origin::Seed { turn, .. } | Origin::Known { secret: Secret([turn, _]) }) =
            self.origin;
        self.origin = seed.map_or_else(Origin::of_process, |seed| Origin::of_seed(seed, turn, epoch));
    }
}

/// The first half of SHA-256 over a label, numbers, and parts of which all but the last have a fixed length.
#[cfg(feature = "digest")]
fn hash(label: &str, words: &[u64], parts: &[&[u8]]) -> Secret {
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
fn hash(label: &str, words: &[u64], parts: &[&[u8]]) -> Secret {
    let bytes = words.iter().flat_map(|word| word.to_be_bytes());
    let bytes = label.bytes().chain(bytes).chain(parts.iter().flat_map(|part| part.iter().copied()));
    let [first, second] = bytes.fold([1, 2], |halves, byte| halves.map(|half| mix(half ^ u64::from(byte))));
    Secret([first, mix(first ^ second)])
}

#[cfg(test)]
mod tests;
