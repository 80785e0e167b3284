//! The part of a call on one route. A new route is a new leg: to construct one is the reset.

use core::time::Duration;

use super::attempt::InFlight;
use crate::command::RouteId;
use crate::policy::failure::Failure;
use crate::session::Ticket;
use crate::stored::stored;
use crate::time::Instant;

/// What a call did on its present route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leg {
    /// `None` for tools, for calls without routes, and before the first attempt.
    pub(super) route: Option<RouteId>,
    /// Attempts on it.
    pub(super) attempts: u32,
    /// Those of them that were made before a new client began them anew.
    before_round: u32,
    /// Whether the one repetition that `Again::Once` allows is used up.
    pub(super) repeated: bool,
    /// Whether its client was made again: it is not a second time, and but for a new round one more attempt is left.
    pub(super) rebuilt: bool,
    /// The last backoff.
    pub(super) backoff: Option<Duration>,
    /// The generation of the client that failed last.
    pub(super) client: u32,
    /// Until when the provider asked this call not to come back.
    pub(super) stated_until: Instant,
    /// The ticket of the attempt that failed last, until the ladder leaves the route.
    pub(super) failed_with: Option<Ticket>,
}

stored! { Leg { route, attempts, before_round, repeated, rebuilt, backoff, client, stated_until, failed_with } }

impl Leg {
    /// Where nothing has been asked yet.
    pub(super) const fn on(route: Option<RouteId>) -> Self {
        Self {
            route,
            attempts: 0,
            before_round: 0,
            repeated: false,
            rebuilt: false,
            backoff: None,
            client: 0,
            stated_until: Instant::ZERO,
            failed_with: None,
        }
    }

    /// Attempts since the client was last made again for a new round.
    pub(super) const fn in_round(&self) -> u32 {
        self.attempts.saturating_sub(self.before_round)
    }

    /// All attempts that the policy allows are there again.
    pub(super) const fn begin_round(&mut self) {
        (self.before_round, self.repeated, self.backoff) = (self.attempts, false, None);
    }

    pub(super) fn failed(&mut self, attempt: &InFlight, failure: Failure, now: Instant) {
        self.client = attempt.client;
        self.failed_with = attempt.ticket;
        if let Some(stated) = failure.stated() {
            self.stated_until = self.stated_until.max(now + stated);
        }
    }
}
