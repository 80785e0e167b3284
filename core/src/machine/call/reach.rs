//! How a call reaches a route: its client is made ready, its permits are taken, the attempt begins.

use core::time::Duration;

use super::attempt::InFlight;
use super::ladder::wait_until;
use super::leg::Leg;
use super::routes::{self, PRIMARY};
use super::{Call, State, Then};
use crate::command::{End, Id, RouteId, SwitchWhy, WaitWhy};
use crate::machine::committed::Committed;
use crate::notice::{Skip, What};
use crate::policy::deadline::Allowance;
use crate::policy::fallback::FallbackScope;
use crate::scope::Context;
use crate::session::{LEASE_GRACE, Refusal, Ticket};
use crate::time::Instant;

/// The right to make an attempt on a route, and how long that may run.
#[derive(Clone, Copy)]
pub(super) struct Grant {
    ticket: Ticket,
    allowance: Allowance,
}

impl Call {
    // ---- A client is made. ----

    /// Towards a route: its client is made ready first, if it is not.
    pub(super) fn go(&mut self, cx: &mut Context<'_>, route: RouteId) -> State {
        let Some(ready) = cx.route(route).map(|state| state.ready) else { return self.over(cx, End::NoRoute) };
        if cx.is_activating(route) {
            return self.wait_for_client(cx, route, Then::Choose);
        }
        if cx.breakers_admit(route).is_err() {
            return self.over(cx, End::NoRoute);
        }
        let grant = self.grant(cx, route);
        if ready {
            return State::Attempt(self.arrive(cx, route, &grant));
        }
        let why = if self.failure.is_some() { SwitchWhy::Fallback } else { SwitchWhy::Begin };
        self.switch(cx, route, grant.ticket, why)
    }

    pub(super) fn switch(&mut self, cx: &mut Context<'_>, route: RouteId, ticket: Ticket, why: SwitchWhy) -> State {
        // Not tried yet, it is itself among the routes to come: what makes its client leaves its attempt a share.
        let until = self.allowance_for(cx, Some(route), self.leg.route).until();
        let id = cx.scope.next_id();
        cx.live.activating(route, until + LEASE_GRACE);
        if route == PRIMARY {
            // To look and find no client is to have looked.
            cx.scope.committed.looked(cx.now);
            cx.live.committed.looked(cx.now);
        }
        State::Switch { id, route, ticket, until, taken: false, why }
    }

    pub(super) fn switched(&mut self, cx: &mut Context<'_>, route: RouteId, ticket: Ticket) -> State {
        cx.live.made_ready(route);
        // The permit was held for the switch; the attempt gets one of its own, for its own time.
        cx.give_back(ticket);
        // Others have gone on meanwhile: the last attempt, or the time, may be used up.
        if let Some(over) = self.limit_reached(cx) {
            return self.stop_at(cx, over);
        }
        if self.leg.route == Some(route) {
            return self.same_route(cx);
        }
        let refusal = match cx.would_admit(route) {
            Err(refusal @ Refusal::Cooling(cooling)) if cooling.stated || self.routes().has_another(cx) => Err(refusal),
            _ => cx.breakers_admit(route),
        };
        if let Err(refusal) = refusal {
            self.note(cx, Some(route), refusal.skipped());
            return self.go_on(cx);
        }
        let grant = self.grant(cx, route);
        State::Attempt(self.arrive(cx, route, &grant))
    }

    /// The route counts as tried, nothing is counted against it, and the ladder goes on for the same failure.
    pub(super) fn not_switched(&mut self, cx: &mut Context<'_>, route: RouteId, ticket: Ticket) -> State {
        cx.live.not_activating(route);
        cx.give_back(ticket);
        self.note(cx, Some(route), What::NotReady);
        self.tried.insert(route);
        if self.leg.route == Some(route) { self.leave(cx) } else { self.go_on(cx) }
    }

    pub(super) fn rebuilt(&mut self, cx: &mut Context<'_>, route: RouteId, settle: bool) -> State {
        cx.live.made_ready(route);
        self.note(cx, Some(route), What::Rebuilt);
        let wait = if settle { cx.policy.recovery.settle_for(self.leg.attempts) } else { Duration::ZERO };
        if cx.now + wait >= self.allowance(cx).cut {
            return self.leave(cx);
        }
        if wait.is_zero() {
            return self.after_wait(cx, Then::SameRoute);
        }
        wait_until(cx, cx.now + wait, WaitWhy::Rebuilt, Then::SameRoute)
    }

    /// The old client is closed: whoever comes next has to make it ready first.
    pub(super) fn not_rebuilt(&mut self, cx: &mut Context<'_>, route: RouteId) -> State {
        cx.live.made_unready(route);
        self.note(cx, Some(route), What::NotRebuilt);
        if let Some(over) = self.limit_reached(cx) {
            return self.stop_at(cx, over);
        }
        self.leave(cx)
    }

    /// One more attempt with a client that another call has made again, or is about to have made again.
    pub(super) fn newer_client(&mut self, cx: &mut Context<'_>, client: u32) -> State {
        let Some((route, state)) = self.leg.route.and_then(|route| Some((route, cx.route(route)?))) else {
            return self.leave(cx);
        };
        if state.client > client {
            self.same_route(cx)
        } else if state.is_activating(cx.now) {
            self.wait_for_client(cx, route, Then::Newer { client })
        } else {
            self.leave(cx)
        }
    }

    // ---- An attempt begins. ----

