//! What happened, and what becomes of it.

use super::*;

impl Call {
    /// Shared with `settle`: gates are told, the route stays committed.
    pub(super) fn succeeded(&self, cx: &mut Context<'_>, running: &Running) -> State {
        if self.failed > 0 {
            self.note(cx, self.route, What::Recovered { failed: self.failed });
        }
        if cx.live.away.is_some() && self.route == Some(RouteId(0)) {
            (cx.live.committed, cx.live.away) = (self.route, None);
        }
        if let (Some(ticket), Some(route)) = (running.ticket, self.route) {
            let (about, now) = (About { call: self.first, id: running.id }, cx.now);
            let account = &mut cx.scope.account;
            cx.live
                .passed(cx.policy, ticket, now, |scope, change| note_change(account, about, route, now, scope, change));
        }
        State::Over(Verdict::new(End::Succeeded))
    }

    pub(super) fn attempt_failed(&mut self, cx: &mut Context<'_>, running: Running, failure: Failure) -> State {
        (self.failure, self.client) = (Some(failure), running.client);
        self.interrupted = false;
        self.own_rest = self.own_rest.max(failure.stated().map_or(Instant::ZERO, |stated| cx.now + stated));
        self.charge(cx, &running, failure);
        self.failed_with = running.ticket;
        if !cx.scope.hedges.is_empty()
            && let Some(hedge) = self.promote_hedge(cx)
        {
            cx.scope.account.followed(running.id, Follows::Other, Duration::ZERO);
            return hedge;
        }
        let broken = running.progress.is_some() && !self.restartable;
        let next = if broken { self.broken_off(cx) } else { self.after_failure(cx, failure) };
        let (follows, delay) = match next {
            State::Attempt(_) if self.on_route == 1 => (Follows::MoveOn, Duration::ZERO),
            State::Attempt(_) => (Follows::Again, Duration::ZERO),
            State::Wait { until, why: WaitWhy::Backoff, .. } => (Follows::Again, until - cx.now),
            State::Wait { until, .. } => (Follows::Wait, until - cx.now),
            State::Rebuild { .. } => (Follows::Rebuild, Duration::ZERO),
            State::Switch { .. } => (Follows::MoveOn, Duration::ZERO),
            State::Fresh | State::Over(_) => (Follows::Stop, Duration::ZERO),
        };
        cx.scope.account.followed(running.id, follows, delay);
        next
    }

    /// An attempt on the present route failed: it is noticed, and whoever the rule names is charged.
    pub(super) fn charge(&mut self, cx: &mut Context<'_>, running: &Running, failure: Failure) {
        self.failed = self.failed.saturating_add(1);
        let about = About { call: self.first, id: running.id };
        let told = What::AttemptFailed { number: self.on_route, failure, next: Follows::Stop, delay: Duration::ZERO };
        cx.note(about, self.route, told);
        self.count_spent(cx, running, Some(failure));
        if let (Some(ticket), Some(route)) = (running.ticket, self.route) {
            let now = cx.now;
            let account = &mut cx.scope.account;
            let full_time = running.had_its_limit(failure.phase);
            let note = |scope, change| note_change(account, about, route, now, scope, change);
            cx.live.failed(cx.policy, ticket, now, failure, full_time, note);
            self.cool(cx, ticket, failure, false);
        }
    }

    /// The end after a stream that may not start over: the deadline where that cut it off, for with more time it had gone on.
    fn broken_off(&mut self, cx: &mut Context<'_>) -> State {
        match self.out_of_bounds(cx) {
            Some(over) if over.end == End::Limit(Limit::Deadline) => self.stop_at(cx, over),
            _ => self.over(cx, End::Exhausted),
        }
    }

