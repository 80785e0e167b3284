//! The ladder: what follows a failed attempt, and in which order it is asked. The only place that knows that order.

use super::routes::PRIMARY;
use super::{Call, State, Then};
use crate::command::{End, Replay, RouteId, Verdict, WaitWhy};
use crate::notice::{Skip, What};
use crate::policy::failure::{Again, Effect, Failure, FailureRule, NextRule, RebuildRule};
use crate::policy::fallback::WhenRefused;
use crate::policy::limits::Limit;
use crate::policy::retry::Pause;
use crate::scope::Context;
use crate::session::{LEASE_GRACE, Refusal};
use crate::time::Instant;

impl Call {
    /// The same route again, a rebuilt client, the next route, or the end.
    pub(super) fn after_failure(&mut self, cx: &mut Context<'_>, failure: Failure) -> State {
        let rule = cx.policy.failures.rule(failure.kind);
        if let Some(over) = self.may_not_try_again(cx, failure, rule) {
            return self.stop_at(cx, over);
        }
        if let Some(wait) = self.same_route_again(cx, failure, rule) {
            return wait;
        }
        if let Some(rebuild) = self.rebuild_once(cx, rule) {
            return rebuild;
        }
        self.leave(cx)
    }

    /// The whole ladder once more for the same failure; before the first one, the next route or the end.
    pub(super) fn go_on(&mut self, cx: &mut Context<'_>) -> State {
        if let Some(failure) = self.failure {
            return self.after_failure(cx, failure);
        }
        if let Some(over) = self.limit_reached(cx) {
            return self.stop_at(cx, over);
        }
        self.next_route(cx).unwrap_or_else(|| self.over(cx, End::NoRoute))
    }

    /// Limits that hold before every attempt.
    pub(super) fn limit_reached(&self, cx: &Context<'_>) -> Option<Verdict> {
        let limit = if cx.scope.is_over_by(cx.now) {
            Limit::Deadline
        } else if !self.ask.is_tool() && !cx.has_attempt() {
            Limit::Attempts
        } else {
            return None;
        };
        Some(Verdict { failure: self.failure, ..Verdict::new(End::Limit(limit)) })
    }

    /// Whether there may be no other attempt at all: limits of the turn, and whether a repetition could do harm.
    /// An error that nothing could have followed anyway stays what it is.
    pub(super) fn may_not_try_again(&self, cx: &Context<'_>, failure: Failure, rule: FailureRule) -> Option<Verdict> {
        let harmful = self.ask.replay == Replay::Once && failure.effect == Effect::Possible;
        let exhausted = Verdict { failure: Some(failure), ..Verdict::new(End::Exhausted) };
        let over = if harmful { Some(exhausted) } else { self.limit_reached(cx) }?;
        let lasting = rule.is_final() && failure.should_retry != Some(true);
        Some(if lasting { Verdict { end: End::Permanent, ..over } } else { over })
    }

    /// The same route again, if the row, the attempts, the breaker, the longest wait, the deadline and the retry budget allow it.
    fn same_route_again(&mut self, cx: &mut Context<'_>, failure: Failure, rule: FailureRule) -> Option<State> {
        let another = rule.next != NextRule::No && self.routes().has_another(cx);
        let allowed = match rule.again {
            _ if failure.should_retry == Some(false) => false,
            Again::Yes => true,
            Again::Once => !self.leg.repeated,
            Again::OnLastRoute => !another,
            Again::IfRestartable => self.ask.restartable,
            Again::No => failure.should_retry == Some(true),
        };
        let was_last = self.leg.rebuilt && !cx.policy.recovery.new_round;
        if !allowed || was_last || self.leg.in_round() >= cx.policy.retry.max_attempts {
            return None;
        }
        if let Some(route) = self.leg.route {
            cx.breakers_admit(route).ok()?;
        }
        let retries = self.leg.in_round().saturating_sub(1);
        let backoff = cx.policy.retry.backoff(retries, self.leg.backoff, cx.scope.draws());
        let wait = match cx.policy.retry.pause(backoff, failure.hint(), another) {
            Pause::For(wait) => wait,
            Pause::MoveOn => return None,
            Pause::Fail => return Some(self.over(cx, End::Exhausted)),
        };
        if cx.now + wait >= self.allowance(cx).cut || !self.takes_retry(cx) {
            return None;
        }
        self.leg.repeated |= rule.again == Again::Once;
        self.leg.backoff = Some(backoff);
        Some(wait_until(cx, cx.now + wait, WaitWhy::Backoff, Then::SameRoute))
    }

