//! The part of a session that changes: its routes and their clients, and where calls begin.

use alloc::string::String;
use alloc::vec::Vec;

use super::admission::Admission;
use crate::command::RouteId;
use crate::latency::Latency;
use crate::machine::committed::Committed;
use crate::notice::Scoped;
use crate::policy::breaker::Circuit;
use crate::policy::budget::RetryCounts;
use crate::route::{Route, RouteSet, Scopes};
use crate::text::Names;
use crate::time::Instant;

/// The part of a session that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) routes: Vec<RouteState>,
    pub(crate) without_credential: RouteSet,
    /// The largest `now` that any of its turns was told: for all of them a clock that goes back stands still.
    pub(crate) seen: Instant,
    /// One for each scope that routes share or have alone; [`RouteState`] says which are whose.
    pub(crate) admissions: Vec<Admission>,
    /// How long the answers of each deployment take, by its admission; empty where nobody asks.
    pub(crate) latencies: Vec<Latency>,
    pub(crate) standing: Vec<String>,
    /// Where a session-wide fallback has come to.
    pub(crate) committed: Committed,
    /// The caller's own; otherwise draws and keys come from the secret of the process.
    pub(crate) seed: Option<u64>,
    pub(crate) turns: u64,
    pub(crate) epoch: u32,
    /// Whether at most one route with a hook is ready at a time.
    pub(super) one_slot: bool,
}

/// A route as the session knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RouteState {
    pub(crate) route: Route,
    pub(crate) scopes: Scopes,
    pub(crate) ready: bool,
    /// Counts how often its client was made.
    pub(crate) client: u32,
    /// Until when some call is making its client.
    pub(crate) activating: Option<Instant>,
}

impl RouteState {
    pub(crate) fn is_activating(&self, now: Instant) -> bool {
        self.activating.is_some_and(|lease| now < lease)
    }
}

impl Live {
    #[inline(always)]
    pub(crate) fn route(&self, route: RouteId) -> Option<&RouteState> {
        self.routes.get(usize::from(route.0))
    }

    pub(crate) fn route_mut(&mut self, route: RouteId) -> Option<&mut RouteState> {
        self.routes.get_mut(usize::from(route.0))
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = RouteId> + use<> {
        (0..u8::try_from(self.routes.len()).unwrap_or(u8::MAX)).map(RouteId)
    }

    /// Takes note of the time and returns the largest that any turn was told.
    #[inline(always)]
    pub(crate) fn tick(&mut self, now: Instant) -> Instant {
        self.seen = self.seen.max(now);
        self.seen
    }

    // ---- Clients. ----

    /// Tells everybody else that some call is making the route's client, until then at most. One that is made again is out of
    /// service from now on.
    pub(crate) fn activating(&mut self, route: RouteId, until: Instant) {
        if let Some(state) = self.route_mut(route) {
            (state.ready, state.activating) = (false, Some(until));
        }
    }

    /// Nobody makes it any more, and it is as it was.
    pub(crate) fn not_activating(&mut self, route: RouteId) {
        if let Some(state) = self.route_mut(route) {
            state.activating = None;
        }
    }

    /// It is closed, and was not made again.
    pub(crate) fn made_unready(&mut self, route: RouteId) {
        if let Some(state) = self.route_mut(route) {
            (state.ready, state.activating) = (false, None);
        }
    }

    /// It was made.
    pub(crate) fn made_ready(&mut self, route: RouteId) {
        let Some(state) = self.route_mut(route) else { return };
        (state.ready, state.activating) = (true, None);
        state.client = state.client.wrapping_add(1);
        if self.one_slot {
            self.alone_ready(Some(usize::from(route.0)));
        }
    }

    /// Of the routes with a hook only this one is ready any more.
    pub(super) fn alone_ready(&mut self, route: Option<usize>) {
        for (at, state) in self.routes.iter_mut().enumerate() {
            state.ready &= Some(at) == route || !state.route.activates;
        }
    }

    // ---- What a route's deployment has. ----

    pub(super) fn breaker_mut(&mut self, route: RouteId) -> Option<&mut Circuit> {
        self.deployment_mut(route).map(|admission| &mut admission.breaker)
    }

    pub(crate) fn retry_budget(&mut self, route: RouteId) -> Option<&mut RetryCounts> {
        self.deployment_mut(route).map(|admission| &mut admission.retries)
    }

    fn deployment_mut(&mut self, route: RouteId) -> Option<&mut Admission> {
        let at = self.scope_of(route, Scoped::Deployment)?;
        self.admissions.get_mut(at)
    }

    /// How long its answers take, where the policy asks for it.
    pub(crate) fn latency(&mut self, route: RouteId) -> Option<&mut Latency> {
        let at = self.scope_of(route, Scoped::Deployment)?;
        self.latencies.get_mut(at)
    }

    pub(super) fn scope_of(&self, route: RouteId, scope: Scoped) -> Option<usize> {
        self.route(route).and_then(|state| state.scopes.get(scope as usize)).copied()
    }

    pub(crate) fn same_deployment(&self, a: RouteId, b: RouteId) -> bool {
        self.scope_of(a, Scoped::Deployment) == self.scope_of(b, Scoped::Deployment)
    }

    pub(crate) fn same_credential(&self, a: RouteId, b: RouteId) -> bool {
        self.scope_of(a, Scoped::Credential) == self.scope_of(b, Scoped::Credential)
    }
}

impl Names for Live {
    fn route_name(&self, route: RouteId) -> &str {
        self.route(route).map_or("?", |state| &state.route.name)
    }
}