    /// What a model's attempt that brought nothing has used: as the host told, nothing where the provider refused before
    /// anything came, and else nobody knows.
    pub(super) fn count_spent(&self, cx: &mut Context<'_>, running: &Running, failure: Option<Failure>) {
        if !self.is_model() {
            return;
        }
        let told = cx.scope.told.take_if(|told| told.id == running.id);
        let refused =
            |failure: Failure| failure.effect == Effect::None || failure.status.is_some_and(|status| status >= 400);
        let nothing = running.progress.is_none() && failure.is_some_and(refused);
        let unsaid = if nothing { Usage::NOTHING } else { Usage::default() };
        let before = cx.scope.spent.known;
        cx.scope.spent.add(told.map_or(unsaid, |told| told.usage));
        if let Some(pool) = &cx.scope.pool.0 {
            pool.spend(cx.scope.spent.known.saturating_sub(before));
        }
    }

    pub(super) fn switched(&mut self, cx: &mut Context<'_>, route: RouteId, ticket: Ticket) -> State {
        cx.live.made_ready(route);
        // The permit was held for the switch; the attempt gets one of its own, for its own time.
        cx.live.give_back(cx.policy, ticket, cx.now);
        // Others have gone on meanwhile: the last attempt, or the time, may be used up.
        if let Some(over) = self.out_of_bounds(cx) {
            return self.stop_at(cx, over);
        }
        if self.route == Some(route) {
            return self.same_route(cx);
        }
        if let Err(refusal @ Refusal::Cooling(cooling)) = cx.live.would_admit(cx.policy, route, cx.now)
            && (cooling.stated || self.another_route(cx))
        {
            self.note(cx, Some(route), refusal.passed_over());
            return self.go_on(cx);
        }
        match self.permit(cx, route) {
            Ok(permit) => State::Attempt(self.arrive(cx, route, &permit)),
            Err(refusal) => {
                self.note(cx, Some(route), refusal.passed_over());
                self.go_on(cx)
            }
        }
    }

    /// The route counts as tried, nothing is charged, and the ladder goes on for the same failure.
    pub(super) fn not_switched(&mut self, cx: &mut Context<'_>, route: RouteId, ticket: Ticket) -> State {
        if let Some(place) = cx.live.place_mut(route) {
            place.activating = None;
        }
        cx.live.give_back(cx.policy, ticket, cx.now);
        self.note(cx, Some(route), What::NotReady);
        self.tried.insert(route);
        if self.route == Some(route) {
            return self.leave(cx);
        }
        self.go_on(cx)
    }

    /// The whole ladder once more for the same failure; before the first one, the next route or the end.
    pub(super) fn go_on(&mut self, cx: &mut Context<'_>) -> State {
        if let Some(failure) = self.failure {
            return self.after_failure(cx, failure);
        }
        if let Some(over) = self.out_of_bounds(cx) {
            return self.stop_at(cx, over);
        }
        self.next_route(cx, None).unwrap_or_else(|| self.over(cx, End::NoRoute))
    }

    pub(super) fn rebuilt(&mut self, cx: &mut Context<'_>, route: RouteId, settle: bool) -> State {
        cx.live.made_ready(route);
        self.note(cx, Some(route), What::Rebuilt);
        let wait = if settle { cx.policy.recovery.settle_for(self.on_route) } else { Duration::ZERO };
        if cx.now + wait >= self.allowance(cx).cut {
            return self.leave(cx);
        }
        if wait.is_zero() {
            return self.after_wait(cx, Then::SameRoute);
        }
        self.wait(cx, cx.now + wait, WaitWhy::Rebuilt, Then::SameRoute)
    }

    pub(super) fn not_rebuilt(&mut self, cx: &mut Context<'_>, route: RouteId) -> State {
        // The old client is closed: whoever comes next has to make it ready first.
        if let Some(place) = cx.live.place_mut(route) {
            (place.ready, place.activating) = (false, None);
        }
        self.note(cx, Some(route), What::NotRebuilt);
        if let Some(over) = self.out_of_bounds(cx) {
            return self.stop_at(cx, over);
        }
        self.leave(cx)
    }