    /// Takes one retry out of the budget of the route's deployment, if it covers one. Asked last: what it grants is spent.
    pub(super) fn takes_retry(&self, cx: &mut Context<'_>) -> bool {
        self.leg.route.is_none_or(|route| cx.takes_retry(route))
    }

    /// The client made again, once a turn; a call that failed on an older client than the present one skips that.
    fn rebuild_once(&mut self, cx: &mut Context<'_>, rule: FailureRule) -> Option<State> {
        let (route, client) = (self.leg.route?, self.leg.client);
        let state = cx.route(route)?;
        let newer = state.client > client || state.is_activating(cx.now);
        if !cx.policy.recovery.enabled || !state.route.activates || self.leg.rebuilt {
            return None;
        }
        // An aggregator's connection says little about its upstreams; its credential can be refreshed like any other.
        let reaches_one = rule.rebuild != RebuildRule::OnPrimary || !state.route.is_aggregator();
        cx.breakers_admit(route).ok()?;
        let (used, allowed) = match rule.rebuild {
            RebuildRule::No => return None,
            RebuildRule::OnPrimary => (cx.scope.renewed.rebuilt, route == PRIMARY && reaches_one),
            RebuildRule::Anywhere => (cx.scope.renewed.refreshed, true),
        };
        if !allowed || (used && !newer) || !self.takes_retry(cx) {
            return None;
        }
        match rule.rebuild {
            RebuildRule::Anywhere => cx.scope.renewed.refreshed |= !newer,
            _ => cx.scope.renewed.rebuilt |= !newer,
        }
        self.leg.rebuilt = true;
        if cx.policy.recovery.new_round {
            self.leg.begin_round();
        }
        if newer {
            return Some(self.newer_client(cx, client));
        }
        let settle = rule.rebuild == RebuildRule::OnPrimary;
        let (id, until) = (cx.scope.next_id(), self.allowance(cx).until());
        cx.live.activating(route, until + LEASE_GRACE);
        Some(State::Rebuild { id, route, client, until, taken: false, settle })
    }

    /// Away from the route that failed: to the next one, or to the end.
    pub(super) fn leave(&mut self, cx: &mut Context<'_>) -> State {
        let Some(failure) = self.failure else { return self.over(cx, End::NoRoute) };
        let rule = cx.policy.failures.rule(failure.kind);
        let next = match rule.next {
            NextRule::No => None,
            NextRule::IfRestartable if !self.ask.restartable => None,
            _ => self.next_route(cx),
        };
        next.unwrap_or_else(|| {
            // Where asking again cannot help and nobody else was asked, the original error says it best.
            let lasting = rule.again == Again::No && (self.asked <= 1 || rule.next != NextRule::Yes);
            self.over(cx, if lasting { End::Permanent } else { End::Exhausted })
        })
    }

