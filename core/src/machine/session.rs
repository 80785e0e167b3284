//! What outlives a turn: whether each route is ready, its breakers and cooldowns, its retry budget, standing approvals.

mod admission;
mod live;
mod manual;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::committed::Committed;
use crate::command::{Id, RouteId};
use crate::latency::Latency;
use crate::policy::{Invalid, Policy};
use crate::route::{Route, chain};
use crate::text::Names;
use crate::time::Instant;

pub(crate) use admission::{Admission, LEASE_GRACE, Refusal, Ticket, note_change};
pub(crate) use live::{Live, RouteState};

/// The process or the conversation: one policy, one chain of routes, and what has been learnt about them.
///
/// It belongs to one owner at a time; bindings guard it with one lock, held for one verb and never over the user's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub(crate) policy: Arc<Policy>,
    pub(crate) live: Live,
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

    pub(super) fn over(policy: Arc<Policy>, routes: Vec<Route>) -> Result<Self, Invalid> {
        policy.check()?;
        let (scopes, admissions) = chain(&routes)?;
        let mut states: Vec<RouteState> = Vec::with_capacity(routes.len());
        for (route, scopes) in routes.into_iter().zip(scopes) {
            // Unless the host says otherwise, the primary's client is the one that it already has.
            let ready = !route.activates || route.ready.unwrap_or(states.is_empty());
            states.push(RouteState { route, scopes, ready, client: 0, activating: None });
        }
        let without = states.iter().zip(0..).filter(|(state, _)| !state.route.has_credential);
        let live = Live {
            without_credential: without.map(|(_, at)| RouteId(at)).collect(),
            routes: states,
            seen: Instant::ZERO,
            admissions: alloc::vec![Admission::default(); admissions],
            latencies: alloc::vec![Latency::default(); if policy.hedge.quantile.is_some() { admissions } else { 0 }],
            standing: Vec::new(),
            committed: Committed::NOWHERE,
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
        let ready = self.live.routes.iter().position(|state| state.route.activates && state.ready);
        self.live.alone_ready(ready);
        self
    }

    /// For a host that has made or closed a route's client by itself, between turns. Without effect on a route without a hook.
    pub fn set_ready(&mut self, route: RouteId, ready: bool) {
        match self.live.route_mut(route) {
            Some(state) if state.route.activates && !ready => state.ready = false,
            Some(state) if state.route.activates => self.live.made_ready(route),
            _ => {}
        }
    }

    /// Whether a route's client is there: no `Switch` is needed.
    #[must_use]
    pub fn is_ready(&self, route: RouteId) -> bool {
        self.live.route(route).is_some_and(|state| state.ready)
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
        self.live.routes.iter().map(|state| &state.route)
    }

    /// A route's name; `?` for one that is not in the chain.
    #[must_use]
    pub fn route_name(&self, route: RouteId) -> &str {
        self.live.route_name(route)
    }

    /// This process is a copy of the one that the session began in. A seed of the caller's is dropped: it would repeat what the other
    /// process does. Permits that the other gave mean nothing here, a client that a hook makes is made anew, and a turn that both go on
    /// with has keys of its own from now on, unless it has a run id.
    pub fn forked(&mut self) {
        self.live.seed = None;
        self.live.epoch = self.live.epoch.wrapping_add(1);
        for admission in &mut self.live.admissions {
            admission.breaker.forked();
            admission.cooldown.forked();
        }
        for state in &mut self.live.routes {
            state.activating = None;
            state.ready &= !state.route.activates;
        }
    }

    /// The host's clock is another one from here on, as when a test puts its own in place: what the one before said holds no turn
    /// back that begins from now on. Breakers and cooldowns keep their moments, which a snapshot would translate.
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

/// Names for sentences.
impl Names for Session {
    fn route_name(&self, route: RouteId) -> &str {
        self.live.route_name(route)
    }
}

#[cfg(test)]
mod tests;
