//! What the rungs stand on: routes, permits, attempts and waits.

use super::*;

/// What an attempt on a route needs: its ticket, and how long it may run.
type Permit = (Ticket, Allowance);

/// Routes that may still be asked: one before all others, then the chain from the top.
pub(super) struct Candidates {
    first: Option<RouteId>,
    left: RouteSet,
}

impl Iterator for Candidates {
    type Item = RouteId;

    fn next(&mut self) -> Option<RouteId> {
        let first = self.first.take().filter(|route| self.left.contains(*route));
        let next = first.or(self.left.first())?;
        self.left.remove(next);
        Some(next)
    }
}

impl Call {
    pub(super) const fn is_tool(&self) -> bool {
        matches!(self.work, Work::Tool { .. })
    }

    pub(super) const fn is_model(&self) -> bool {
        matches!(self.work, Work::Model { .. })
    }

    /// Whether an attempt on this route is a stream; without routes there is but one place to ask.
    pub(super) fn is_stream(&self, route: Option<RouteId>) -> bool {
        route.map_or(!self.streams.is_empty(), |route| self.streams.contains(route))
    }

    pub(super) fn has_no_routes(&self, cx: &Context<'_>) -> bool {
        self.is_tool() || cx.live.routes.is_empty()
    }

    #[inline]
    pub(super) fn first_route(&self, cx: &Context<'_>) -> Option<RouteId> {
        let (committed, away) = Self::committed(cx);
        let primary = RouteId(0);
        let there = committed.filter(|route| *route != primary && cx.live.place(*route).is_some());
        match there {
            Some(route) if !self.looks_again(cx, away) => Some(route),
            _ => cx.live.place(primary).map(|_| primary),
        }
    }

    /// Where the calls before it have come to, and since when that is not the primary: as far as their fallback still lasts.
    fn committed(cx: &Context<'_>) -> (Option<RouteId>, Option<Instant>) {
        match cx.policy.fallback.scope {
            FallbackScope::Call => (None, None),
            FallbackScope::Session if cx.scope.route.is_none() => (cx.live.committed, cx.live.away),
            FallbackScope::Turn | FallbackScope::Session => (cx.scope.route, cx.scope.away),
        }
    }

    /// Whether a call that has not begun goes back to the primary, after so long elsewhere.
    fn looks_again(&self, cx: &Context<'_>, away: Option<Instant>) -> bool {
        let (Some(recheck), Some(away)) = (cx.policy.fallback.recheck, away) else { return false };
        let primary = RouteId(0);
        self.asked == 0
            && cx.now >= away + recheck
            && self.cannot_work(cx, primary).is_none()
            && cx.live.would_admit(cx.policy, primary, cx.now).is_ok()
    }

    /// Routes not tried yet, in the order in which they are asked.
    pub(super) fn candidates(&self, cx: &Context<'_>) -> Candidates {
        Candidates { first: self.first_route(cx), left: self.untried(cx) }
    }

    fn untried(&self, cx: &Context<'_>) -> RouteSet {
        if self.is_tool() { RouteSet::none() } else { RouteSet::first_of(cx.live.routes.len()).without(self.tried) }
    }

    /// How many routes may have to be asked after the present one.
    fn others_to_come(&self, cx: &Context<'_>) -> u32 {
        let mut left = self.untried(cx).without(cx.live.without_credential);
        if let Some(route) = self.route {
            left.remove(route);
        }
        if self.needs == 0 {
            return left.len();
        }
        let able = cx.live.ids().filter(|route| left.contains(*route) && self.cannot_work(cx, *route).is_none());
        able.collect::<RouteSet>().len()
    }

    /// Why a route cannot answer this call, whatever has happened.
    pub(super) fn cannot_work(&self, cx: &Context<'_>, route: RouteId) -> Option<Skip> {
        if cx.live.without_credential.contains(route) {
            return Some(Skip::NoCredential);
        }
        if self.needs == 0 {
            return None;
        }
        let window = cx.live.place(route)?.route.context_window;
        window.is_some_and(|window| window < self.needs).then_some(Skip::ContextWindow)
    }

