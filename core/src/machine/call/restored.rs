//! A call that is restored: on another clock, and over another chain, where routes are known by their names and one that is gone
//! is forgotten.

use core::time::Duration;

use super::{Call, InFlight, State, Then};
use crate::command::{RouteId, WaitWhy};
use crate::policy::deadline::Allowance;
use crate::session::Ticket;
use crate::time::Instant;

impl InFlight {
    fn shift(&mut self, moved: impl Fn(Instant) -> Instant) {
        if let Some(ticket) = &mut self.ticket {
            (ticket.admitted, ticket.answered) = (moved(ticket.admitted), moved(ticket.answered));
        }
        self.started = moved(self.started);
        self.progress = self.progress.map(&moved);
        let Allowance { total, cut } = self.allowance;
        self.allowance = Allowance { total: moved(total), cut: moved(cut) };
        self.hedge_at = moved(self.hedge_at);
    }
}

impl Call {
    /// Says of every route where it is now. Returns whether a request that was under way is forgotten with its route.
    pub(crate) fn reroute(&mut self, now_at: &dyn Fn(RouteId) -> Option<RouteId>) -> bool {
        let had_one = self.leg.route.is_some();
        self.leg.route = self.leg.route.and_then(now_at);
        (self.tried, self.ask.streams) = (self.tried.rerouted(now_at), self.ask.streams.rerouted(now_at));
        let moved = |ticket: Ticket| ticket.rerouted(now_at);
        self.leg.failed_with = self.leg.failed_with.and_then(moved);
        self.hedge.0 = self.hedge.take().and_then(|mut hedge| {
            hedge.attempt.ticket = hedge.attempt.ticket.and_then(moved);
            hedge.route = now_at(hedge.route)?;
            Some(hedge)
        });
        let is_gone = had_one && self.leg.route.is_none();
        let kept = match &mut self.state {
            State::Attempt(attempt) => {
                attempt.ticket = attempt.ticket.and_then(moved);
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
        let was_asked = matches!(self.state, State::Attempt(attempt) if attempt.taken);
        // A wait that is over: what follows is chosen anew from the chain of today.
        let (id, until) = (self.current().unwrap_or_default(), Instant::ZERO);
        let (delay, why, then) = (Duration::ZERO, WaitWhy::Backoff, Then::Choose);
        self.state = State::Wait { id, until, delay, why, then, taken: false };
        self.hedge.0 = None;
        was_asked
    }

    /// On another clock.
    pub(crate) fn shift(&mut self, moved: impl Fn(Instant) -> Instant + Copy) {
        self.leg.stated_until = moved(self.leg.stated_until);
        let held = match &mut self.state {
            State::Switch { ticket, .. } => Some(ticket),
            _ => None,
        };
        for ticket in held.into_iter().chain(&mut self.leg.failed_with) {
            (ticket.admitted, ticket.answered) = (moved(ticket.admitted), moved(ticket.answered));
        }
        if let Some(hedge) = self.hedge.as_deref_mut() {
            hedge.attempt.shift(moved);
        }
        match &mut self.state {
            State::Over(verdict) => verdict.retry_at = verdict.retry_at.map(moved),
            State::Attempt(attempt) => attempt.shift(moved),
            State::Wait { until, .. } | State::Rebuild { until, .. } | State::Switch { until, .. } => {
                *until = moved(*until)
            }
            State::Fresh => {}
        }
    }
}
