//! What the idempotency keys of a turn are made of: the secret of its process, the seed of its session, or its run.

use alloc::vec::Vec;

use crate::command::key::{KeySource, Kind, Origin, Secret, hash};
use crate::command::{Id, Work};
use crate::policy::Invalid;
use crate::policy::approval::Digest;
use crate::stored::stored;

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

#[cfg(test)]
mod tests;