    /// The same, or why it could not do better than the one that failed.
    pub(super) fn cannot_help(&self, cx: &Context<'_>, route: RouteId, failure: Option<Failure>) -> Option<Skip> {
        if let Some(why) = self.cannot_work(cx, route) {
            return Some(why);
        }
        let (failure, from) = (failure?, self.route?);
        let rule = cx.policy.failures.rule(failure.kind);
        let other_purse = matches!(rule.cool, Cool::Limit | Cool::Credential) && !cx.live.same_credential(from, route);
        if cx.live.same_deployment(from, route) && !other_purse {
            return Some(Skip::SameDeployment);
        }
        let window = |route| cx.live.place(route).and_then(|place| place.route.context_window);
        match (rule.next, window(from), window(route)) {
            (NextRule::LargerContext, Some(small), Some(other)) if other <= small => Some(Skip::ContextWindow),
            _ => None,
        }
    }

    pub(super) fn another_route(&self, cx: &Context<'_>) -> bool {
        self.candidates(cx).any(|route| {
            self.cannot_help(cx, route, self.failure).is_none() && cx.live.would_admit(cx.policy, route, cx.now).is_ok()
        })
    }

    /// How long an attempt may run now, with what the routes still to come are owed set aside.
    #[inline]
    pub(super) fn allowance(&self, cx: &Context<'_>) -> Allowance {
        self.allowance_on(cx, self.route)
    }

    /// The same by the limit of that route. One that is not tried yet is itself among those to come: what makes its client leaves
    /// its attempt a share.
    #[inline]
    fn allowance_on(&self, cx: &Context<'_>, route: Option<RouteId>) -> Allowance {
        let to_come = if cx.scope.deadline.is_some() { self.others_to_come(cx) } else { 0 };
        let place = route.and_then(|route| cx.live.place(route));
        let timeout = self.timeout.or_else(|| place.and_then(|place| place.route.timeout));
        let timeout = timeout.unwrap_or(cx.policy.attempt.timeout);
        share(cx.now, timeout, cx.scope.deadline, to_come)
    }

    /// A stream that makes progress gets its share of the deadline anew: one that goes on is not cut off in its middle, and one that
    /// stalls leaves time for the next route. Where nobody may be asked after it, it has all that is left.
    pub(super) fn share_anew(&mut self, cx: &Context<'_>) {
        let all = cx.scope.deadline.unwrap_or(Instant::NEVER);
        let cut = if self.restartable { self.allowance(cx).cut } else { all };
        if let State::Attempt(running) = &mut self.state {
            running.allowance.cut = cut;
        }
    }

    /// Takes one retry out of the budget of the route's deployment, if it covers one. Asked last: what it grants is spent.
    pub(super) fn budget_grants(&self, cx: &mut Context<'_>) -> bool {
        let Some(purse) = self.route.and_then(|route| cx.live.purse(route)) else { return true };
        let covered = purse.covers(&cx.policy.budget, cx.now);
        if covered {
            purse.withdraw(&cx.policy.budget, cx.now);
        }
        covered
    }

    /// What an attempt on a route needs: its ticket, and how long it may run.
    pub(super) fn permit(&mut self, cx: &mut Context<'_>, route: RouteId) -> Result<Permit, Refusal> {
        cx.live.breakers_admit(cx.policy, route, cx.now)?;
        Ok(self.take_permit(cx, route))
    }

    /// The same where its gates were asked just now.
    #[inline(always)]
    pub(super) fn take_permit(&mut self, cx: &mut Context<'_>, route: RouteId) -> Permit {
        let before = self.route.replace(route);
        let allowance = self.allowance(cx);
        self.route = before;
        // An attempt without end would hold its permit without end; a stream that goes on renews nothing either.
        let ticket = cx.live.admit(cx.policy, route, cx.now, allowance.until());
        (ticket, allowance)
    }

