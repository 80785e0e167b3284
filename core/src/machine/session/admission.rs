//! Admission: checks the breaker and cooldown of each scope before an attempt, and records its outcome afterwards.
//!
//! `inline(always)` here and in the policies marks what every call that works at once goes through, and lists are walked by
//! reference. The module for JavaScript is compiled for size, which would make calls of all of them and of every step of an
//! iterator over values: hardly larger, it is twice as quick.

use core::time::Duration;

use super::About;
use super::live::Live;
use crate::command::RouteId;
use crate::log::EventLog;
use crate::notice::{Notice, Scoped, Skip, What};
use crate::policy::Policy;
use crate::policy::breaker::{BreakerState, Change, Circuit, Outcome, Permit};
use crate::policy::budget::RetryCounts;
use crate::policy::cooldown::{Cooldown, Cooling};
use crate::policy::failure::{Charge, Cool, Failure, FailureRule, Phase};
use crate::stored::stored;
use crate::time::{Instant, span};

/// A permit lapses this long after the attempt it was given for should have ended.
pub(crate) const LEASE_GRACE: Duration = span(5_000);

/// Breaker, cooldown and retry budget of one scope. Only deployments and endpoints have breakers, only deployments retry budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Admission {
    pub(crate) breaker: Circuit,
    pub(crate) cooldown: Cooldown,
    pub(crate) retries: RetryCounts,
}

stored! { Admission { breaker, cooldown, retries } }

/// The right to make one attempt on a route, and what its outcome will be settled against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    route: RouteId,
    epoch: u32,
    pub(crate) admitted: Instant,
    /// When a stream first made progress: what it takes after that is no slowness.
    pub(crate) answered: Instant,
    /// The generation of each breaker, by scope.
    breakers: [u32; 2],
    /// The generation of each cooldown, by scope.
    cooldowns: [u32; 4],
}

stored! { Ticket { route, epoch, admitted, answered, breakers, cooldowns } }

impl Ticket {
    #[inline(always)]
    const fn new(route: RouteId, epoch: u32, admitted: Instant) -> Self {
        Self { route, epoch, admitted, answered: Instant::NEVER, breakers: [0; 2], cooldowns: [0; 4] }
    }

    /// The route that it is for.
    pub(crate) const fn route(&self) -> RouteId {
        self.route
    }
}

/// Why a route may not be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Breaker { until: Instant, probing: bool },
    Cooling(Cooling),
}

impl Refusal {
    pub(crate) fn until(self) -> Instant {
        match self {
            Self::Breaker { until, .. } | Self::Cooling(Cooling { until, .. }) => until,
        }
    }

    /// Why the route is skipped. A breaker that knows no time is under a manual override.
    pub(crate) fn why(self) -> Skip {
        match self {
            Self::Breaker { until: Instant::NEVER, .. } => Skip::Isolated,
            Self::Breaker { probing: true, .. } | Self::Cooling(Cooling { probing: true, .. }) => Skip::Probing,
            Self::Breaker { .. } => Skip::Breaker,
            Self::Cooling(_) => Skip::Cooldown,
        }
    }

    /// The notice that it is. When a half-open probe will have settled nobody knows.
    pub(crate) fn skipped(self) -> What {
        let why = self.why();
        let kind = if let Self::Cooling(Cooling { kind, probing: false, .. }) = self { Some(kind) } else { None };
        What::Skipped { why, until: self.until().known().filter(|_| why != Skip::Probing), kind }
    }
}

impl Live {
    // ---- Before an attempt. ----

    /// Looks ahead without taking anything: breakers first, for they refuse even the last route.
    #[inline]
    pub(crate) fn would_admit(&self, policy: &Policy, route: RouteId, now: Instant) -> Result<(), Refusal> {
        self.breakers_admit(policy, route, now)?;
        let Some(state) = self.route(route) else { return Ok(()) };
        for at in &state.scopes {
            if let Some(admission) = self.admissions.get(*at)
                && let Err(cooling) = admission.cooldown.would_admit(now)
            {
                return Err(Refusal::Cooling(cooling));
            }
        }
        Ok(())
    }

    /// Only the breakers' word: all that is asked before the same route is asked again.
    #[inline(always)]
    pub(crate) fn breakers_admit(&self, policy: &Policy, route: RouteId, now: Instant) -> Result<(), Refusal> {
        let Some(state) = self.route(route) else { return Ok(()) };
        let [deployment, endpoint, ..] = &state.scopes;
        for at in [deployment, endpoint] {
            if let Some(Admission { breaker, .. }) = self.admissions.get(*at) {
                breaker.would_admit(&policy.breaker, now).map_err(|until| Refusal::Breaker {
                    until,
                    probing: breaker.state(&policy.breaker, now) == BreakerState::HalfOpen,
                })?;
            }
        }
        Ok(())
    }

