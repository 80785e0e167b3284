//! The whole vocabulary on one screen: what the machine tells the host to do, and what the host tells the machine.

pub(crate) mod key;
mod reply;
mod verdict;

use core::time::Duration;

use crate::names::named;
use crate::policy::approval::{Decision, Digest};
use crate::policy::failure::Failure;
use crate::policy::limits::Usage;
use crate::seed::NoRandomness;
use crate::stored::stored;
use crate::time::Instant;

pub use key::{Key, KeySource};
pub use reply::{Reply, ReplyKind, Risk, ToolCall};
pub use verdict::{End, Raised, StopReason, Verdict};

/// Names one attempt, wait, switch, rebuild or approval of a turn: from one counter, never used twice.
pub type Id = u32;

/// A place in the chain of routes; 0 is the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteId(pub u8);

/// What is to be attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Model request number `step` of the turn, from 1; `with_tools` is false for the last one of a turn that must end in words.
    Model {
        /// Counts from 1.
        step: u32,
        /// Whether the model may ask for tools.
        with_tools: bool,
    },
    /// Tool call number `index` of the model's last reply, from 0.
    Tool {
        /// Counts from 0.
        index: u32,
    },
    /// Any function.
    Function,
}

stored! { enum Work { Model { step, with_tools }, Tool { index }, Function } }

/// One request to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// What to report it under.
    pub id: Id,
    /// Whom to ask; `None` for tools and for calls without routes.
    pub route: Option<RouteId>,
    /// The generation of the route's client that is meant.
    pub client: u32,
    /// What to do.
    pub work: Work,
    /// Which attempt on this route in this call, from 1.
    pub number: u32,
    /// How long it may take.
    pub timeout: Duration,
    /// Until when it may run.
    pub until: Instant,
    /// How long until the first meaningful progress; only for attempts that are streams.
    pub first_progress: Option<Duration>,
    /// How long between two meaningful chunks; only for attempts that are streams.
    pub idle: Option<Duration>,
    /// What its idempotency key is made of: the same on every attempt of the call.
    pub key: KeySource,
}

impl Attempt {
    /// Makes the idempotency key: the same on every attempt of the call, and on no other call.
    ///
    /// # Errors
    /// [`NoRandomness`], in a session without a seed, outside of a run with an id.
    pub fn idempotency_key(&self) -> Result<Key, NoRandomness> {
        self.key.key()
    }
}

/// What the host is to do next. A host that meets a command it does not know raises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Make this request, then report `Succeeded`, `Replied` or `Failed`.
    Attempt(Attempt),
    /// Sleep `delay`, then report `Waited`. Before `Taken` the delay is said whole, as it was decided, however late it is asked
    /// for; afterwards it is what is left of it. With `WaitWhy::Running` (id 0) wait for a report instead, until `until` at most.
    Wait {
        /// What to report it under; 0 while attempts are running.
        id: Id,
        /// How long.
        delay: Duration,
        /// Until when; [`Instant::NEVER`] if only a report can end it.
        until: Instant,
        /// Why.
        why: WaitWhy,
    },
    /// Make this route's client ready, then report `Ready` or `NotReady`.
    Switch {
        /// What to report it under.
        id: Id,
        /// Whose client.
        route: RouteId,
        /// Until when it may take.
        until: Instant,
        /// Why.
        why: SwitchWhy,
    },
    /// Close this route's client and make it again, then report `Ready` or `NotReady`.
    Rebuild {
        /// What to report it under.
        id: Id,
        /// Whose client.
        route: RouteId,
        /// The generation that failed.
        client: u32,
        /// Until when it may take.
        until: Instant,
    },
    /// Ask a person whether tool call `index` may run, then report `Decided`.
    AskApproval {
        /// What to report it under.
        id: Id,
        /// Which tool call of the model's last reply.
        index: u32,
        /// What the decision will be bound to.
        digest: Digest,
        /// When silence becomes `expired`.
        until: Instant,
    },
    /// Stop what was taken under this id and drop whatever it still brings; acknowledge with `Taken`.
    Cancel {
        /// What to stop.
        id: Id,
        /// Why.
        why: CancelWhy,
    },
    /// It is over.
    Finish(Verdict),
}

