//! A call that is restored: on another clock, and over another chain, where routes are known by their names and one that is gone
//! is forgotten.

use super::*;

impl Call {
    /// Says of every route where it is now. Returns whether a request that was under way is forgotten with its route.
    pub(crate) fn reroute(&mut self, now_at: &dyn Fn(RouteId) -> Option<RouteId>) -> bool {
        let had_one = self.route.is_some();
        self.route = self.route.and_then(now_at);
        (self.tried, self.streams) = (self.tried.rerouted(now_at), self.streams.rerouted(now_at));
        self.failed_with = self.failed_with.and_then(|ticket| ticket.rerouted(now_at));
        let is_gone = had_one && self.route.is_none();
        let kept = match &mut self.state {
            State::Attempt(running) => {
                running.ticket = running.ticket.and_then(|ticket| ticket.rerouted(now_at));
                !is_gone
            }
            State::Wait { then, .. } => {
                if is_gone {
                    *then = Then::Choose;
                }
                true
            }
            State::Rebuild { route, .. } => now_at(*route).map(|found| *route = found).is_some(),
            State::Switch { route, ticket, .. } => match (now_at(*route), ticket.rerouted(now_at)) {
                (Some(found), Some(permit)) => {
                    (*route, *ticket) = (found, permit);
                    true
                }
                _ => false,
            },
            State::Fresh | State::Over(_) => true,
        };
        if kept {
            return false;
        }
        let was_asked = matches!(self.state, State::Attempt(running) if running.taken);
        // A wait that is over: what follows is chosen anew from the chain of today.
        let (id, until) = (self.current().unwrap_or_default(), Instant::ZERO);
        self.state = State::Wait { id, until, why: WaitWhy::Backoff, then: Then::Choose };
        was_asked
    }

    /// On another clock.
    pub(crate) fn shift(&mut self, moved: impl Fn(Instant) -> Instant) {
        self.own_rest = moved(self.own_rest);
        let held = match &mut self.state {
            State::Switch { ticket, .. } => Some(ticket),
            _ => None,
        };
        for ticket in held.into_iter().chain(&mut self.failed_with) {
            (ticket.admitted, ticket.answered) = (moved(ticket.admitted), moved(ticket.answered));
        }
        match &mut self.state {
            State::Over(verdict) => verdict.retry_at = verdict.retry_at.map(&moved),
            State::Attempt(running) => running.shift(moved),
            State::Wait { until, .. } | State::Rebuild { until, .. } | State::Switch { until, .. } => {
                *until = moved(*until)
            }
            State::Fresh => {}
        }
    }
}