    /// Commits to a route: the first attempt on it.
    pub(super) fn arrive(&mut self, cx: &mut Context<'_>, route: RouteId, grant: &Grant) -> InFlight {
        let moved = self.asked > 0 && self.leg.route != Some(route);
        self.leg = Leg::on(Some(route));
        self.waits.arrived();
        self.tried.insert(route);
        cx.scope.hedge_won = None;
        self.commit(cx, route);
        self.asked = self.asked.saturating_add(1);
        if moved || (self.first == 0 && route != PRIMARY && cx.scope.budget.attempts == 0) {
            self.note(cx, Some(route), What::MovedOn);
        }
        cx.deposit(route);
        self.attempt_on(cx, Some((route, grant)))
    }

    /// Calls to come begin here, those of this turn and, with that scope, those of the session.
    #[inline]
    pub(super) fn commit(&self, cx: &mut Context<'_>, route: RouteId) {
        if route == PRIMARY && cx.scope.committed.away.is_none() && cx.live.committed.away.is_none() {
            (cx.scope.committed.route, cx.live.committed.route) = (Some(route), Some(route));
            return;
        }
        let begins_at = self.routes().first(cx).filter(|begins_at| self.asked == 0 && *begins_at != route);
        if begins_at.and_then(|begins_at| self.routes().cannot_work(cx, begins_at)) == Some(Skip::ContextWindow) {
            // It is too large for that one, which says nothing about the calls to come.
            return;
        }
        let away = routes::committed(cx).away;
        let begins_there = route == PRIMARY && self.asked == 0;
        if begins_there && away.is_some() {
            self.note(cx, Some(route), What::Returned);
        }
        let since = |away: Option<Instant>| if route == PRIMARY { None } else { away.or(Some(cx.now)) };
        cx.scope.committed = Committed { route: Some(route), away: since(away) };
        if begins_there && cx.live.committed.away.is_some() {
            // One call looks; the session is back only when that works.
            cx.live.committed.away = Some(cx.now);
            return;
        }
        let session_wide = cx.policy.fallback.scope == FallbackScope::Session;
        let away = if session_wide { since(cx.live.committed.away) } else { None };
        cx.live.committed = Committed { route: Some(route), away };
    }

    /// One more attempt on the same route; its breaker is asked again, and a refusal goes to the next route. Its client may be
    /// gone since: a rebuild failed, or the process died.
    pub(super) fn same_route(&mut self, cx: &mut Context<'_>) -> State {
        let Some(route) = self.leg.route else { return State::Attempt(self.attempt_on(cx, None)) };
        let Some(ready) = cx.route(route).map(|state| state.ready) else { return self.leave(cx) };
        if cx.is_activating(route) {
            return self.wait_for_client(cx, route, Then::SameRoute);
        }
        if let Some(other) = self.cools_by_now(cx, route) {
            return other;
        }
        if let Err(refusal) = cx.breakers_admit(route) {
            self.note(cx, Some(route), refusal.skipped());
            return self.leave(cx);
        }
        let grant = self.grant(cx, route);
        if ready {
            State::Attempt(self.attempt_on(cx, Some((route, &grant))))
        } else {
            self.switch(cx, route, grant.ticket, SwitchWhy::Begin)
        }
    }

    /// Takes the permits of a route that was asked for them just now.
    #[inline(always)]
    pub(super) fn grant(&self, cx: &mut Context<'_>, route: RouteId) -> Grant {
        let allowance = self.allowance_for(cx, Some(route), Some(route));
        // An attempt without end would hold its permit without end; a stream that goes on renews nothing either.
        Grant { ticket: cx.admit(route, allowance.until()), allowance }
    }

    /// The first id that it uses is its own.
    #[inline(always)]
    pub(super) fn begin_with(&mut self, cx: &mut Context<'_>, id: Id) {
        if self.first == 0 {
            self.first = id;
            cx.scope.keys.begun(self.ask.work, id);
        }
    }

    /// Makes an attempt, counted in the scope; without a route there is nothing to permit.
    #[inline]
    pub(super) fn attempt_on(&mut self, cx: &mut Context<'_>, on: Option<(RouteId, &Grant)>) -> InFlight {
        self.leg.attempts = self.leg.attempts.saturating_add(1);
        self.begin_attempt(cx, on)
    }

    #[inline(always)]
    pub(super) fn begin_attempt(&mut self, cx: &mut Context<'_>, on: Option<(RouteId, &Grant)>) -> InFlight {
        let id = cx.scope.next_id();
        self.begin_with(cx, id);
        if !self.ask.is_tool() {
            cx.count_attempt();
        }
        let allowance = on.map_or_else(|| self.allowance(cx), |(_, grant)| grant.allowance);
        let state = on.and_then(|(route, _)| cx.route(route));
        let limits = &cx.policy.attempt;
        let streams = self.ask.streams_on(on.map(|(route, _)| route));
        let of_route = |own: Option<Duration>, default| streams.then_some(own.unwrap_or(default));
        InFlight {
            id,
            client: state.map_or(0, |state| state.client),
            ticket: on.map(|(_, grant)| grant.ticket),
            started: cx.now,
            allowance,
            first_progress: of_route(state.and_then(|state| state.route.first_progress), limits.first_progress),
            idle: of_route(state.and_then(|state| state.route.idle), limits.idle),
            progress: None,
            taken: false,
            hedge_at: Instant::NEVER,
            hedged: false,
            usage: None,
        }
    }
}
