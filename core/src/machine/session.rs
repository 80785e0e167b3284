//! What outlives a turn: whether each route is ready, its gates, its retry budget, standing approvals.

mod by_hand;
mod live;
mod snapshot;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::account::{Account, Notice, Scoped, Skip, What};
use crate::command::{Id, RouteId};
use crate::latency::Latency;
use crate::policy::breaker::{BreakerState, Change, Circuit, Metrics, Order, Outcome, Permit};
use crate::policy::budget::Purse;
use crate::policy::cooldown::{Cooldown, Cooling};
use crate::policy::failure::{Charge, Cool, Failure, Rule};
use crate::policy::{Invalid, Policy};
use crate::route::{Route, RouteSet, Scopes, chain};
use crate::stored::stored;
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
    pub(crate) without_credential: RouteSet,
    /// The largest `now` that any of its turns was told: for all of them a clock that goes back stands still.
    seen: Instant,
    gates: Vec<Gate>,
    /// How long the answers of each deployment take, by its gate; empty where nobody asks.
    latencies: Vec<Latency>,
    pub(crate) standing: Vec<String>,
    /// Where a session-wide fallback has come to.
    pub(crate) committed: Option<RouteId>,
    /// Since when that is not the primary, or when a call last looked there.
    pub(crate) away: Option<Instant>,
    /// The caller's own; otherwise draws and keys come from the secret of the process.
    pub(crate) seed: Option<u64>,
    pub(crate) turns: u64,
    pub(crate) epoch: u32,
    /// Whether at most one route with a hook is ready at a time.
    one_slot: bool,
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
struct Gate {
    circuit: Circuit,
    cooldown: Cooldown,
    purse: Purse,
}

stored! { Gate { circuit, cooldown, purse } }

/// The right to make one attempt on a route, and what its outcome will be settled against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    route: RouteId,
    epoch: u32,
    pub(crate) admitted: Instant,
    /// When a stream first made progress: what it takes after that is no slowness.
    pub(crate) answered: Instant,
    deployment: u32,
    endpoint: u32,
    rests: [u32; 4],
}

stored! { Ticket { route, epoch, admitted, answered, deployment, endpoint, rests } }

impl Ticket {
    #[inline(always)]
    const fn new(route: RouteId, epoch: u32, admitted: Instant) -> Self {
        Self { route, epoch, admitted, answered: Instant::NEVER, deployment: 0, endpoint: 0, rests: [0; 4] }
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

    /// Why the route is passed over. A breaker that knows no time was told so by hand.
    pub(crate) fn why(self) -> Skip {
        match self {
            Self::Breaker { until: Instant::NEVER, .. } => Skip::Isolated,
            Self::Breaker { probing: true, .. } | Self::Cooling(Cooling { probing: true, .. }) => Skip::Probing,
            Self::Breaker { .. } => Skip::Breaker,
            Self::Cooling(_) => Skip::Cooling,
        }
    }

    /// The notice that it is. When a test will have settled nobody knows.
    pub(crate) fn passed_over(self) -> What {
        let why = self.why();
        What::PassedOver { why, until: self.until().known().filter(|_| why != Skip::Probing) }
    }
}

/// Whom a notice is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    pub(crate) call: Id,
    pub(crate) id: Id,
}

impl Session {
    /// A session over a chain of routes, the primary first. Its waits are drawn, and its idempotency keys made, from the randomness
    /// of the operating system, which is asked when it is first needed and not here; without the feature `getrandom`, give it a seed.
    ///
    /// # Errors
    /// The policy's first field that is out of range, or what is wrong with the chain: no route, or two of one name.
    pub fn new(policy: Arc<Policy>, routes: Vec<Route>) -> Result<Self, Invalid> {
        if routes.is_empty() {
            return Err(Invalid::new("routes", "an empty chain", "1 to 64 routes"));
        }
        Self::over(policy, routes)
    }

    /// A session for functions that have no routes: retry and time limits apply, gates do not.
    ///
    /// # Errors
    /// The policy's first field that is out of range.
    pub fn without_routes(policy: Arc<Policy>) -> Result<Self, Invalid> {
        Self::over(policy, Vec::new())
    }

