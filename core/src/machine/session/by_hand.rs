//! What a person asks about the routes of a session, and what they order.

use super::*;

impl Session {
    /// What the breaker of a route's deployment would do with a call now.
    #[must_use]
    pub fn breaker(&self, route: RouteId, now: Instant) -> BreakerState {
        self.breaker_metrics(route, now).state
    }

    /// What the breaker of a route's deployment goes by now.
    #[must_use]
    pub fn breaker_metrics(&self, route: RouteId, now: Instant) -> Metrics {
        let gate = self.live.place(route).and_then(|place| self.live.gates.get(place.scopes.deployment));
        let circuit = gate.map_or_else(Circuit::default, |gate| gate.circuit);
        circuit.metrics(&self.policy.breaker, now.max(self.live.seen))
    }

    /// Orders the breaker of a route's deployment to do something, until it is ordered otherwise. It is part of a snapshot.
    pub fn order_breaker(&mut self, route: RouteId, order: Order) {
        if let Some(circuit) = self.live.circuit_mut(route) {
            circuit.order(order);
        }
    }

    /// Takes a route's deployment out of use, until each who did so has released it. It is not part of a snapshot: those who
    /// hold it do not live on.
    pub fn isolate(&mut self, route: RouteId) {
        if let Some(circuit) = self.live.circuit_mut(route) {
            circuit.isolate();
        }
    }

    /// Lets go of a route's deployment: of one [`Session::isolate`].
    pub fn release(&mut self, route: RouteId) {
        if let Some(circuit) = self.live.circuit_mut(route) {
            circuit.release();
        }
    }

    /// When a route may be asked, if not now; none, too, where a person has to say so.
    #[must_use]
    pub fn refused_until(&self, route: RouteId, now: Instant) -> Option<Instant> {
        let refusal = self.live.would_admit(&self.policy, route, now.max(self.live.seen)).err()?;
        refusal.until().known()
    }

    /// Forgets all that was held against a route: breakers close, rests end. What was ordered by hand stays.
    pub fn reset(&mut self, route: RouteId) {
        let Some(scopes) = self.live.place(route).map(|place| place.scopes) else { return };
        for at in [scopes.deployment, scopes.endpoint, scopes.credential, scopes.limit] {
            if let Some(gate) = self.live.gates.get_mut(at) {
                gate.circuit.reset();
                gate.cooldown.clear();
            }
        }
    }
}
