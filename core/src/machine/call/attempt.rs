//! One attempt that is under way: its limits, and how far it has come.

use core::time::Duration;

use crate::command::Id;
use crate::policy::deadline::Allowance;
use crate::policy::failure::Phase;
use crate::policy::limits::Usage;
use crate::session::Ticket;
use crate::stored::stored;
use crate::time::Instant;

/// An attempt from the moment it is told to the host until its outcome is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InFlight {
    pub(super) id: Id,
    /// The generation of the route's client that it uses.
    pub(super) client: u32,
    pub(super) ticket: Option<Ticket>,
    pub(super) started: Instant,
    pub(super) allowance: Allowance,
    pub(super) first_progress: Option<Duration>,
    pub(super) idle: Option<Duration>,
    /// The last meaningful progress of a stream.
    pub(super) progress: Option<Instant>,
    pub(super) taken: bool,
    /// When it gets a second one beside it; [`Instant::NEVER`] before it is taken.
    pub(super) hedge_at: Instant,
    /// Whether it has had that, or is one.
    pub(super) hedged: bool,
    /// What a stream said to have used so far.
    pub(super) usage: Option<Usage>,
}

stored! {
    InFlight {
        id, client, ticket, started, allowance, first_progress, idle, progress, taken, hedge_at, hedged, usage
    }
}

impl InFlight {
    /// Whether it is a stream: only then has it limits of progress.
    pub(super) const fn is_streaming(&self) -> bool {
        self.first_progress.is_some()
    }

    /// When it is given up on, and how far it will have come by then.
    pub(super) fn expiry(&self) -> (Instant, Phase) {
        let whole = (self.allowance.until(), Phase::Total);
        match (self.progress, self.first_progress, self.idle) {
            (Some(last), _, Some(idle)) => (self.allowance.cut, Phase::Total).min((last + idle, Phase::Idle)),
            (None, Some(first), _) => whole.min((self.started + first, Phase::FirstProgress)),
            _ => whole,
        }
    }

    /// Whether a limit of its own ended it, and not a deadline. Of our limits only the total is ever cut short, and a stream
    /// that went on has none.
    pub(super) fn had_its_limit(&self, phase: Option<Phase>) -> bool {
        match phase {
            Some(Phase::FirstProgress | Phase::Idle) => true,
            Some(Phase::Total) if self.progress.is_some() => false,
            _ => self.allowance.is_full(),
        }
    }

    /// A stream brought a part of its answer. What it takes from here on is no slowness.
    pub(super) fn progressed(&mut self, now: Instant) {
        self.progress = Some(now);
        if let Some(ticket) = &mut self.ticket {
            ticket.answered = ticket.answered.min(now);
        }
    }
}