    /// Towards a route: its client is made ready first, if it is not.
    pub(super) fn go(&mut self, cx: &mut Context<'_>, route: RouteId, fell_back: bool) -> State {
        let Some((ready, activating)) = cx.live.place(route).map(|place| (place.ready, place.is_activating(cx.now)))
        else {
            return self.over(cx, End::NoRoute);
        };
        if !ready && activating {
            return self.wait_for_client(cx, route, Then::Choose);
        }
        let Ok(permit) = self.permit(cx, route) else { return self.over(cx, End::NoRoute) };
        if ready {
            return State::Attempt(self.arrive(cx, route, &permit));
        }
        self.switch(cx, route, permit, if fell_back { SwitchWhy::Fallback } else { SwitchWhy::Begin })
    }

    fn switch(&mut self, cx: &mut Context<'_>, route: RouteId, (ticket, _): Permit, why: SwitchWhy) -> State {
        let (id, until) = (cx.scope.next_id(), self.allowance_on(cx, Some(route)).until());
        self.activating(cx, route, until);
        if route == RouteId(0) {
            // To look and find no client is to have looked.
            let looked = |away: &mut Option<Instant>| *away = away.map(|_| cx.now);
            looked(&mut cx.scope.away);
            looked(&mut cx.live.away);
        }
        State::Switch { id, route, ticket, until, taken: false, why }
    }

    /// Tells everybody else that this call is making the route's client, until then at most. One that is made again is out of
    /// service from now on.
    pub(super) fn activating(&self, cx: &mut Context<'_>, route: RouteId, until: Instant) {
        if let Some(place) = cx.live.place_mut(route) {
            (place.ready, place.activating) = (false, Some(until + crate::session::LEASE_GRACE));
        }
    }

    /// One more attempt with a client that another call has made again, or is about to have made again.
    pub(super) fn newer_client(&mut self, cx: &mut Context<'_>, client: u32) -> State {
        let Some((route, place)) = self.route.and_then(|route| Some((route, cx.live.place(route)?))) else {
            return self.leave(cx);
        };
        if place.client > client {
            self.same_route(cx)
        } else if place.is_activating(cx.now) {
            self.wait_for_client(cx, route, Then::Newer { client })
        } else {
            self.leave(cx)
        }
    }

    /// Commits to a route: the first attempt on it.
    pub(super) fn arrive(&mut self, cx: &mut Context<'_>, route: RouteId, permit: &Permit) -> Running {
        let moved = self.asked > 0 && self.route != Some(route);
        self.settle_on(route);
        self.tried.insert(route);
        cx.scope.hedge_won = None;
        self.commit(cx, route);
        self.asked = self.asked.saturating_add(1);
        if moved || (self.first == 0 && route != RouteId(0) && cx.scope.attempts == 0) {
            self.note(cx, Some(route), What::MovedOn);
        }
        if let Some(purse) = cx.live.purse(route) {
            purse.deposit(&cx.policy.budget, cx.now);
        }
        self.run(cx, Some((route, permit)))
    }

    /// A route of which nothing has been asked yet.
    #[inline(always)]
    pub(super) fn settle_on(&mut self, route: RouteId) {
        (self.on_route, self.before, self.repeated, self.last_chance, self.previous) = (0, 0, false, false, None);
        (self.own_rest, self.paused) = (Instant::ZERO, 0);
        self.route = Some(route);
    }

    /// Calls to come begin here, those of this turn and, with that scope, those of the session.
    #[inline]
    pub(super) fn commit(&self, cx: &mut Context<'_>, route: RouteId) {
        if route == RouteId(0) && cx.scope.away.is_none() && cx.live.away.is_none() {
            (cx.scope.route, cx.live.committed) = (Some(route), Some(route));
            return;
        }
        let begins_at = self.first_route(cx).filter(|begins_at| self.asked == 0 && *begins_at != route);
        if begins_at.and_then(|begins_at| self.cannot_work(cx, begins_at)) == Some(Skip::ContextWindow) {
            // It is too large for that one, which says nothing about the calls to come.
            return;
        }
        let (_, away) = Self::committed(cx);
        let session_wide = cx.policy.fallback.scope == FallbackScope::Session;
        let (primary, begins) = (route == RouteId(0), self.asked == 0);
        if primary && begins && away.is_some() {
            self.note(cx, Some(route), What::Returned);
        }
        cx.scope.route = Some(route);
        cx.scope.away = if primary { None } else { away.or(Some(cx.now)) };
        if primary && begins && cx.live.away.is_some() {
            // One call looks; the session is back only when that works.
            cx.live.away = Some(cx.now);
            return;
        }
        cx.live.committed = Some(route);
        cx.live.away = if primary || !session_wide { None } else { cx.live.away.or(Some(cx.now)) };
    }