impl Command {
    /// What is to be acknowledged with [`Event::Taken`].
    #[must_use]
    pub const fn to_take(&self) -> Option<Id> {
        match self {
            Self::Attempt(attempt) => Some(attempt.id),
            Self::Switch { id, .. }
            | Self::Rebuild { id, .. }
            | Self::AskApproval { id, .. }
            | Self::Cancel { id, .. } => Some(*id),
            // While attempts run there is nothing to begin.
            Self::Wait { why: WaitWhy::Running, .. } | Self::Finish(_) => None,
            Self::Wait { id, .. } => Some(*id),
        }
    }
}

named! {
    /// Why the host is to wait.
    pub enum WaitWhy {
        /// Before the same route is asked again.
        Backoff = "backoff",
        /// After a rebuild, for the new client to settle.
        Rebuilt = "rebuilt",
        /// Every route is in cooldown; the first one comes back then.
        Cooldown = "cooldown",
        /// Every route's breaker is open; the first one half-opens then.
        Breaker = "breaker",
        /// Another call is making this route's client ready.
        Activating = "activating",
        /// Something that was taken is under way.
        Running = "running",
    }
}

named! {
    /// Why a route's client is to be made ready.
    pub enum SwitchWhy {
        /// The call or the turn begins there.
        Begin = "begin",
        /// The route before it failed.
        Fallback = "fallback",
    }
}

named! {
    /// Why something is to be stopped.
    pub enum CancelWhy {
        /// Its own limit has passed.
        TimedOut = "timed_out",
        /// The turn's deadline has passed, or the turn is over.
        Deadline = "deadline",
        /// Something else made it needless.
        Superseded = "superseded",
    }
}

/// What the host reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// "I am doing it", or, for a `Cancel`, "I have stopped it".
    Taken(Id),
    /// The attempt worked.
    Succeeded(Id),
    /// The model request worked and brought this.
    Replied {
        /// The attempt.
        id: Id,
        /// What it brought.
        reply: Reply<'a>,
        /// What it used.
        usage: Usage,
    },
    /// The attempt failed.
    Failed {
        /// The attempt.
        id: Id,
        /// How.
        failure: Failure,
        /// What it has used of the model; a part that is not known stays unknown. `None` where the host cannot say: then an attempt
        /// that the provider refused before anything came has used nothing, and of all others nobody knows.
        spent: Option<Usage>,
    },
    /// A stream brought something; keep-alives, role-only and usage-only chunks are not meaningful.
    Progress {
        /// The attempt.
        id: Id,
        /// Whether it was part of an answer.
        meaningful: bool,
        /// What the stream says to have used so far, where it does: that counts if it ends without an answer.
        usage: Option<Usage>,
    },
    /// The wait is over.
    Waited(Id),
    /// The client is ready.
    Ready(Id),
    /// The client could not be made.
    NotReady(Id),
    /// A person decided.
    Decided {
        /// The request for approval.
        id: Id,
        /// What was decided.
        decision: Decision,
        /// For which arguments: another digest than the one asked for changes nothing.
        digest: Digest,
    },
    /// The host dropped or cancelled what it had taken: permits go back, nothing is counted.
    Abandoned(Id),
    /// The host starts from a snapshot after a death: what was taken but not reported has an unknown outcome.
    Interrupted,
}

/// Whether an event meant anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Handled {
    /// It did.
    Accepted,
    /// It came too late, or names nothing that is waited for: nothing has changed, and the host drops its value.
    Stale,
}

impl Handled {
    /// Whether it was accepted.
    pub fn accepted(self) -> bool {
        self == Self::Accepted
    }
}

named! {
    /// Whether a call may be made twice.
    pub enum Replay {
        /// Making it twice does no harm: model requests, `retry`, `fallback`, tools declared so.
        Idempotent = "idempotent",
        /// The other end recognises a repetition by the idempotency key.
        Keyed = "keyed",
        /// It must not be made twice: tools, unless declared otherwise.
        Once = "once",
    }
}