    /// Has the draws and idempotency keys of the turns to come repeat: for tests.
    ///
    /// Where the feature `getrandom` is off, each session needs one, from whatever source of randomness there is: without it every
    /// process draws the same waits, and a key cannot be made. Two sessions of one seed hand out the same keys, and who knows the seed
    /// knows them all.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.live.seed = Some(seed);
        self
    }

    fn over(policy: Arc<Policy>, routes: Vec<Route>) -> Result<Self, Invalid> {
        policy.check()?;
        let (scopes, gates) = chain(&routes)?;
        let mut places = Vec::with_capacity(routes.len());
        for (route, scopes) in routes.into_iter().zip(scopes) {
            // Unless the host says otherwise, the primary's client is the one that it already has.
            let ready = !route.activates || route.ready.unwrap_or(places.is_empty());
            places.push(Place { route, scopes, ready, client: 0, activating: None });
        }
        let without = places.iter().zip(0..).filter(|(place, _)| !place.route.has_credential);
        let live = Live {
            without_credential: without.map(|(_, at)| RouteId(at)).collect(),
            routes: places,
            seen: Instant::ZERO,
            gates: alloc::vec![Gate::default(); gates],
            latencies: alloc::vec![Latency::default(); if policy.hedge.quantile.is_some() { gates } else { 0 }],
            standing: Vec::new(),
            committed: None,
            away: None,
            seed: None,
            turns: 0,
            epoch: 0,
            one_slot: false,
        };
        Ok(Self { policy, live })
    }

    /// For a host that keeps one client at a time, in one place: to make a route ready is to make the one before it unready,
    /// so that the way back to the primary is a `Switch`, too. Routes without a hook are not concerned.
    #[must_use]
    pub fn with_one_slot(mut self) -> Self {
        self.live.one_slot = true;
        let ready = self.live.routes.iter().position(|place| place.route.activates && place.ready);
        self.live.alone_ready(ready);
        self
    }

    /// For a host that has made or closed a route's client by itself, between turns. Without effect on a route without a hook.
    pub fn set_ready(&mut self, route: RouteId, ready: bool) {
        match self.live.place_mut(route) {
            Some(place) if place.route.activates && !ready => place.ready = false,
            Some(place) if place.route.activates => self.live.made_ready(route),
            _ => {}
        }
    }

    /// Whether a route's client is there: no `Switch` is needed.
    #[must_use]
    pub fn is_ready(&self, route: RouteId) -> bool {
        self.live.place(route).is_some_and(|place| place.ready)
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Whether calls of it may be hedged, which is for hosts that can have two requests under way at once.
    #[must_use]
    pub fn hedges(&self) -> bool {
        self.policy.hedge.is_on() && self.live.routes.len() > 1
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

    /// This process is a copy of the one that the session began in. A seed of the caller's is dropped: it would repeat what the other
    /// process does. Permits that the other gave mean nothing here, a client that a hook makes is made anew, and a turn that both go on
    /// with has keys of its own from now on, unless it has a run id.
    pub fn forked(&mut self) {
        self.live.seed = None;
        self.live.epoch = self.live.epoch.wrapping_add(1);
        for gate in &mut self.live.gates {
            gate.circuit.forked();
            gate.cooldown = gate.cooldown.without_permits();
        }
        for place in &mut self.live.routes {
            place.activating = None;
            place.ready &= !place.route.activates;
        }
    }

    /// The host's clock is another one from here on, as when a test puts its own in place: what the one before said holds no turn
    /// back that begins from now on. Breakers and rests keep their moments, which a snapshot would translate.
    pub fn on_another_clock(&mut self) {
        self.live.seen = Instant::ZERO;
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

pub(crate) use live::note_change;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_the_host_made_or_closed_by_itself_is_there_or_not() {
        let route = |name: &str, activates| Route { activates, ..Route::new(name) };
        let routes = alloc::vec![route("a", true), route("b", true), route("c", false)];
        let Ok(session) = Session::new(Policy::default().into(), routes) else { panic!("a good chain") };
        let ready = |session: &Session| [0, 1, 2].map(|at| session.is_ready(RouteId(at)));
        let mut one = session.clone().with_one_slot();
        for (at, is_there, expected) in [
            (0, true, [true, false, true]),
            (1, true, [false, true, true]),
            (0, false, [false, true, true]),
            (2, false, [false, true, true]),
            (1, false, [false, false, true]),
            (9, true, [false, false, true]),
        ] {
            one.set_ready(RouteId(at), is_there);
            assert_eq!(ready(&one), expected, "route {at}");
        }
        let mut each = session;
        each.set_ready(RouteId(1), true);
        assert_eq!(ready(&each), [true; 3]);
    }
}
