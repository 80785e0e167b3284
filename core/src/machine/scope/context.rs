//! What a decision looks at, and the attempt that is set aside for it.

use core::cell::Cell;

use super::Scope;
use crate::command::RouteId;
use crate::notice::{Notice, What};
use crate::policy::Policy;
use crate::policy::failure::Failure;
use crate::pool::Pool;
use crate::session::{About, Live, Refusal, RouteState, Session, Ticket, note_change};
use crate::time::Instant;

/// What a decision looks at: lent for one decision at a time.
pub(crate) struct Context<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) live: &'a mut Live,
    pub(crate) scope: &'a mut Scope,
    pub(crate) now: Instant,
    /// Whether an attempt of the shared budgets is set aside for this decision.
    set_aside: Cell<bool>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(session: &'a mut Session, scope: &'a mut Scope, now: Instant) -> Self {
        let now = scope.tick(session.live.tick(now));
        if scope.epoch != session.live.epoch {
            scope.forked(&session.live);
        }
        Self { policy: &session.policy, live: &mut session.live, scope, now, set_aside: Cell::new(false) }
    }

    /// Whether there may be another attempt, by the turn's own limit and by those that it shares. Of these one is set aside until
    /// the decision is made, so that no two turns make the same last attempt.
    pub(crate) fn has_attempt(&self) -> bool {
        let budget = &self.scope.budget;
        if budget.limits.attempts.is_some_and(|most| budget.attempts >= most) {
            return false;
        }
        let Some(pool) = budget.pool() else { return true };
        if !self.set_aside.get() {
            self.set_aside.set(pool.take_attempt());
        }
        self.set_aside.get()
    }

    /// Takes a tool call of the budgets that are shared, if they have one.
    pub(crate) fn takes_tool_call(&self) -> bool {
        self.scope.budget.pool().is_none_or(Pool::take_tool_call)
    }

    /// Counts the attempt that is made. [`Context::has_attempt`] was asked in the same decision, and has set it aside.
    pub(crate) fn count_attempt(&mut self) {
        let budget = &mut self.scope.budget;
        budget.attempts = budget.attempts.saturating_add(1);
        if !self.set_aside.replace(false)
            && let Some(pool) = budget.pool()
        {
            pool.take_attempt();
        }
    }

    /// A route as the session knows it.
    #[inline(always)]
    pub(crate) fn route(&self, route: RouteId) -> Option<&RouteState> {
        self.live.route(route)
    }

    /// Whether another call is making its client.
    pub(crate) fn is_activating(&self, route: RouteId) -> bool {
        self.route(route).is_some_and(|state| !state.ready && state.is_activating(self.now))
    }

    // ---- Admission. ----

    #[inline(always)]
    pub(crate) fn would_admit(&self, route: RouteId) -> Result<(), Refusal> {
        self.live.would_admit(self.policy, route, self.now)
    }

    #[inline(always)]
    pub(crate) fn breakers_admit(&self, route: RouteId) -> Result<(), Refusal> {
        self.live.breakers_admit(self.policy, route, self.now)
    }

    #[inline(always)]
    pub(crate) fn admit(&mut self, route: RouteId, until: Instant) -> Ticket {
        self.live.admit(self.policy, route, self.now, until)
    }

    pub(crate) fn give_back(&mut self, ticket: Ticket) {
        self.live.give_back(self.policy, ticket, self.now);
    }

    /// An attempt worked.
    #[inline(always)]
    pub(crate) fn passed(&mut self, about: About, ticket: Ticket) {
        let (log, now) = (&mut self.scope.event_log, self.now);
        self.live.passed(self.policy, ticket, now, |scope, change| note_change(log, about, ticket, now, scope, change));
    }

    /// An attempt failed; `full_time` says whether it had the whole time that its limit gives.
    pub(crate) fn failed(&mut self, about: About, ticket: Ticket, failure: Failure, full_time: bool) {
        let (log, now) = (&mut self.scope.event_log, self.now);
        let notice = |scope, change| note_change(log, about, ticket, now, scope, change);
        self.live.failed(self.policy, ticket, now, failure, full_time, notice);
    }

    /// Begins the cooldown that a failure asks for: at once where the provider stated the time, else when its route is left.
    pub(crate) fn cool(&mut self, about: About, ticket: Ticket, failure: Failure, leaving: bool) {
        let rule = self.policy.failures.rule(failure.kind);
        if let Some(what) = self.live.cool(ticket, rule, failure, leaving, self.now) {
            self.note(about, Some(ticket.route()), what);
        }
    }

    /// Counts a first attempt on a route in the retry budget of its deployment.
    pub(crate) fn deposit(&mut self, route: RouteId) {
        let (policy, now) = (&self.policy.budget, self.now);
        if let Some(budget) = self.live.retry_budget(route) {
            budget.deposit(policy, now);
        }
    }

    /// Whether the retry budget of a route's deployment covers one more.
    pub(crate) fn has_retry(&mut self, route: RouteId) -> bool {
        let (policy, now) = (&self.policy.budget, self.now);
        self.live.retry_budget(route).is_some_and(|budget| budget.covers(policy, now))
    }

    /// Takes one retry out of that budget, if it covers one.
    pub(crate) fn takes_retry(&mut self, route: RouteId) -> bool {
        let (policy, now) = (&self.policy.budget, self.now);
        let Some(budget) = self.live.retry_budget(route) else { return true };
        let covered = budget.covers(policy, now);
        if covered {
            budget.withdraw(policy, now);
        }
        covered
    }

    pub(crate) fn note(&mut self, about: About, route: Option<RouteId>, what: What) {
        self.scope.event_log.push(Notice { at: self.now, call: about.call, id: about.id, route, what });
    }
}

/// What was set aside and not used is there for others again.
impl Drop for Context<'_> {
    fn drop(&mut self) {
        if self.set_aside.get()
            && let Some(pool) = self.scope.budget.pool()
        {
            pool.give_back_attempt();
        }
    }
}

#[cfg(test)]
mod tests;
