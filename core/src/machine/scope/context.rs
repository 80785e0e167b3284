//! What a decision looks at, and the attempt that is set aside for it.

use core::cell::Cell;

use super::Scope;
use crate::account::{Notice, What};
use crate::command::RouteId;
use crate::policy::Policy;
use crate::session::{About, Live, Session};
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
        if self.scope.budgets.attempts.is_some_and(|most| self.scope.attempts >= most) {
            return false;
        }
        let Some(pool) = &self.scope.pool.0 else { return true };
        if !self.set_aside.get() {
            self.set_aside.set(pool.take_attempt());
        }
        self.set_aside.get()
    }

    /// Takes a tool call of the budgets that are shared, if they have one.
    pub(crate) fn takes_tool_call(&self) -> bool {
        self.scope.pool.0.as_ref().is_none_or(|pool| pool.take_tool_call())
    }

    /// Counts the attempt that is made. [`Context::has_attempt`] was asked in the same decision, and has set it aside.
    pub(crate) fn count_attempt(&mut self) {
        self.scope.attempts = self.scope.attempts.saturating_add(1);
        if !self.set_aside.replace(false)
            && let Some(pool) = &self.scope.pool.0
        {
            pool.take_attempt();
        }
    }

    pub(crate) fn note(&mut self, about: About, route: Option<RouteId>, what: What) {
        self.scope.account.push(Notice { at: self.now, call: about.call, id: about.id, route, what });
    }
}

/// What was set aside and not used is there for others again.
impl Drop for Context<'_> {
    fn drop(&mut self) {
        if self.set_aside.get()
            && let Some(pool) = &self.scope.pool.0
        {
            pool.give_back_attempt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Route;

    #[test]
    fn the_last_attempt_of_a_pool_is_set_aside_for_one_decision() {
        let mut policy = Policy::default();
        policy.turn.attempts = Some(1);
        let make = || Session::new(policy.clone().into(), [Route::new("primary")].into());
        let (Ok(mut one), Ok(mut other)) = (make(), make()) else { panic!("a good policy") };
        let now = Instant::ZERO;
        let mut above = Scope::new(&mut one, now);
        let mut below = Scope::new(&mut other, now);
        below.inherit(above.hand_down(now, true), now);
        let deciding = Context::new(&mut one, &mut above, now);
        assert!(deciding.has_attempt() && deciding.has_attempt(), "asked again it is the same one");
        assert!(!Context::new(&mut other, &mut below, now).has_attempt());
        drop(deciding);
        let mut deciding = Context::new(&mut other, &mut below, now);
        assert!(deciding.has_attempt());
        deciding.count_attempt();
        drop(deciding);
        assert!(!Context::new(&mut one, &mut above, now).has_attempt());
    }
}
