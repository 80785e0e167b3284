//! Every transition of a call, from the top to the bottom: it begins, time passes, the host reports, an attempt ends. What follows a
//! failure stands in `ladder.rs`, how a route is reached in `reach.rs`, a second attempt beside a slow one in `hedge.rs`.

use core::time::Duration;

use super::attempt::InFlight;
use super::routes::PRIMARY;
use super::{Call, State, Then};
use crate::command::{CancelWhy, End, Event, Handled, Id, RouteId, Verdict, WaitWhy};
use crate::machine::committed::Committed;
use crate::notice::{Follows, What};
use crate::policy::failure::{Effect, Failure, FailureKind};
use crate::policy::limits::{Limit, Usage};
use crate::scope::Context;

impl Call {
    // ---- It begins. ----

    /// The first attempt: on the committed route, else the primary, else the first route that may be asked.
    fn begin(&mut self, cx: &mut Context<'_>) -> State {
        if self.admit_first(cx) {
            return self.state;
        }
        if let Some(over) = self.limit_reached(cx) {
            return State::Over(over);
        }
        self.next_route(cx).unwrap_or_else(|| self.over(cx, End::NoRoute))
    }

    /// The short way in, shared with [`Call::enter`]: the first route is ready and nothing stands in the way. The attempt is put
    /// where it stays: to hand it around costs more than to make it.
    #[inline(always)]
    pub(super) fn admit_first(&mut self, cx: &mut Context<'_>) -> bool {
        if self.limit_reached(cx).is_some() {
            return false;
        }
        let routes = self.routes();
        if routes.are_none(cx) {
            self.state = State::Attempt(self.attempt_on(cx, None));
            return true;
        }
        let Some(route) = routes.first(cx) else { return false };
        let ready = cx.route(route).is_some_and(|state| state.ready) && routes.cannot_work(cx, route).is_none();
        if !ready || cx.would_admit(route).is_err() {
            return false;
        }
        let grant = self.grant(cx, route);
        self.state = State::Attempt(self.arrive(cx, route, &grant));
        true
    }

    // ---- Time passes. ----

    /// Ends what has run out of time, and begins what has not begun. Every round ends an attempt, a wait, a switch or a rebuild,
    /// and each of them is bounded by the policy.
    pub(super) fn let_time_pass(&mut self, cx: &mut Context<'_>) {
        loop {
            self.state = match self.state {
                State::Fresh => self.begin(cx),
                State::Attempt(main) if self.hedge_is_first_to_expire(cx, &main) => {
                    self.hedge_timed_out(cx);
                    State::Attempt(main)
                }
                State::Attempt(attempt) if cx.now >= attempt.expiry().0 => self.timed_out(cx, attempt),
                State::Attempt(attempt) if cx.now >= attempt.hedge_at => self.begin_hedge(cx, attempt),
                State::Wait { until, then, .. } if cx.now >= until => self.after_wait(cx, then),
                State::Rebuild { id, route, until, taken, .. } if cx.now >= until => {
                    self.cancel_if(taken, cx, id, CancelWhy::TimedOut);
                    self.not_rebuilt(cx, route)
                }
                State::Switch { id, route, ticket, until, taken, .. } if cx.now >= until => {
                    self.cancel_if(taken, cx, id, CancelWhy::TimedOut);
                    self.not_switched(cx, route, ticket)
                }
                _ => return,
            };
        }
    }

    fn timed_out(&mut self, cx: &mut Context<'_>, attempt: InFlight) -> State {
        self.cancel_if(attempt.taken, cx, attempt.id, CancelWhy::TimedOut);
        let mut failure = Failure { phase: Some(attempt.expiry().1), ..Failure::new(FailureKind::TimedOut) };
        if self.ask.is_tool() && !attempt.taken {
            // Hosts take tools before they run them: nobody has begun this one.
            failure.effect = Effect::None;
        }
        self.attempt_failed(cx, attempt, failure, None)
    }

    /// What follows a wait is decided when it ends.
    pub(super) fn after_wait(&mut self, cx: &mut Context<'_>, then: Then) -> State {
        if let Some(over) = self.limit_reached(cx) {
            return self.stop_at(cx, over);
        }
        match then {
            Then::SameRoute => self.same_route(cx),
            Then::Newer { client } => self.newer_client(cx, client),
            Then::Choose => self
                .next_route(cx)
                .unwrap_or_else(|| self.over(cx, if self.failure.is_none() { End::NoRoute } else { End::Exhausted })),
        }
    }

    // ---- The host reports. ----

