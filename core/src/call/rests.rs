//! Rests that others began while a call waited, and the one call that tests a route for all.

use super::*;

impl Call {
    /// What follows a wait is decided when it ends: by then somebody else may have put the route to rest, or be testing it. Then
    /// another route is asked, if one may be; else a test is let go before, and a time that the provider stated is waited for.
    pub(super) fn rests_by_now(&mut self, cx: &mut Context<'_>, route: RouteId) -> Option<State> {
        let refusal = cx.live.would_admit(cx.policy, route, cx.now).err()?;
        let Refusal::Cooling(cooling) = refusal else { return None };
        // What its own failure stated was weighed when the wait was chosen.
        if cooling.until <= self.own_rest {
            return None;
        }
        if !self.another_route(cx) {
            if cooling.probing {
                return self.let_test(cx, Then::SameRoute);
            }
            // A rest of ours never refuses the last.
            if !cooling.stated {
                return None;
            }
            if self.may_yield(cx, cooling.until, cx.policy.retry.patience_last) {
                return Some(self.yields(cx, cooling.until, Then::SameRoute));
            }
        }
        self.note(cx, Some(route), refusal.passed_over());
        Some(self.leave(cx))
    }

    /// Lets another call test a route that nothing else can take the place of: as long as the patience reaches, in pauses that are
    /// drawn, so that those who wait do not all ask at once afterwards.
    pub(super) fn let_test(&mut self, cx: &mut Context<'_>, then: Then) -> Option<State> {
        let drawn = cx.policy.retry.backoff(self.in_round().saturating_sub(1), None, &mut cx.scope.rng);
        let until = cx.now + drawn.max(ACTIVATING_PAUSE);
        self.may_yield(cx, until, cx.policy.retry.patience).then(|| self.yields(cx, until, then))
    }

    fn may_yield(&self, cx: &Context<'_>, until: Instant, patience: Duration) -> bool {
        let since = if self.is_yielding() { self.yielding } else { cx.now };
        until <= since + patience && cx.scope.deadline.is_none_or(|end| until < end)
    }

    /// Whether it gives way to others on the route it is bound for.
    pub(super) fn is_yielding(&self) -> bool {
        self.yielding != Instant::NEVER
    }

    fn yields(&mut self, cx: &mut Context<'_>, until: Instant, then: Then) -> State {
        if !self.is_yielding() {
            self.yielding = cx.now;
            self.note(cx, None, What::Waiting { why: WaitWhy::Cooldown, until });
        }
        self.wait(cx, until, WaitWhy::Cooldown, then)
    }
}
