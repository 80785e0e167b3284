//! What outlives a turn: whether each route is ready, its gates, its retry budget, standing approvals.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::account::{Account, Notice, Scoped, What};
use crate::command::{Id, RouteId};
use crate::policy::breaker::{BreakerState, Change, Circuit, Outcome};
use crate::policy::budget::Purse;
use crate::policy::cooldown::Cooldown;
use crate::policy::failure::{Charge, Cool, Failure, Rule};
use crate::policy::{Invalid, Policy};
use crate::route::{Route, Scopes, chain};
use crate::time::{Instant, span};

/// A permit lapses this long after the attempt it was given for should have ended.
pub(crate) const LEASE_GRACE: Duration = span(5_000);

/// The process or the conversation: one policy, one chain of routes, and what has been learnt about them.
///
/// It belongs to one owner at a time; bindings guard it with one lock, held for one verb and never over the user's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub(crate) policy: Arc<Policy>,
    pub(crate) live: Live,
}

/// The part of a session that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) routes: Vec<Place>,
    gates: Vec<Gate>,
    pub(crate) standing: Vec<String>,
    /// Where a session-wide fallback has come to.
    pub(crate) committed: Option<RouteId>,
    pub(crate) seed: u64,
    pub(crate) turns: u64,
    pub(crate) epoch: u32,
}

/// A route as the session knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) route: Route,
    pub(crate) scopes: Scopes,
    pub(crate) ready: bool,
    /// Counts how often its client was made.
    pub(crate) client: u32,
    /// Until when some call is making its client.
    pub(crate) activating: Option<Instant>,
}

impl Place {
    pub(crate) fn is_activating(&self, now: Instant) -> bool {
        self.activating.is_some_and(|lease| now < lease)
    }
}

/// Breaker, cooldown and retry budget of one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Gate {
    circuit: Circuit,
    cooldown: Cooldown,
    purse: Purse,
}

/// The right to make one attempt on a route, and what its outcome will be settled against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Ticket {
    route: RouteId,
    epoch: u32,
    pub(crate) admitted: Instant,
    deployment: u32,
    endpoint: u32,
    rests: [u32; 4],
}

/// Why a route may not be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Breaker { until: Instant },
    Cooling { until: Instant, stated: bool },
}

impl Refusal {
    pub(crate) fn until(self) -> Instant {
        match self {
            Self::Breaker { until } | Self::Cooling { until, .. } => until,
        }
    }
}

/// Whom a notice is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    pub(crate) call: Id,
    pub(crate) id: Id,
}

impl Session {
    /// A session over a chain of routes, the primary first. `seed` makes every draw of its turns repeatable, and
    /// their idempotency keys too: outside of tests each session takes another one.
    ///
    /// # Errors
    /// The policy's first field that is out of range, or what is wrong with the chain: no route, or two of one name.
    pub fn new(policy: Arc<Policy>, routes: Vec<Route>, seed: u64) -> Result<Self, Invalid> {
        if routes.is_empty() {
            return Err(Invalid::new("routes", "an empty chain", "1 to 64 routes"));
        }
        Self::over(policy, routes, seed)
    }

    /// A session for functions that have no routes: retry and time limits apply, gates do not.
    ///
    /// # Errors
    /// The policy's first field that is out of range.
    pub fn without_routes(policy: Arc<Policy>, seed: u64) -> Result<Self, Invalid> {
        Self::over(policy, Vec::new(), seed)
    }