    pub(crate) fn handle_in(&mut self, cx: &mut Context<'_>, event: Event<'_>) -> Handled {
        if self.hedge.is_some()
            && let Some(handled) = self.handle_hedged(cx, event)
        {
            return handled;
        }
        let current = self.current();
        self.state = match (&mut self.state, event) {
            (
                State::Attempt(InFlight { id, taken, .. })
                | State::Rebuild { id, taken, .. }
                | State::Switch { id, taken, .. },
                Event::Taken(what),
            ) if *id == what && !*taken => {
                *taken = true;
                self.await_hedge(cx);
                return Handled::Accepted;
            }
            (State::Wait { id, taken, .. }, Event::Taken(what)) if *id == what && !*taken => {
                *taken = true;
                return Handled::Accepted;
            }
            (State::Attempt(attempt), Event::Progress { id, meaningful, usage })
                if id == attempt.id && attempt.is_streaming() =>
            {
                attempt.usage = usage.or(attempt.usage);
                if meaningful {
                    attempt.progressed(cx.now);
                    self.share_anew(cx);
                }
                return Handled::Accepted;
            }
            (State::Attempt(attempt), Event::Succeeded(id) | Event::Replied { id, .. }) if id == attempt.id => {
                let attempt = *attempt;
                self.learn_from(cx, &attempt);
                self.succeeded(cx, &attempt)
            }
            (&mut State::Attempt(attempt), Event::Failed { id, failure, spent }) if id == attempt.id => {
                self.attempt_failed(cx, attempt, failure, spent)
            }
            (&mut State::Attempt(attempt), Event::Interrupted) if attempt.taken => self.interrupted(cx, attempt),
            // Making a client does no harm twice: asked for again, under the same id.
            (State::Rebuild { taken, .. } | State::Switch { taken, .. }, Event::Interrupted) if *taken => {
                *taken = false;
                return Handled::Accepted;
            }
            (&mut State::Wait { id, until, then, .. }, Event::Waited(waited)) if id == waited => {
                // A stubbed sleep is a sleep.
                cx.now = cx.scope.tick(until);
                self.after_wait(cx, then)
            }
            (&mut State::Rebuild { id, route, settle, .. }, Event::Ready(ready)) if id == ready => {
                self.rebuilt(cx, route, settle)
            }
            (&mut State::Rebuild { id, route, .. }, Event::NotReady(not)) if id == not => self.not_rebuilt(cx, route),
            (&mut State::Switch { id, route, ticket, .. }, Event::Ready(ready)) if id == ready => {
                self.switched(cx, route, ticket)
            }
            (&mut State::Switch { id, route, ticket, .. }, Event::NotReady(not)) if id == not => {
                self.not_switched(cx, route, ticket)
            }
            (_, Event::Abandoned(id)) if current == Some(id) => self.abandoned(cx),
            _ => return Handled::Stale,
        };
        Handled::Accepted
    }

    // ---- An attempt ends. ----

    /// Shared with [`Call::settle`]: admission records it, the route stays committed.
    pub(super) fn succeeded(&self, cx: &mut Context<'_>, attempt: &InFlight) -> State {
        if self.failed > 0 {
            self.note(cx, self.leg.route, What::Recovered { failed: self.failed });
        }
        if cx.live.committed.away.is_some() && self.leg.route == Some(PRIMARY) {
            cx.live.committed = Committed { route: Some(PRIMARY), away: None };
        }
        if let Some(ticket) = attempt.ticket {
            cx.passed(self.about(attempt.id), ticket);
        }
        State::Over(Verdict::new(End::Succeeded))
    }

    pub(super) fn attempt_failed(
        &mut self,
        cx: &mut Context<'_>,
        attempt: InFlight,
        failure: Failure,
        spent: Option<Usage>,
    ) -> State {
        (self.failure, self.interrupted) = (Some(failure), false);
        self.count_spent(cx, &attempt, Some(failure), spent);
        self.charge(cx, &attempt, self.leg.route, self.leg.attempts, failure);
        self.leg.failed(&attempt, failure, cx.now);
        if let Some(hedge) = self.promote_hedge(cx) {
            cx.scope.event_log.followed(attempt.id, Follows::Hedge, Duration::ZERO);
            return hedge;
        }
        let broken = attempt.progress.is_some() && !self.ask.restartable;
        let next = if broken { self.broken_off(cx) } else { self.after_failure(cx, failure) };
        let (follows, delay) = match next {
            State::Attempt(_) if self.leg.attempts == 1 => (Follows::MoveOn, Duration::ZERO),
            State::Attempt(_) => (Follows::Again, Duration::ZERO),
            State::Wait { until, why: WaitWhy::Backoff, .. } => (Follows::Again, until - cx.now),
            State::Wait { until, .. } => (Follows::Wait, until - cx.now),
            State::Rebuild { .. } => (Follows::Rebuild, Duration::ZERO),
            State::Switch { .. } => (Follows::MoveOn, Duration::ZERO),
            State::Fresh | State::Over(_) => (Follows::Stop, Duration::ZERO),
        };
        cx.scope.event_log.followed(attempt.id, follows, delay);
        next
    }

    /// An attempt on a route failed: it is noticed, and it counts against whoever the rule names.
    pub(super) fn charge(
        &mut self,
        cx: &mut Context<'_>,
        attempt: &InFlight,
        route: Option<RouteId>,
        number: u32,
        failure: Failure,
    ) {
        self.failed = self.failed.saturating_add(1);
        let what = What::AttemptFailed { number, failure, next: Follows::Stop, delay: Duration::ZERO };
        cx.note(self.about(attempt.id), route, what);
        if let Some(ticket) = attempt.ticket {
            cx.failed(self.about(attempt.id), ticket, failure, attempt.had_its_limit(failure.phase));
            cx.cool(self.about(0), ticket, failure, false);
        }
    }