    /// The first scope of a route that is being probed, or that is in cooldown for longer than until then.
    pub(crate) fn cools_beyond(&self, route: RouteId, now: Instant, then: Instant) -> Option<Cooling> {
        let scopes = &self.route(route)?.scopes;
        let mut cooling = scopes.iter().filter_map(|at| self.admissions.get(*at)?.cooldown.would_admit(now).err());
        cooling.find(|cooling| cooling.probing || cooling.until > then)
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

    /// Takes the permits of a route, which was asked for them just now.
    #[inline(always)]
    pub(crate) fn admit(&mut self, policy: &Policy, route: RouteId, now: Instant, until: Instant) -> Ticket {
        let lease = until + LEASE_GRACE;
        let mut ticket = Ticket::new(route, self.epoch, now);
        let Some(scopes) = self.route(route).map(|state| state.scopes) else { return ticket };
        for (at, generation) in scopes.iter().zip(&mut ticket.breakers) {
            if let Some(admission) = self.admissions.get_mut(*at) {
                *generation = admission.breaker.take(&policy.breaker, now, lease).generation;
            }
        }
        for (at, generation) in scopes.iter().zip(&mut ticket.cooldowns) {
            if let Some(admission) = self.admissions.get_mut(*at) {
                *generation = admission.cooldown.admit(now, lease);
            }
        }
        ticket
    }

    // ---- After it. ----

    /// Gives a permit back: nothing is counted.
    pub(crate) fn give_back(&mut self, policy: &Policy, ticket: Ticket, now: Instant) {
        self.settle_breakers(policy, ticket, now, [Outcome::Neutral; 2], |_, _| {});
        self.each_cooldown(ticket, Cooldown::give_back);
    }

    /// An attempt worked: breakers count it, cooldowns are forgotten.
    #[inline(always)]
    pub(crate) fn passed(&mut self, policy: &Policy, ticket: Ticket, now: Instant, notice: impl FnMut(Scoped, Change)) {
        self.settle_breakers(policy, ticket, now, [Outcome::Passed; 2], notice);
        self.each_cooldown(ticket, Cooldown::forget);
    }

    /// An attempt failed: it counts against whoever the rule names.
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
        let outcomes = match rule.charge {
            Charge::Deployment => [Outcome::Failed, reached],
            Charge::DeploymentIfFullTime if full_time => [Outcome::Failed, reached],
            // A full pool is our own crowd, not the endpoint's fault.
            Charge::Endpoint if failure.phase != Some(Phase::Pool) => [Outcome::Neutral, Outcome::Failed],
            Charge::No if rule.proves_alive => [Outcome::Passed; 2],
            _ => [Outcome::Neutral, reached],
        };
        self.settle_breakers(policy, ticket, now, outcomes, notice);
        self.each_cooldown(ticket, Cooldown::give_back);
    }

    #[inline(always)]
    fn settle_breakers(
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
        let Some(state) = self.routes.get(usize::from(ticket.route.0)) else { return };
        // Only a deployment is slow: what it takes is no news about whatever else is at its endpoint.
        let since = match policy.breaker.slow {
            Some(_) => now - (now.min(ticket.answered) - ticket.admitted),
            None => now,
        };
        let outcomes = [(since, deployment, Scoped::Deployment), (now, endpoint, Scoped::Endpoint)];
        for ((at, &generation), &(since, outcome, scope)) in state.scopes.iter().zip(&ticket.breakers).zip(&outcomes) {
            if let Some(admission) = self.admissions.get_mut(*at)
                && let Some(change) =
                    admission.breaker.settle(&policy.breaker, now, Permit { generation, since }, outcome)
            {
                notice(scope, change);
            }
        }
    }

    #[inline(always)]
    fn each_cooldown(&mut self, ticket: Ticket, settle: impl Fn(&mut Cooldown, u32)) {
        if ticket.epoch != self.epoch {
            return;
        }
        let Some(state) = self.routes.get(usize::from(ticket.route.0)) else { return };
        for (at, &generation) in state.scopes.iter().zip(&ticket.cooldowns) {
            if let Some(admission) = self.admissions.get_mut(*at)
                && !admission.cooldown.is_clear()
            {
                settle(&mut admission.cooldown, generation);
            }
        }
    }

    /// Begins the cooldown that the rule asks for. A time that the provider stated counts at once, any other when the ladder
    /// leaves the route.
    pub(crate) fn cool(
        &mut self,
        ticket: Ticket,
        rule: FailureRule,
        failure: Failure,
        leaving: bool,
        now: Instant,
    ) -> Option<What> {
        let stated = failure.stated();
        let scope = match rule.cool {
            Cool::No => return None,
            Cool::StatedOnly | Cool::Deployment => Scoped::Deployment,
            Cool::Credential => Scoped::Credential,
            Cool::Limit => Scoped::Limit,
        };
        if stated.is_some() == leaving || (rule.cool == Cool::StatedOnly && stated.is_none()) {
            return None;
        }
        let at = self.scope_of(ticket.route, scope)?;
        let cooldown = &mut self.admissions.get_mut(at)?.cooldown;
        let until = cooldown.begin(now, ticket.admitted, failure, rule)?;
        Some(What::Cooldown { scope, until, stated: stated.is_some() })
    }
}

/// Writes a change of a breaker into the event log.
pub(crate) fn note_change(
    log: &mut EventLog,
    about: About,
    ticket: Ticket,
    at: Instant,
    scope: Scoped,
    change: Change,
) {
    let what = match change {
        Change::Opened(until) => What::BreakerOpened { scope, until },
        Change::Closed => What::BreakerClosed { scope },
    };
    log.push(Notice { at, call: about.call, id: about.id, route: Some(ticket.route), what });
}