    /// Attempts on the present route since its client was last made again for a new round.
    pub(super) const fn in_round(&self) -> u32 {
        self.on_route.saturating_sub(self.before)
    }

    /// One more attempt on the same route; its breaker is asked again, and a refusal goes to the next route. Its client may be
    /// gone since: a rebuild failed, or the process died.
    pub(super) fn same_route(&mut self, cx: &mut Context<'_>) -> State {
        let Some(route) = self.route else { return State::Attempt(self.run(cx, None)) };
        let Some((ready, activating)) = cx.live.place(route).map(|place| (place.ready, place.is_activating(cx.now)))
        else {
            return self.leave(cx);
        };
        if !ready && activating {
            return self.wait_for_client(cx, route, Then::SameRoute);
        }
        if let Some(other) = self.rests_by_now(cx, route) {
            return other;
        }
        match self.permit(cx, route) {
            Ok(permit) if ready => State::Attempt(self.run(cx, Some((route, &permit)))),
            Ok(permit) => self.switch(cx, route, permit, SwitchWhy::Begin),
            Err(refusal) => {
                self.note(cx, Some(route), refusal.passed_over());
                self.leave(cx)
            }
        }
    }

    /// The first id that it uses is its own.
    #[inline(always)]
    pub(super) fn begin_with(&mut self, cx: &mut Context<'_>, id: Id) {
        if self.first == 0 {
            self.first = id;
            cx.scope.keys.begun(self.work, id);
        }
    }

    /// Makes an attempt, counted in the scope; without a route there is nothing to permit.
    #[inline]
    pub(super) fn run(&mut self, cx: &mut Context<'_>, on: Option<(RouteId, &Permit)>) -> Running {
        let id = cx.scope.next_id();
        self.begin_with(cx, id);
        self.on_route = self.on_route.saturating_add(1);
        if !self.is_tool() {
            cx.count_attempt();
        }
        let allowance = on.map_or_else(|| self.allowance(cx), |(_, permit)| permit.1);
        let place = on.and_then(|(route, _)| cx.live.place(route));
        let limits = &cx.policy.attempt;
        let streams = self.is_stream(on.map(|(route, _)| route));
        let of_route = |own: Option<Duration>, default| streams.then_some(own.unwrap_or(default));
        Running {
            id,
            client: place.map_or(0, |place| place.client),
            ticket: on.map(|(_, permit)| permit.0),
            started: cx.now,
            allowance,
            first_progress: of_route(place.and_then(|place| place.route.first_progress), limits.first_progress),
            idle: of_route(place.and_then(|place| place.route.idle), limits.idle),
            progress: None,
            taken: false,
            hedge_at: Instant::NEVER,
            hedged: false,
        }
    }

    pub(super) fn wait(&mut self, cx: &mut Context<'_>, until: Instant, why: WaitWhy, then: Then) -> State {
        let id = cx.scope.next_id();
        State::Wait { id, until, why, then }
    }

    pub(super) fn after_wait(&mut self, cx: &mut Context<'_>, then: Then) -> State {
        if let Some(over) = self.out_of_bounds(cx) {
            return self.stop_at(cx, over);
        }
        match then {
            Then::SameRoute => self.same_route(cx),
            Then::Newer { client } => self.newer_client(cx, client),
            Then::Choose => {
                let state = self.next_route(cx, self.failure);
                state.unwrap_or_else(|| {
                    self.over(cx, if self.failure.is_none() { End::NoRoute } else { End::Exhausted })
                })
            }
        }
    }
}