    /// The next route that may be asked and was not asked yet by this call: the committed one, then the chain from the top.
    /// None that may be asked: wait for the first to come back, ask one that is merely in cooldown, or nothing.
    pub(super) fn next_route(&mut self, cx: &mut Context<'_>) -> Option<State> {
        self.cool_down(cx);
        let (mut merely_cooling, mut is_probed): (Option<RouteId>, bool) = (None, false);
        let mut first_back: Option<(Instant, bool)> = None;
        // In a row of pauses it is told once.
        let is_told = self.waits.is_in_pauses();
        for route in self.routes().candidates(cx) {
            if let Some(why) = self.routes().cannot_help(cx, route) {
                self.tried.insert(route);
                self.note(cx, Some(route), What::Skipped { why, until: None, kind: None });
                continue;
            }
            let refusal = match cx.would_admit(route) {
                Ok(()) if self.has_waited_for_client(cx, route) => {
                    self.note(cx, Some(route), What::Skipped { why: Skip::Activating, until: None, kind: None });
                    continue;
                }
                Ok(()) => return Some(self.go(cx, route)),
                Err(refusal) => refusal,
            };
            let cools = match refusal {
                Refusal::Breaker { .. } => false,
                Refusal::Cooling(cooling) => {
                    // A cooldown chooses between routes, it never refuses the last, unless the provider itself named the time.
                    merely_cooling = merely_cooling.or((!cooling.stated).then_some(route));
                    is_probed |= cooling.probing;
                    true
                }
            };
            if !is_told {
                self.note(cx, Some(route), refusal.skipped());
            }
            if refusal.why() == Skip::Probing && cools {
                continue;
            }
            // Cooldowns come before breakers: they are the ones that may be waited for by default.
            if first_back.is_none_or(|(until, other)| (!cools, refusal.until()) < (!other, until)) {
                first_back = Some((refusal.until(), cools));
            }
        }
        if is_probed && let Some(wait) = self.wait_for_probe(cx, Then::Choose) {
            return Some(wait);
        }
        if let Some((until, cools)) = first_back
            && (cools || cx.policy.fallback.when_refused == WhenRefused::Wait)
        {
            let why = if cools { WaitWhy::Cooldown } else { WaitWhy::Breaker };
            if let Some(wait) = self.wait_for_end(cx, until, why, Then::Choose) {
                return Some(wait);
            }
        }
        merely_cooling.map(|route| self.go(cx, route))
    }

    // ---- A wait begins: `waits.rs` says how long. ----

    /// By the time that a wait ends somebody else may have put the route into cooldown, or be probing it. Then another route is
    /// asked, if one may be; else a probe is let go before, and a time that the provider stated is waited for.
    pub(super) fn cools_by_now(&mut self, cx: &mut Context<'_>, route: RouteId) -> Option<State> {
        cx.breakers_admit(route).ok()?;
        // What its own failures stated was weighed when the wait was chosen.
        let cooling = cx.live.cools_beyond(route, cx.now, self.leg.stated_until)?;
        if !self.routes().has_another(cx) {
            if cooling.probing {
                return self.wait_for_probe(cx, Then::SameRoute);
            }
            // A cooldown of ours never refuses the last.
            if !cooling.stated {
                return None;
            }
            if let Some(wait) = self.wait_for_end(cx, cooling.until, WaitWhy::Cooldown, Then::SameRoute) {
                return Some(wait);
            }
        }
        self.note(cx, Some(route), Refusal::Cooling(cooling).skipped());
        Some(self.leave(cx))
    }

    fn wait_for_end(&mut self, cx: &mut Context<'_>, until: Instant, why: WaitWhy, then: Then) -> Option<State> {
        let until = self.waits.for_end(cx, until)?;
        self.note(cx, None, What::Waiting { why, until });
        Some(wait_until(cx, until, why, then))
    }

    fn wait_for_probe(&mut self, cx: &mut Context<'_>, then: Then) -> Option<State> {
        let is_first = !self.waits.is_in_pauses();
        let until = self.waits.for_probe(cx, self.leg.in_round())?;
        if is_first {
            self.note(cx, None, What::Waiting { why: WaitWhy::Cooldown, until });
        }
        Some(wait_until(cx, until, WaitWhy::Cooldown, then))
    }

    pub(super) fn wait_for_client(&mut self, cx: &mut Context<'_>, route: RouteId, then: Then) -> State {
        if self.leg.route == Some(route) && self.has_waited_for_client(cx, route) {
            self.note(cx, Some(route), What::Skipped { why: Skip::Activating, until: None, kind: None });
            return self.leave(cx);
        }
        let until = self.waits.for_client(cx);
        wait_until(cx, until, WaitWhy::Activating, then)
    }

    /// Whether somebody else makes its client, and has been given time for that: where another route may be asked, no longer in
    /// sum than the longest wait on a route, for a client that everybody makes again and again would keep it for ever.
    pub(super) fn has_waited_for_client(&self, cx: &Context<'_>, route: RouteId) -> bool {
        cx.is_activating(route) && !self.waits.may_pause(cx) && self.routes().has_ready_beside(cx, route)
    }
}

pub(super) fn wait_until(cx: &mut Context<'_>, until: Instant, why: WaitWhy, then: Then) -> State {
    State::Wait { id: cx.scope.next_id(), until, delay: until - cx.now, why, then, taken: false }
}
