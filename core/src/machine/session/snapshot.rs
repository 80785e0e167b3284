//! State that survives a death: versioned plain data, restored on another clock.

mod routed;

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Gate, Live, Session};
use crate::call::Call;
use crate::command::RouteId;
use crate::latency::Latency;
use crate::policy::budget::Purse;
use crate::policy::fallback::FallbackScope;
use crate::policy::{Invalid, Policy};
use crate::route::{Route, Tool};
use crate::stored::{Blank, Store, Stored, stored};
use crate::time::{Instant, millis, span};
use crate::turn::Turn;
use crate::value::Value;
use routed::{Routed, now_at};

/// The version of the snapshot's form. A reader refuses every other one by name.
const VERSION: u32 = 4;

/// What stands around every state.
struct Envelope<'a> {
    failsoft: u32,
    what: String,
    /// The monotonic clock when it was taken.
    now: Instant,
    /// Milliseconds since the Unix epoch when it was taken.
    wall: u64,
    state: &'a mut dyn Stored,
}

impl Stored for Envelope<'_> {
    fn stored(&mut self, store: &mut Store<'_>) {
        store.part("failsoft", &mut self.failsoft);
        store.part("what", &mut self.what);
        store.part("now", &mut self.now);
        store.part("wall", &mut self.wall);
        store.part("state", self.state);
    }
}

impl<'a> Envelope<'a> {
    fn write(what: &str, now: Instant, wall: u64, state: &'a mut dyn Stored) -> Value {
        Store::write(&mut Self { failsoft: VERSION, what: what.into(), now, wall, state })
    }

    /// Replaces a state by the one that is read. Returns when it was taken, by both clocks.
    fn read(value: &Value, what: &str, state: &'a mut dyn Stored) -> Result<(Instant, u64), Invalid> {
        // These two say best what is wrong with something else altogether.
        let version = value.get("failsoft").unwrap_or(&Value::Null);
        if version.as_whole() != Some(u64::from(VERSION)) {
            return Err(Invalid::new("snapshot.failsoft", version, format!("version {VERSION}")));
        }
        match value.get("what") {
            Some(Value::Text(found)) if found == what => {}
            found => {
                let found = found.unwrap_or(&Value::Null);
                return Err(Invalid::new("snapshot.what", found, format!("the snapshot of a {what}")));
            }
        }
        let mut envelope = Self { failsoft: VERSION, what: what.into(), now: Instant::ZERO, wall: 0, state };
        Store::read(value, "snapshot", &mut envelope)?;
        Ok((envelope.now, envelope.wall))
    }
}

struct StoredSession {
    /// By name, so that a chain that has changed since takes over what it still has.
    routes: Vec<StoredRoute>,
    seen: Instant,
    standing: Vec<String>,
    committed: Option<String>,
    away: Option<Instant>,
    /// None where the process has the secret: another process has another one.
    seed: Option<u64>,
    turns: u64,
    /// How the windows of breakers and budgets were cut: counts mean nothing under another cut.
    windows: [u64; 5],
}

stored! { StoredSession { routes, seen, standing, committed, away, seed, turns, windows } }

struct StoredRoute {
    name: String,
    /// Deployment, endpoint, credential, limit.
    gates: [Gate; 4],
    /// The latencies of its deployment, as far as they are kept.
    latency: Vec<u16>,
}

stored! { StoredRoute { name, gates, latency } }

/// From the clock that a snapshot was taken on to the one it is restored on: spans keep what is left of them.
fn spans(then: Instant, now: Instant) -> impl Fn(Instant) -> Instant + Copy {
    move |at| match at.known() {
        None => at,
        Some(_) if at >= then => now + (at - then),
        Some(_) => now - (then - at),
    }
}

/// As [`spans`], for what goes by the calendar: the time that has passed outside comes off.
fn calendar(then: Instant, now: Instant, gap: Duration) -> impl Fn(Instant) -> Instant + Copy {
    move |at| match at.known() {
        None => at,
        // Of `at - then` and `then - at` one is zero. What has passed stays passed, and is longer ago.
        Some(_) => now + (at - then).saturating_sub(gap) - gap.saturating_sub(at - then) - (then - at),
    }
}

