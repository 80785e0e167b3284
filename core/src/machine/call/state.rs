//! Where a call stands.

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Fresh,
    Attempt(Running),
    Wait { id: Id, until: Instant, why: WaitWhy, then: Then },
    Rebuild { id: Id, route: RouteId, client: u32, until: Instant, taken: bool, settle: bool },
    Switch { id: Id, route: RouteId, ticket: Ticket, until: Instant, taken: bool, why: SwitchWhy },
    Over(Verdict),
}

stored! {
    enum State {
        Fresh,
        Attempt(running),
        Wait { id, until, why, then },
        Rebuild { id, route, client, until, taken, settle },
        Switch { id, route, ticket, until, taken, why },
        Over(verdict),
    }
}

/// What follows a wait. It is decided anew when the wait ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    SameRoute,
    Choose,
    /// The same route, if another call has made this client of it again by then.
    Newer {
        client: u32,
    },
}

stored! { enum Then { SameRoute, Choose, Newer { client } } }

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Running {
    pub(super) id: Id,
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
}

stored! { Running { id, client, ticket, started, allowance, first_progress, idle, progress, taken, hedge_at, hedged } }

impl Running {
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
}
