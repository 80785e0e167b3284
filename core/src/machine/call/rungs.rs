//! The rungs of the ladder: each answers whether it applies, and what it leads to.

use super::*;

impl Call {
    /// Limits that hold before every attempt.
    pub(super) fn out_of_bounds(&self, cx: &Context<'_>) -> Option<Verdict> {
        let limit = if cx.scope.deadline.is_some_and(|deadline| cx.now >= deadline) {
            Limit::Deadline
        } else if !self.is_tool() && !cx.has_attempt() {
            Limit::Attempts
        } else {
            return None;
        };
        Some(Verdict { failure: self.failure, ..Verdict::new(End::Limit(limit)) })
    }

    /// Whether there may be another attempt at all: limits of the turn, and whether a repetition could do harm.
    /// An error that nothing could have followed anyway stays what it is.
    pub(super) fn may_not_try_again(&self, cx: &Context<'_>, failure: Failure, rule: Rule) -> Option<Verdict> {
        let harmful = self.replay == Replay::Once && failure.effect == Effect::Possible;
        let exhausted = Verdict { failure: Some(failure), ..Verdict::new(End::Exhausted) };
        let over = if harmful { Some(exhausted) } else { self.out_of_bounds(cx) }?;
        let lasting = rule.is_final() && failure.should_retry != Some(true);
        Some(if lasting { Verdict { end: End::Permanent, ..over } } else { over })
    }

    /// The same route again, if the row, the attempts, the breaker, the patience, the deadline and the retry budget allow it.
    pub(super) fn same_route_again(&mut self, cx: &mut Context<'_>, failure: Failure, rule: Rule) -> Option<State> {
        let another = rule.next != NextRule::No && self.another_route(cx);
        let allowed = match rule.again {
            _ if failure.should_retry == Some(false) => false,
            Again::Yes => true,
            Again::Once => !self.repeated,
            Again::OnLastRoute => !another,
            Again::IfRestartable => self.restartable,
            Again::No => failure.should_retry == Some(true),
        };
        let was_last = self.last_chance && !cx.policy.recovery.new_round;
        if !allowed || was_last || self.in_round() >= cx.policy.retry.max_attempts {
            return None;
        }
        if let Some(route) = self.route {
            cx.live.breakers_admit(cx.policy, route, cx.now).ok()?;
        }
        let backoff = cx.policy.retry.backoff(self.in_round().saturating_sub(1), self.previous, cx.scope.draws());
        let wait = match cx.policy.retry.pause(backoff, failure.hint(), another) {
            Pause::For(wait) => wait,
            Pause::MoveOn => return None,
            Pause::Fail => return Some(self.over(cx, End::Exhausted)),
        };
        if cx.now + wait >= self.allowance(cx).cut || !self.budget_grants(cx) {
            return None;
        }
        self.repeated |= rule.again == Again::Once;
        self.previous = Some(backoff);
        Some(self.wait(cx, cx.now + wait, WaitWhy::Backoff, Then::SameRoute))
    }

    /// The client made again, once a turn; a call that failed on an older client than the present one skips that.
    pub(super) fn rebuild_once(&mut self, cx: &mut Context<'_>, rule: Rule) -> Option<State> {
        let (route, client) = (self.route?, self.client);
        let place = cx.live.place(route)?;
        let primary = route == RouteId(0);
        let newer = place.client > client || place.is_activating(cx.now);
        if !cx.policy.recovery.enabled || !place.route.activates || self.last_chance {
            return None;
        }
        // An aggregator's connection says little about its upstreams; its credential can be refreshed like any other.
        let reaches_one = rule.rebuild != RebuildRule::OnPrimary || !place.route.is_aggregator();
        cx.live.breakers_admit(cx.policy, route, cx.now).ok()?;
        let (used, allowed) = match rule.rebuild {
            RebuildRule::No => return None,
            RebuildRule::OnPrimary => (cx.scope.rebuilt, primary && reaches_one),
            RebuildRule::Anywhere => (cx.scope.refreshed, true),
        };
        if !allowed || (used && !newer) || !self.budget_grants(cx) {
            return None;
        }
        match rule.rebuild {
            RebuildRule::Anywhere => cx.scope.refreshed |= !newer,
            _ => cx.scope.rebuilt |= !newer,
        }
        self.last_chance = true;
        if cx.policy.recovery.new_round {
            (self.before, self.repeated, self.previous) = (self.on_route, false, None);
        }
        if newer {
            return Some(self.newer_client(cx, client));
        }
        let settle = rule.rebuild == RebuildRule::OnPrimary;
        let (id, until) = (cx.scope.next_id(), self.allowance(cx).until());
        self.activating(cx, route, until);
        Some(State::Rebuild { id, route, client, until, taken: false, settle })
    }

    /// The next route that may be asked and was not asked yet by this call: the committed one, then the chain from the top.
    /// None that may be asked: wait for the first to come back, ask one that merely rests, or nothing.
    pub(super) fn next_route(&mut self, cx: &mut Context<'_>, failure: Option<Failure>) -> Option<State> {
        if failure.is_some() {
            self.cool_down(cx);
        }
        let (mut resting, mut is_tested): (Option<RouteId>, bool) = (None, false);
        let mut first_back: Option<(Instant, bool)> = None;
        // In a row of pauses it is told once.
        let is_told = self.paused > 0;
        for route in self.candidates(cx) {
            if let Some(why) = self.cannot_help(cx, route, failure) {
                self.tried.insert(route);
                self.note(cx, Some(route), What::PassedOver { why, until: None });
                continue;
            }
            let refusal = match cx.live.would_admit(cx.policy, route, cx.now) {
                Ok(()) if self.has_waited_enough(cx, route) => {
                    self.note(cx, Some(route), What::PassedOver { why: Skip::Activating, until: None });
                    continue;
                }
                Ok(()) => return Some(self.go(cx, route, failure.is_some())),
                Err(refusal) => refusal,
            };
            let rests = match refusal {
                Refusal::Breaker { .. } => false,
                Refusal::Cooling(cooling) => {
                    // A rest chooses between routes, it never refuses the last, unless the provider itself named the time.
                    resting = resting.or((!cooling.stated).then_some(route));
                    is_tested |= cooling.probing;
                    true
                }
            };
            if !is_told {
                self.note(cx, Some(route), refusal.passed_over());
            }
            if refusal.why() == Skip::Probing && rests {
                continue;
            }
            // Rests come before breakers: they are the ones that may be waited for by default.
            if first_back.is_none_or(|(until, other)| (!rests, refusal.until()) < (!other, until)) {
                first_back = Some((refusal.until(), rests));
            }
        }
        if is_tested && let Some(wait) = self.let_test(cx, Then::Choose) {
            return Some(wait);
        }
        let Some((until, rests)) = first_back else {
            return resting.map(|route| self.go(cx, route, failure.is_some()));
        };
        let may_wait = rests || cx.policy.fallback.when_refused == WhenRefused::Wait;
        let why = if rests { WaitWhy::Cooldown } else { WaitWhy::Breaker };
        if may_wait && let Some(wait) = self.wait_for_end(cx, until, why, Then::Choose) {
            return Some(wait);
        }
        resting.map(|route| self.go(cx, route, failure.is_some()))
    }
}