impl Session {
    /// The session as plain data. `wall` is milliseconds since the Unix epoch. Permits do not travel.
    #[must_use]
    pub fn snapshot_value(&self, now: Instant, wall: u64) -> Value {
        let live = &self.live;
        let gate = |at: usize| live.gates.get(at).map_or_else(Gate::default, Gate::without_permits);
        let routes = live.routes.iter().map(|place| {
            let scopes = place.scopes;
            let gates = [scopes.deployment, scopes.endpoint, scopes.credential, scopes.limit].map(gate);
            let latency = live.latencies.get(scopes.deployment).map_or_else(Vec::new, Latency::counts);
            StoredRoute { name: place.route.name.clone(), gates, latency }
        });
        let mut state = StoredSession {
            routes: routes.collect(),
            seen: live.seen,
            standing: live.standing.clone(),
            committed: live.committed.map(|route| self.route_name(route).into()),
            away: live.away,
            seed: live.seed,
            turns: live.turns,
            windows: windows(&self.policy),
        };
        Envelope::write("session", now, wall, &mut state)
    }

    /// A session from its snapshot, over a policy and a chain of today. What was learnt about a route goes to the
    /// route of the same name. `epoch` must differ from those of the processes before: permits they gave mean nothing here.
    ///
    /// # Errors
    /// What is wrong with the policy, the chain, or the snapshot.
    pub fn restore_value(
        snapshot: &Value,
        policy: Arc<Policy>,
        routes: Vec<Route>,
        epoch: u32,
        now: Instant,
        wall: u64,
    ) -> Result<Self, Invalid> {
        let mut stored = StoredSession::BLANK;
        let (then, wall_then) = Envelope::read(snapshot, "session", &mut stored)?;
        let mut session = Self::over(policy, routes)?;
        let gap = span(wall.saturating_sub(wall_then));
        let (spans, calendar) = (spans(then, now), calendar(then, now, gap));
        let policy = session.policy.clone();
        let live = &mut session.live;
        for known in stored.routes {
            let Some(place) = live.routes.iter().find(|place| place.route.name == known.name) else { continue };
            let scopes = place.scopes;
            if let Some(latency) = live.latencies.get_mut(scopes.deployment) {
                *latency = Latency::of(&known.latency);
            }
            for (at, mut gate) in
                [scopes.deployment, scopes.endpoint, scopes.credential, scopes.limit].into_iter().zip(known.gates)
            {
                if stored.windows != windows(&policy) {
                    gate.circuit.forget_counts();
                    gate.purse = Purse::default();
                }
                gate.circuit.shift(&policy.breaker, spans, calendar);
                gate.cooldown.shift(calendar);
                gate.purse.shift(&policy.budget, spans);
                if let Some(place) = live.gates.get_mut(at) {
                    *place = gate;
                }
            }
        }
        live.seen = spans(stored.seen);
        live.standing = stored.standing;
        live.committed = stored.committed.and_then(|name| {
            Live::ids(live).find(|route| live.place(*route).is_some_and(|place| place.route.name == name))
        });
        // Over another chain the session may be back on the primary, or nowhere yet.
        let is_away = live.committed.is_some_and(|route| route != RouteId(0));
        let session_wide = policy.fallback.scope == FallbackScope::Session;
        live.away = (is_away && session_wide).then(|| stored.away.map_or(now, spans));
        live.seed = stored.seed;
        live.turns = stored.turns;
        live.epoch = epoch;
        Ok(session)
    }
}

fn windows(policy: &Policy) -> [u64; 5] {
    let breaker = &policy.breaker;
    [
        millis(breaker.window),
        u64::from(breaker.buckets),
        breaker.count_window.map_or(0, u64::from),
        breaker.slow.map_or(0, millis),
        millis(policy.budget.window),
    ]
}

impl Gate {
    fn without_permits(&self) -> Self {
        Self { circuit: self.circuit.without_permits(), cooldown: self.cooldown.without_permits(), ..*self }
    }
}