    /// What a model's attempt that brought nothing has used: as the host or the stream says, nothing where the provider refused before
    /// anything came, and else nobody knows.
    pub(super) fn count_spent(
        &self,
        cx: &mut Context<'_>,
        attempt: &InFlight,
        failure: Option<Failure>,
        spent: Option<Usage>,
    ) {
        if !self.ask.is_model() {
            return;
        }
        let refused =
            |failure: Failure| failure.effect == Effect::None || failure.status.is_some_and(|status| status >= 400);
        let nothing = attempt.progress.is_none() && failure.is_some_and(refused);
        let unsaid = if nothing { Usage::NOTHING } else { Usage::default() };
        cx.scope.spend(spent.or(attempt.usage).unwrap_or(unsaid));
    }

    /// The end after a stream that may not start over: the deadline where that cut it off, for with more time it had gone on.
    fn broken_off(&mut self, cx: &mut Context<'_>) -> State {
        match self.limit_reached(cx) {
            Some(over) if over.end == End::Limit(Limit::Deadline) => self.stop_at(cx, over),
            _ => self.over(cx, End::Exhausted),
        }
    }

    /// The process died over it: whether it had an effect is unknown, and it does not count against anybody.
    fn interrupted(&mut self, cx: &mut Context<'_>, attempt: InFlight) -> State {
        let failure = Failure::new(FailureKind::Unknown);
        self.count_spent(cx, &attempt, None, None);
        (self.failure, self.interrupted, self.leg.client) = (Some(failure), true, attempt.client);
        if let Some(ticket) = attempt.ticket {
            cx.give_back(ticket);
        }
        match self.may_not_try_again(cx, failure, cx.policy.failures.rule(failure.kind)) {
            Some(over) => self.stop_at(cx, over),
            // A request that kills its process is not made for ever.
            None if self.leg.in_round() >= cx.policy.retry.max_attempts => self.go_on(cx),
            None => self.same_route(cx),
        }
    }

    /// The host took it back: permits return, nothing is counted.
    pub(super) fn abandoned(&mut self, cx: &mut Context<'_>) -> State {
        match self.state {
            State::Attempt(attempt) => {
                self.count_spent(cx, &attempt, None, None);
                self.drop_hedge(cx, Some(CancelWhy::Superseded));
                if let Some(ticket) = attempt.ticket {
                    cx.give_back(ticket);
                }
            }
            State::Switch { ticket, route, .. } => {
                cx.give_back(ticket);
                cx.live.not_activating(route);
            }
            // Inline hosts leave `Taken` out: the old client may be closed already.
            State::Rebuild { route, .. } => cx.live.made_unready(route),
            State::Fresh | State::Wait { .. } | State::Over(_) => {}
        }
        State::Over(Verdict { failure: self.failure, ..Verdict::new(End::Cancelled) })
    }

    /// Stops what runs, for the turn is over.
    pub(crate) fn stop(&mut self, cx: &mut Context<'_>, why: CancelWhy) {
        if self.verdict().is_some() {
            return;
        }
        if let Some(id) = self.current() {
            self.cancel_if(self.is_taken(), cx, id, why);
        }
        self.drop_hedge(cx, Some(why));
        self.state = self.abandoned(cx);
    }

    // ---- The end. ----

    pub(super) fn stop_at(&mut self, cx: &mut Context<'_>, verdict: Verdict) -> State {
        self.cool_down(cx);
        State::Over(verdict)
    }

    pub(super) fn over(&mut self, cx: &mut Context<'_>, end: End) -> State {
        self.cool_down(cx);
        let routes = self.routes();
        let able = cx.live.ids().filter(|route| routes.cannot_work(cx, *route).is_none());
        let retry_at = if routes.are_none(cx) { None } else { cx.live.earliest(cx.policy, cx.now, able) };
        State::Over(Verdict { end, failure: self.failure, retry_at })
    }

    /// The cooldown that begins when the ladder leaves the route that failed.
    pub(super) fn cool_down(&mut self, cx: &mut Context<'_>) {
        if let (Some(ticket), Some(failure)) = (self.leg.failed_with.take(), self.failure) {
            cx.cool(self.about(0), ticket, failure, true);
        }
    }

    /// Has something stopped, if the host has taken it on: filed under the first id that was used, which may be this one.
    pub(super) fn cancel_if(&mut self, taken: bool, cx: &mut Context<'_>, id: Id, why: CancelWhy) {
        if !taken {
            return;
        }
        self.begin_with(cx, id);
        cx.scope.cancel(self.first, id, why);
    }

    pub(super) fn note(&self, cx: &mut Context<'_>, route: Option<RouteId>, what: What) {
        cx.note(self.about(0), route, what);
    }
}
