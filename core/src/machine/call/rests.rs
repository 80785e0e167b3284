//! What a call waits for that others do: rests that they began, the one test of a route, a client that they make.

use super::*;
use crate::time::millis;

impl Call {
    /// What follows a wait is decided when it ends: by then somebody else may have put the route to rest, or be testing it. Then
    /// another route is asked, if one may be; else a test is let go before, and a time that the provider stated is waited for.
    pub(super) fn rests_by_now(&mut self, cx: &mut Context<'_>, route: RouteId) -> Option<State> {
        cx.live.breakers_admit(cx.policy, route, cx.now).ok()?;
        // What its own failures stated was weighed when the wait was chosen.
        let cooling = cx.live.rests_beyond(route, cx.now, self.own_rest)?;
        if !self.another_route(cx) {
            if cooling.probing {
                return self.let_test(cx, Then::SameRoute);
            }
            // A rest of ours never refuses the last.
            if !cooling.stated {
                return None;
            }
            if let Some(wait) = self.wait_for_end(cx, cooling.until, WaitWhy::Cooldown, Then::SameRoute) {
                return Some(wait);
            }
        }
        self.note(cx, Some(route), Refusal::Cooling(cooling).passed_over());
        Some(self.leave(cx))
    }

    /// Waits for a rest or an open breaker to end: in sum no longer than the patience of the last route, for each end may be the
    /// beginning of another.
    pub(super) fn wait_for_end(
        &mut self,
        cx: &mut Context<'_>,
        until: Instant,
        why: WaitWhy,
        then: Then,
    ) -> Option<State> {
        let sum = self.yielded.saturating_add(lasting(until - cx.now));
        if span(sum.into()) > cx.policy.retry.patience_last || cx.scope.deadline.is_some_and(|end| until >= end) {
            return None;
        }
        (self.yielded, self.paused) = (sum, 0);
        self.note(cx, None, What::Waiting { why, until });
        Some(self.wait(cx, until, why, then))
    }

    /// Lets another call test a route that nothing else can take the place of: as long as the patience reaches, in pauses that are
    /// drawn, so that those who wait do not all ask at once afterwards.
    pub(super) fn let_test(&mut self, cx: &mut Context<'_>, then: Then) -> Option<State> {
        let drawn = cx.policy.retry.backoff(self.in_round().saturating_sub(1), None, cx.scope.draws());
        let until = cx.now + drawn.max(ACTIVATING_PAUSE);
        if !self.may_pause(cx, until) {
            return None;
        }
        if self.paused == 0 {
            self.note(cx, None, What::Waiting { why: WaitWhy::Cooldown, until });
        }
        Some(self.pause(cx, until, WaitWhy::Cooldown, then))
    }

    /// Waits for a client that another call is making.
    pub(super) fn wait_for_client(&mut self, cx: &mut Context<'_>, route: RouteId, then: Then) -> State {
        if self.route == Some(route) && self.has_waited_enough(cx, route) {
            self.note(cx, Some(route), What::PassedOver { why: Skip::Activating, until: None });
            return self.leave(cx);
        }
        let until = cx.scope.deadline.unwrap_or(Instant::NEVER).min(cx.now + ACTIVATING_PAUSE);
        self.pause(cx, until, WaitWhy::Activating, then)
    }

    /// Whether somebody else makes its client, and has been given time for that: where another route may be asked, no longer in
    /// sum than the patience reaches, for a client that everybody makes again and again would keep it for ever.
    pub(super) fn has_waited_enough(&self, cx: &Context<'_>, route: RouteId) -> bool {
        let makes = |route| cx.live.place(route).is_some_and(|place| !place.ready && place.is_activating(cx.now));
        makes(route) && !self.may_pause(cx, cx.now + ACTIVATING_PAUSE) && self.may_go_elsewhere(cx, route, &makes)
    }

    fn may_pause(&self, cx: &Context<'_>, until: Instant) -> bool {
        let sum = self.paused.saturating_add(lasting(until - cx.now));
        span(sum.into()) <= cx.policy.retry.patience && cx.scope.deadline.is_none_or(|end| until < end)
    }

    fn pause(&mut self, cx: &mut Context<'_>, until: Instant, why: WaitWhy, then: Then) -> State {
        self.paused = self.paused.saturating_add(lasting(until - cx.now));
        self.wait(cx, until, why, then)
    }

    fn may_go_elsewhere(&self, cx: &Context<'_>, from: RouteId, waits: &dyn Fn(RouteId) -> bool) -> bool {
        self.candidates(cx).any(|route| {
            route != from
                && !waits(route)
                && self.cannot_help(cx, route, self.failure).is_none()
                && cx.live.would_admit(cx.policy, route, cx.now).is_ok()
        })
    }
}

fn lasting(wait: Duration) -> u32 {
    u32::try_from(millis(wait)).unwrap_or(u32::MAX)
}