impl Turn {
    /// The turn as plain data. `wall` is milliseconds since the Unix epoch. Its tools do not travel: they are given anew.
    #[must_use]
    pub fn snapshot_value(&self, session: &Session, now: Instant, wall: u64) -> Value {
        let mut state = self.clone();
        state.stand_alone();
        Envelope::write("turn", now, wall, &mut Routed::of(session, &mut state))
    }

    /// A turn from its snapshot; it goes on as it was, ids included. After a death, report `Interrupted` first. Its routes are
    /// those of the same names in the session's chain of today; one that is gone is forgotten.
    ///
    /// # Errors
    /// What is wrong with the snapshot.
    pub fn restore_value(
        snapshot: &Value,
        session: &Session,
        tools: Arc<[Tool]>,
        now: Instant,
        wall: u64,
    ) -> Result<Self, Invalid> {
        let mut turn = Self::blank(tools);
        let mut routed = Routed { routes: Vec::new(), state: &mut turn };
        let (then, wall_then) = Envelope::read(snapshot, "turn", &mut routed)?;
        let names = routed.routes;
        turn.reroute(&|route| now_at(&names, session, route));
        // It goes on as it was, keys included.
        let scope = turn.scope_mut();
        scope.epoch = session.live.epoch;
        scope.keys.restored();
        let gap = span(wall.saturating_sub(wall_then));
        turn.catch_up(then, now);
        turn.shift(spans(then, now), calendar(then, now, gap));
        Ok(turn)
    }
}

impl Call {
    /// A call of a host's own as plain data, to be stored beside its turn.
    #[must_use]
    pub fn snapshot_value(&self, session: &Session, now: Instant) -> Value {
        Envelope::write("call", now, 0, &mut Routed::of(session, &mut self.clone()))
    }

    /// A call from its snapshot. After a death, report `Interrupted` first. Routes as with [`Turn::restore_value`].
    ///
    /// # Errors
    /// What is wrong with the snapshot.
    pub fn restore_value(snapshot: &Value, session: &Session, now: Instant) -> Result<Self, Invalid> {
        let mut call = Self::BLANK;
        let mut routed = Routed { routes: Vec::new(), state: &mut call };
        let (then, _) = Envelope::read(snapshot, "call", &mut routed)?;
        let names = routed.routes;
        call.reroute(&|route| now_at(&names, session, route));
        call.shift(spans(then, now));
        Ok(call)
    }
}

#[cfg(feature = "json")]
mod text {
    //! The same as text.

    use super::*;

    fn written(value: &Value) -> String {
        alloc::string::ToString::to_string(&serde_json::Value::from(value))
    }

    fn read(text: &str, what: &str) -> Result<Value, Invalid> {
        let json: serde_json::Value = serde_json::from_str(text)
            .map_err(|error| Invalid::new("snapshot", error, format!("the text of a {what}'s snapshot")))?;
        Ok(Value::from(&json))
    }

    impl Session {
        /// [`Session::snapshot_value`] as JSON.
        #[must_use]
        pub fn snapshot(&self, now: Instant, wall: u64) -> String {
            written(&self.snapshot_value(now, wall))
        }

        /// [`Session::restore_value`] from JSON.
        ///
        /// # Errors
        /// What is wrong with the policy, the chain, or the text.
        pub fn restore(
            text: &str,
            policy: Arc<Policy>,
            routes: Vec<Route>,
            epoch: u32,
            now: Instant,
            wall: u64,
        ) -> Result<Self, Invalid> {
            Self::restore_value(&read(text, "session")?, policy, routes, epoch, now, wall)
        }
    }

    impl Turn {
        /// [`Turn::snapshot_value`] as JSON.
        #[must_use]
        pub fn snapshot(&self, session: &Session, now: Instant, wall: u64) -> String {
            written(&self.snapshot_value(session, now, wall))
        }

        /// [`Turn::restore_value`] from JSON.
        ///
        /// # Errors
        /// What is wrong with the text.
        pub fn restore(
            text: &str,
            session: &Session,
            tools: Arc<[Tool]>,
            now: Instant,
            wall: u64,
        ) -> Result<Self, Invalid> {
            Self::restore_value(&read(text, "turn")?, session, tools, now, wall)
        }
    }
}

#[cfg(test)]
mod tests;
