//! What outlives a turn: whether each route is ready, its gates, its retry budget, standing approvals.

mod live;
mod snapshot;

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
    deployment: u32,
    endpoint: u32,
    rests: [u32; 4],
}

stored! { Ticket { route, epoch, admitted, deployment, endpoint, rests } }

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
        let mut places = Vec::with_capacity(routes.len());
        for (route, scopes) in routes.into_iter().zip(scopes) {
            // The primary's client is the one that the host already has.
            let ready = places.is_empty() || !route.activates;
            places.push(Place { route, scopes, ready, client: 0, activating: None });
        }
        let live = Live {
            routes: places,
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

pub(crate) use live::note_change;
