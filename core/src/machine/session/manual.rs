//! What a person asks about the routes of a session, and overrides.

use super::{Admission, Session};
use crate::command::RouteId;
use crate::notice::Scoped;
use crate::policy::breaker::{BreakerState, Circuit, Metrics, Order};
use crate::time::Instant;

impl Session {
    /// What the breaker of a route's deployment would do with a call now.
    #[must_use]
    pub fn breaker(&self, route: RouteId, now: Instant) -> BreakerState {
        self.breaker_metrics(route, now).state
    }

    /// What the breaker of a route's deployment goes by now.
    #[must_use]
    pub fn breaker_metrics(&self, route: RouteId, now: Instant) -> Metrics {
        let at = self.live.scope_of(route, Scoped::Deployment);
        let admission = at.and_then(|at| self.live.admissions.get(at));
        let breaker = admission.map_or_else(Circuit::default, |admission| admission.breaker);
        breaker.metrics(&self.policy.breaker, now.max(self.live.seen))
    }

    /// Overrides the breaker of a route's deployment, until it is overridden otherwise. It is part of a snapshot.
    pub fn order_breaker(&mut self, route: RouteId, order: Order) {
        if let Some(breaker) = self.live.breaker_mut(route) {
            breaker.order(order);
        }
    }

    /// Takes a route's deployment out of use, until each who did so has released it. It is not part of a snapshot: those who
    /// hold it do not live on.
    pub fn isolate(&mut self, route: RouteId) {
        if let Some(breaker) = self.live.breaker_mut(route) {
            breaker.isolate();
        }
    }

    /// Lets go of a route's deployment: of one [`Session::isolate`].
    pub fn release(&mut self, route: RouteId) {
        if let Some(breaker) = self.live.breaker_mut(route) {
            breaker.release();
        }
    }

    /// When a route may be asked, if not now; none, too, where a person has to say so.
    #[must_use]
    pub fn refused_until(&self, route: RouteId, now: Instant) -> Option<Instant> {
        let refusal = self.live.would_admit(&self.policy, route, now.max(self.live.seen)).err()?;
        refusal.until().known()
    }

    /// Forgets all that was held against a route: breakers close, cooldowns end. Manual overrides stay.
    pub fn reset(&mut self, route: RouteId) {
        let Some(scopes) = self.live.route(route).map(|state| state.scopes) else { return };
        for at in scopes {
            if let Some(Admission { breaker, cooldown, .. }) = self.live.admissions.get_mut(at) {
                breaker.reset();
                cooldown.clear();
            }
        }
    }
}