    fn over(policy: Arc<Policy>, routes: Vec<Route>, seed: u64) -> Result<Self, Invalid> {
        policy.check()?;
        let (scopes, gates) = chain(&routes)?;
        let routes = routes
            .into_iter()
            .zip(scopes)
            // The primary's client is the one that the host already has.
            .enumerate()
            .map(|(at, (route, scopes))| Place {
                ready: at == 0 || !route.activates,
                route,
                scopes,
                client: 0,
                activating: None,
            })
            .collect();
        let live = Live {
            routes,
            gates: alloc::vec![Gate::default(); gates],
            standing: Vec::new(),
            committed: None,
            seed,
            turns: 0,
            epoch: 0,
        };
        Ok(Self { policy, live })
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The routes, the primary first.
    pub fn routes(&self) -> impl ExactSizeIterator<Item = &Route> {
        self.live.routes.iter().map(|place| &place.route)
    }

    /// A route's name; `?` for one that is not in the chain.
    #[must_use]
    pub fn route_name(&self, route: RouteId) -> &str {
        self.live.place(route).map_or("?", |place| &place.route.name)
    }

    /// What the breaker of a route's deployment would do with a call now.
    #[must_use]
    pub fn breaker(&self, route: RouteId, now: Instant) -> BreakerState {
        let gate = self.live.place(route).and_then(|place| self.live.gates.get(place.scopes.deployment));
        gate.map_or(BreakerState::Closed, |gate| gate.circuit.state(now))
    }

    /// When a route may be asked, if not now.
    #[must_use]
    pub fn refused_until(&self, route: RouteId, now: Instant) -> Option<Instant> {
        self.live.would_admit(&self.policy, route, now).err().map(Refusal::until)
    }

    /// Forgets all that was held against a route: breakers close, rests end.
    pub fn reset(&mut self, route: RouteId) {
        let Some(scopes) = self.live.place(route).map(|place| place.scopes) else { return };
        for at in [scopes.deployment, scopes.endpoint, scopes.credential, scopes.limit] {
            if let Some(gate) = self.live.gates.get_mut(at) {
                gate.circuit.reset();
                gate.cooldown.clear();
            }
        }
    }

    /// Tools that were approved for longer than one call.
    pub fn standing_approvals(&self) -> impl Iterator<Item = &str> {
        self.live.standing.iter().map(String::as_str)
    }

    /// Approves a tool for longer than one call. A deny rule still beats it.
    pub fn approve_standing(&mut self, tool: &str) {
        if !self.live.standing.iter().any(|name| name == tool) {
            self.live.standing.push(tool.into());
        }
    }

    /// Takes back an approval that was given for longer than one call; false if there was none.
    pub fn withdraw_approval(&mut self, tool: &str) -> bool {
        let before = self.live.standing.len();
        self.live.standing.retain(|name| name != tool);
        self.live.standing.len() < before
    }
}

impl Live {
    pub(crate) fn place(&self, route: RouteId) -> Option<&Place> {
        self.routes.get(usize::from(route.0))
    }