    /// The host took it back: permits return, nobody is charged.
    pub(super) fn abandoned(&mut self, cx: &mut Context<'_>) -> State {
        if let State::Attempt(running) = self.state {
            self.count_spent(cx, &running, None);
            self.drop_hedge(cx, Some(CancelWhy::Superseded));
        }
        match self.state {
            State::Attempt(Running { ticket: Some(ticket), .. }) => cx.live.give_back(cx.policy, ticket, cx.now),
            State::Switch { ticket, route, .. } => {
                cx.live.give_back(cx.policy, ticket, cx.now);
                if let Some(place) = cx.live.place_mut(route) {
                    place.activating = None;
                }
            }
            // Inline hosts leave `Taken` out: the old client may be closed already.
            State::Rebuild { route, .. } => {
                if let Some(place) = cx.live.place_mut(route) {
                    (place.ready, place.activating) = (false, None);
                }
            }
            _ => {}
        }
        State::Over(Verdict { failure: self.failure, ..Verdict::new(End::Cancelled) })
    }

    /// The process died over it: whether it had an effect is unknown, and it is nobody's fault.
    pub(super) fn interrupted(&mut self, cx: &mut Context<'_>, running: Running) -> State {
        let failure = Failure::new(FailureKind::Unknown);
        self.interrupted = true;
        self.count_spent(cx, &running, None);
        (self.failure, self.client) = (Some(failure), running.client);
        if let Some(ticket) = running.ticket {
            cx.live.give_back(cx.policy, ticket, cx.now);
        }
        match self.may_not_try_again(cx, failure, cx.policy.failures.rule(failure.kind)) {
            Some(over) => self.stop_at(cx, over),
            // A request that kills its process is not made for ever.
            None if self.in_round() >= cx.policy.retry.max_attempts => self.go_on(cx),
            None => self.same_route(cx),
        }
    }

    /// Stops what runs, for the turn is over.
    pub(crate) fn stop(&mut self, cx: &mut Context<'_>, why: CancelWhy) {
        if self.verdict().is_some() {
            return;
        }
        if let (true, Some(id)) = (self.is_taken(), self.current()) {
            self.cancel(cx, id, why);
        }
        self.drop_hedge(cx, Some(why));
        self.state = self.abandoned(cx);
    }

    /// Has something stopped that the host has taken on: filed under the first id that was used, which may be this one.
    pub(super) fn cancel(&mut self, cx: &mut Context<'_>, id: Id, why: CancelWhy) {
        self.begin_with(cx, id);
        cx.scope.cancel(self.first, id, why);
    }

    pub(crate) fn current(&self) -> Option<Id> {
        match self.state {
            State::Attempt(Running { id, .. })
            | State::Wait { id, .. }
            | State::Rebuild { id, .. }
            | State::Switch { id, .. } => Some(id),
            State::Fresh | State::Over(_) => None,
        }
    }

    /// The rest that begins when the ladder leaves the route that failed.
    pub(super) fn cool_down(&mut self, cx: &mut Context<'_>) {
        if let (Some(ticket), Some(failure)) = (self.failed_with.take(), self.failure) {
            self.cool(cx, ticket, failure, true);
        }
    }

    pub(super) fn cool(&self, cx: &mut Context<'_>, ticket: Ticket, failure: Failure, leaving: bool) {
        let rule = cx.policy.failures.rule(failure.kind);
        if let Some(what) = cx.live.cool(ticket, rule, failure, leaving, cx.now) {
            self.note(cx, self.route, what);
        }
    }

    pub(super) fn note(&self, cx: &mut Context<'_>, route: Option<RouteId>, what: What) {
        cx.note(About { call: self.first, id: 0 }, route, what);
    }

    pub(super) fn stop_at(&mut self, cx: &mut Context<'_>, verdict: Verdict) -> State {
        self.cool_down(cx);
        State::Over(verdict)
    }

    pub(super) fn over(&mut self, cx: &mut Context<'_>, end: End) -> State {
        self.cool_down(cx);
        let able = cx.live.ids().filter(|route| self.cannot_work(cx, *route).is_none());
        let retry_at = if self.has_no_routes(cx) { None } else { cx.live.earliest(cx.policy, cx.now, able) };
        State::Over(Verdict { end, failure: self.failure, retry_at })
    }
}
