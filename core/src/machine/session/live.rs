//! What is asked of the gates before an attempt, and what they are told after it.
//!
//! `inline(always)` here and in the policies marks what every call that works at once goes through, and lists are walked by
//! reference. The module for JavaScript is compiled for size, which would make calls of all of them and of every step of an
//! iterator over values: hardly larger, it is twice as quick.

use super::*;

impl Live {
    pub(crate) fn place(&self, route: RouteId) -> Option<&Place> {
        self.routes.get(usize::from(route.0))
    }

    /// Takes note of the time and returns the largest that any turn was told.
    #[inline(always)]
    pub(crate) fn tick(&mut self, now: Instant) -> Instant {
        self.seen = self.seen.max(now);
        self.seen
    }

    pub(crate) fn place_mut(&mut self, route: RouteId) -> Option<&mut Place> {
        self.routes.get_mut(usize::from(route.0))
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = RouteId> + use<> {
        (0..u8::try_from(self.routes.len()).unwrap_or(u8::MAX)).map(RouteId)
    }

    #[inline(always)]
    pub(super) fn gate_mut(&mut self, at: usize) -> Option<&mut Gate> {
        self.gates.get_mut(at)
    }

    /// The breaker of a route's deployment.
    pub(super) fn circuit_mut(&mut self, route: RouteId) -> Option<&mut Circuit> {
        let at = self.place(route)?.scopes.deployment;
        self.gate_mut(at).map(|gate| &mut gate.circuit)
    }

    /// A route's client was made.
    pub(crate) fn made_ready(&mut self, route: RouteId) {
        let Some(place) = self.place_mut(route) else { return };
        (place.ready, place.activating) = (true, None);
        place.client = place.client.wrapping_add(1);
        if self.one_slot {
            self.alone_ready(Some(usize::from(route.0)));
        }
    }

    /// Of the routes with a hook only this one is ready any more.
    pub(super) fn alone_ready(&mut self, route: Option<usize>) {
        for (at, place) in self.routes.iter_mut().enumerate() {
            place.ready &= Some(at) == route || !place.route.activates;
        }
    }

    /// Looks ahead without taking anything: breakers first, for they refuse even the last route.
    #[inline]
    pub(crate) fn would_admit(&self, policy: &Policy, route: RouteId, now: Instant) -> Result<(), Refusal> {
        self.breakers_admit(policy, route, now)?;
        let Some(scopes) = self.place(route).map(|place| place.scopes) else { return Ok(()) };
        for at in &rests(scopes) {
            if let Some(gate) = self.gates.get(*at)
                && let Err(cooling) = gate.cooldown.would_admit(now)
            {
                return Err(Refusal::Cooling(cooling));
            }
        }
        Ok(())
    }

    /// The first scope of a route that is being tested, or that rests for longer than until then.
    pub(crate) fn rests_beyond(&self, route: RouteId, now: Instant, then: Instant) -> Option<Cooling> {
        let scopes = self.place(route)?.scopes;
        let mut cooling =
            rests(scopes).into_iter().filter_map(|at| self.gates.get(at)?.cooldown.would_admit(now).err());
        cooling.find(|cooling| cooling.probing || cooling.until > then)
    }

    /// Only the breakers' word: all that is asked before the same route is asked again.
    #[inline(always)]
    pub(crate) fn breakers_admit(&self, policy: &Policy, route: RouteId, now: Instant) -> Result<(), Refusal> {
        let Some(scopes) = self.place(route).map(|place| place.scopes) else { return Ok(()) };
        for at in &[scopes.deployment, scopes.endpoint] {
            if let Some(gate) = self.gates.get(*at) {
                gate.circuit.would_admit(&policy.breaker, now).map_err(|until| Refusal::Breaker {
                    until,
                    probing: gate.circuit.state(&policy.breaker, now) == BreakerState::HalfOpen,
                })?;
            }
        }
        Ok(())
    }

    /// Takes a permit from every gate of a route, which was asked just now.
    #[inline(always)]
    pub(crate) fn admit(&mut self, policy: &Policy, route: RouteId, now: Instant, until: Instant) -> Ticket {
        let lease = until + LEASE_GRACE;
        let mut ticket = Ticket::new(route, self.epoch, now);
        let Some(scopes) = self.place(route).map(|place| place.scopes) else { return ticket };
        for (at, generation) in
            &mut [(scopes.deployment, &mut ticket.deployment), (scopes.endpoint, &mut ticket.endpoint)]
        {
            if let Some(gate) = self.gate_mut(*at) {
                **generation = gate.circuit.take(&policy.breaker, now, lease).generation;
            }
        }
        for (at, generation) in rests(scopes).iter().zip(&mut ticket.rests) {
            if let Some(gate) = self.gate_mut(*at) {
                *generation = gate.cooldown.admit(now, lease);
            }
        }
        ticket
    }

    /// Gives a permit back: nobody is charged, nothing is counted.
    pub(crate) fn give_back(&mut self, policy: &Policy, ticket: Ticket, now: Instant) {
        self.settle_breakers(policy, ticket, now, [Outcome::Neutral; 2], |_, _| {});
        self.each_rest(ticket, Cooldown::give_back);
    }

    /// An attempt worked: breakers count it, rests are forgotten.
    #[inline(always)]
    pub(crate) fn passed(&mut self, policy: &Policy, ticket: Ticket, now: Instant, notice: impl FnMut(Scoped, Change)) {
        self.settle_breakers(policy, ticket, now, [Outcome::Passed; 2], notice);
        self.each_rest(ticket, Cooldown::forget);
    }

    /// An attempt failed: whoever the rule names is charged.
    pub(crate) fn failed(
        &mut self,
        policy: &Policy,
        ticket: Ticket,
        now: Instant,
        failure: Failure,
        full_time: bool,
        notice: impl FnMut(Scoped, Change),
    ) {
        let rule = policy.failures.rule(failure.kind);
        let reached = if failure.status.is_some() { Outcome::Passed } else { Outcome::Neutral };
        let pool = failure.phase == Some(crate::policy::failure::Phase::Pool);
        let outcomes = match rule.charge {
            Charge::Deployment => [Outcome::Failed, reached],
            Charge::DeploymentIfFullTime if full_time => [Outcome::Failed, reached],
            // A full pool is our own crowd, not the endpoint's fault.
            Charge::Endpoint if !pool => [Outcome::Neutral, Outcome::Failed],
            Charge::No if rule.proves_alive => [Outcome::Passed; 2],
            _ => [Outcome::Neutral, reached],
        };
        self.settle_breakers(policy, ticket, now, outcomes, notice);
        self.each_rest(ticket, Cooldown::give_back);
    }

    #[inline(always)]
    pub(super) fn settle_breakers(
        &mut self,
        policy: &Policy,
        ticket: Ticket,
        now: Instant,
        [deployment, endpoint]: [Outcome; 2],
        mut notice: impl FnMut(Scoped, Change),
    ) {
        if ticket.epoch != self.epoch {
            return;
        }
        let Some(scopes) = self.place(ticket.route).map(|place| place.scopes) else { return };
        // Only a deployment is slow: what it takes is no news about whatever else is at its endpoint.
        let since = match policy.breaker.slow {
            Some(_) => now - (now.min(ticket.answered) - ticket.admitted),
            None => now,
        };
        for &(at, permit, outcome, scope) in &[
            (scopes.deployment, Permit { generation: ticket.deployment, since }, deployment, Scoped::Deployment),
            (scopes.endpoint, Permit { generation: ticket.endpoint, since: now }, endpoint, Scoped::Endpoint),
        ] {
            if let Some(gate) = self.gate_mut(at)
                && let Some(change) = gate.circuit.settle(&policy.breaker, now, permit, outcome)
            {
                notice(scope, change);
            }
        }
    }

    #[inline(always)]
    pub(super) fn each_rest(&mut self, ticket: Ticket, settle: impl Fn(&mut Cooldown, u32)) {
        if ticket.epoch != self.epoch {
            return;
        }
        let Some(scopes) = self.place(ticket.route).map(|place| place.scopes) else { return };
        for (&at, &generation) in rests(scopes).iter().zip(&ticket.rests) {
            if let Some(gate) = self.gate_mut(at)
                && !gate.cooldown.is_clear()
            {
                settle(&mut gate.cooldown, generation);
            }
        }
    }

    /// Begins the rest that the rule asks for. A time that the provider stated counts at once, any other when the ladder
    /// leaves the route.
    pub(crate) fn cool(
        &mut self,
        ticket: Ticket,
        rule: Rule,
        failure: Failure,
        leaving: bool,
        now: Instant,
    ) -> Option<What> {
        let scopes = self.place(ticket.route)?.scopes;
        let stated = failure.stated();
        let (at, scope) = match rule.cool {
            Cool::No => return None,
            Cool::StatedOnly => (scopes.deployment, Scoped::Deployment),
            Cool::Deployment => (scopes.deployment, Scoped::Deployment),
            Cool::Credential => (scopes.credential, Scoped::Credential),
            Cool::Limit => (scopes.limit, Scoped::Limit),
        };
        if stated.is_some() == leaving || (rule.cool == Cool::StatedOnly && stated.is_none()) {
            return None;
        }
        let cooldown = &mut self.gate_mut(at)?.cooldown;
        let until = cooldown.begin(now, ticket.admitted, failure, rule)?;
        Some(What::Cooldown { scope, until, stated: stated.is_some() })
    }

    /// The retry budget of a route's deployment.
    pub(crate) fn purse(&mut self, route: RouteId) -> Option<&mut Purse> {
        let at = self.place(route)?.scopes.deployment;
        self.gate_mut(at).map(|gate| &mut gate.purse)
    }

    /// How long the answers of a route's deployment take, where the policy asks for it.
    pub(crate) fn latency(&mut self, route: RouteId) -> Option<&mut Latency> {
        let at = self.place(route)?.scopes.deployment;
        self.latencies.get_mut(at)
    }

    /// When the first of these routes may be asked, if none may be asked now.
    pub(crate) fn earliest(
        &self,
        policy: &Policy,
        now: Instant,
        routes: impl Iterator<Item = RouteId>,
    ) -> Option<Instant> {
        let mut earliest = None;
        for route in routes {
            let until = self.would_admit(policy, route, now).err()?.until();
            earliest = Some(earliest.map_or(until, |first: Instant| first.min(until)));
        }
        earliest.and_then(Instant::known)
    }

    pub(crate) fn same_deployment(&self, a: RouteId, b: RouteId) -> bool {
        let deployment = |route| self.place(route).map(|place| place.scopes.deployment);
        deployment(a) == deployment(b)
    }

    pub(crate) fn same_credential(&self, a: RouteId, b: RouteId) -> bool {
        let credential = |route| self.place(route).map(|place| place.scopes.credential);
        credential(a) == credential(b)
    }
}

fn rests(scopes: Scopes) -> [usize; 4] {
    [scopes.deployment, scopes.endpoint, scopes.credential, scopes.limit]
}

/// Writes a change of a breaker into an event log.
pub(crate) fn note_change(
    log: &mut EventLog,
    about: About,
    route: RouteId,
    at: Instant,
    scope: Scoped,
    change: Change,
) {
    let what = match change {
        Change::Opened(until) => What::BreakerOpened { scope, until },
        Change::Closed => What::BreakerClosed { scope },
    };
    log.push(Notice { at, call: about.call, id: about.id, route: Some(route), what });
}