    pub(crate) fn place_mut(&mut self, route: RouteId) -> Option<&mut Place> {
        self.routes.get_mut(usize::from(route.0))
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = RouteId> + use<> {
        (0..u8::try_from(self.routes.len()).unwrap_or(u8::MAX)).map(RouteId)
    }

    fn gate_mut(&mut self, at: usize) -> Option<&mut Gate> {
        self.gates.get_mut(at)
    }

    /// Looks ahead without taking anything: breakers first, for they refuse even the last route.
    pub(crate) fn would_admit(&self, policy: &Policy, route: RouteId, now: Instant) -> Result<(), Refusal> {
        self.breakers_admit(policy, route, now)?;
        let Some(scopes) = self.place(route).map(|place| place.scopes) else { return Ok(()) };
        for at in rests(scopes) {
            if let Some(gate) = self.gates.get(at)
                && let Err(cooling) = gate.cooldown.would_admit(now)
            {
                return Err(Refusal::Cooling { until: cooling.until, stated: cooling.stated });
            }
        }
        Ok(())
    }

    /// Only the breakers' word: all that is asked before the same route is asked again.
    pub(crate) fn breakers_admit(&self, policy: &Policy, route: RouteId, now: Instant) -> Result<(), Refusal> {
        let Some(scopes) = self.place(route).map(|place| place.scopes) else { return Ok(()) };
        if !policy.breaker.enabled {
            return Ok(());
        }
        for at in [scopes.deployment, scopes.endpoint] {
            if let Some(gate) = self.gates.get(at) {
                gate.circuit.would_admit(&policy.breaker, now).map_err(|until| Refusal::Breaker { until })?;
            }
        }
        Ok(())
    }

    /// Takes a permit from every gate of a route. Cooldowns never refuse here: whoever asks has already looked ahead.
    pub(crate) fn admit(
        &mut self,
        policy: &Policy,
        route: RouteId,
        now: Instant,
        until: Instant,
    ) -> Result<Ticket, Refusal> {
        self.breakers_admit(policy, route, now)?;
        let lease = until + LEASE_GRACE;
        let mut ticket = Ticket { route, epoch: self.epoch, admitted: now, deployment: 0, endpoint: 0, rests: [0; 4] };
        let Some(scopes) = self.place(route).map(|place| place.scopes) else { return Ok(ticket) };
        for (at, generation) in [(scopes.deployment, &mut ticket.deployment), (scopes.endpoint, &mut ticket.endpoint)] {
            if policy.breaker.enabled
                && let Some(gate) = self.gate_mut(at)
            {
                *generation = gate.circuit.admit(&policy.breaker, now, lease).unwrap_or_default();
            }
        }
        for (at, generation) in rests(scopes).into_iter().zip(&mut ticket.rests) {
            if let Some(gate) = self.gate_mut(at) {
                *generation = gate.cooldown.admit(now, lease);
            }
        }
        Ok(ticket)
    }

    /// Gives a permit back: nobody is charged, nothing is counted.
    pub(crate) fn give_back(&mut self, policy: &Policy, ticket: Ticket, now: Instant) {
        self.settle_breakers(policy, ticket, now, [Outcome::Neutral; 2], |_, _| {});
        self.each_rest(ticket, Cooldown::give_back);
    }

    /// An attempt worked: breakers count it, rests are forgotten.
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

    fn settle_breakers(
        &mut self,
        policy: &Policy,
        ticket: Ticket,
        now: Instant,
        [deployment, endpoint]: [Outcome; 2],
        mut notice: impl FnMut(Scoped, Change),
    ) {
        if ticket.epoch != self.epoch || !policy.breaker.enabled {
            return;
        }
        let Some(scopes) = self.place(ticket.route).map(|place| place.scopes) else { return };
        for (at, generation, outcome, scope) in [
            (scopes.deployment, ticket.deployment, deployment, Scoped::Deployment),
            (scopes.endpoint, ticket.endpoint, endpoint, Scoped::Endpoint),
        ] {
            if let Some(gate) = self.gate_mut(at)
                && let Some(change) = gate.circuit.settle(&policy.breaker, now, generation, outcome)
            {
                notice(scope, change);
            }
        }
    }

    fn each_rest(&mut self, ticket: Ticket, settle: impl Fn(&mut Cooldown, u32)) {
        if ticket.epoch != self.epoch {
            return;
        }
        let Some(scopes) = self.place(ticket.route).map(|place| place.scopes) else { return };
        for (at, generation) in rests(scopes).into_iter().zip(ticket.rests) {
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
        let until = cooldown.begin(now, ticket.admitted, stated, rule.cool_base, rule.cool_cap)?;
        Some(What::Cooling { scope, until, stated: stated.is_some() })
    }

    /// The retry budget of a route's deployment.
    pub(crate) fn purse(&mut self, route: RouteId) -> Option<&mut Purse> {
        let at = self.place(route)?.scopes.deployment;
        self.gate_mut(at).map(|gate| &mut gate.purse)
    }

    /// When the first route may be asked, if none may be asked now.
    pub(crate) fn earliest(&self, policy: &Policy, now: Instant) -> Option<Instant> {
        let mut earliest = None;
        for route in self.ids() {
            let until = self.would_admit(policy, route, now).err()?.until();
            earliest = Some(earliest.map_or(until, |first: Instant| first.min(until)));
        }
        earliest
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

/// Writes a change of a breaker into an account.
pub(crate) fn note_change(
    account: &mut Account,
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
    account.push(Notice { at, call: about.call, id: about.id, route: Some(route), what });
}

#[cfg(feature = "serde")]
#[path = "snapshot.rs"]
mod snapshot;
