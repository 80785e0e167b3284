//! State that survives a death: versioned plain data, restored on another clock and over another chain.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::committed::Committed;
use crate::call::Call;
use crate::command::RouteId;
use crate::latency::Latency;
use crate::policy::budget::RetryCounts;
use crate::policy::fallback::FallbackScope;
use crate::policy::{Invalid, Policy};
use crate::route::{Route, Tool};
use crate::session::{Admission, Session};
use crate::stored::stored;
use crate::time::{Instant, millis, span};
use crate::travel::Travel;
use crate::turn::Turn;
use crate::value::Value;
use crate::visit::{Blank, Data, Visitor};

/// The version of the snapshot's form. A reader refuses every other one by name.
const VERSION: u32 = 4;

/// What stands around every state.
struct Envelope<'a> {
    failsoft: u32,
    what: String,
    /// The monotonic clock when it was taken.
    taken: Instant,
    /// Milliseconds since the Unix epoch when it was taken.
    wall: u64,
    /// The chain when it was taken, by name: it may be another one when it is read.
    routes: Vec<String>,
    /// Where it is taken or read.
    session: &'a Session,
    /// Both clocks there.
    now: Instant,
    now_wall: u64,
    state: &'a mut dyn Data,
}

impl Data for Envelope<'_> {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        visitor.part("failsoft", &mut self.failsoft);
        visitor.part("what", &mut self.what);
        visitor.part("now", &mut self.taken);
        visitor.part("wall", &mut self.wall);
        visitor.part("routes", &mut self.routes);
        if visitor.is_reading() {
            visitor.travel = self.travel();
        }
        visitor.part("state", self.state);
    }
}

impl<'a> Envelope<'a> {
    fn new(what: &str, session: &'a Session, now: Instant, wall: u64, state: &'a mut dyn Data) -> Self {
        let routes = session.routes().map(|route| route.name.clone()).collect();
        Self { failsoft: VERSION, what: what.into(), taken: now, wall, routes, session, now, now_wall: wall, state }
    }

    fn travel(&self) -> Travel {
        let find = |name: &String| self.session.live.ids().find(|route| self.session.route_name(*route) == name);
        Travel {
            then: self.taken,
            now: self.now,
            gap: span(self.now_wall.saturating_sub(self.wall)),
            routes: Some(self.routes.iter().map(find).collect()),
        }
    }

    fn write(mut self) -> Value {
        Visitor::write(&mut self, None)
    }

    /// Replaces the state by the one that is read. Returns what it was translated by, and whether it was about to go to a route that
    /// is gone.
    fn read(mut self, value: &Value) -> Result<(Travel, bool), Invalid> {
        // These two say best what is wrong with something else altogether.
        let version = value.get("failsoft").unwrap_or(&Value::Null);
        if version.as_whole() != Some(u64::from(VERSION)) {
            return Err(Invalid::new("snapshot.failsoft", version, format!("version {VERSION}")));
        }
        let found = value.get("what").unwrap_or(&Value::Null);
        if !matches!(found, Value::Text(found) if *found == self.what) {
            return Err(Invalid::new("snapshot.what", found, format!("the snapshot of a {}", self.what)));
        }
        let lost = Visitor::restore(value, "snapshot", &mut self)?;
        Ok((self.travel(), lost))
    }
}

struct StoredSession {
    /// What was learnt about each route of the chain.
    routes: Vec<StoredRoute>,
    seen: Instant,
    standing: Vec<String>,
    committed: Committed,
    /// None where the process has the secret: another process has another one.
    seed: Option<u64>,
    turns: u64,
    /// How the windows of breakers and budgets were cut: counts mean nothing under another cut.
    windows: [u64; 5],
}

stored! { StoredSession { routes, seen, standing, committed, seed, turns, windows } }

struct StoredRoute {
    /// By scope.
    admissions: [Admission; 4],
    /// The latencies of its deployment, as far as they are kept.
    latency: Vec<u16>,
}

stored! { StoredRoute { admissions, latency } }

impl Session {
    /// The session as plain data. `wall` is milliseconds since the Unix epoch. Permits do not travel.
    #[must_use]
    pub fn snapshot_value(&self, now: Instant, wall: u64) -> Value {
        let live = &self.live;
        let routes = live.routes.iter().map(|state| {
            let admissions = state.scopes.map(|at| live.admissions.get(at).copied().unwrap_or_default());
            let [deployment, ..] = state.scopes;
            let latency = live.latencies.get(deployment).map_or_else(Vec::new, Latency::counts);
            StoredRoute { admissions, latency }
        });
        let mut state = StoredSession {
            routes: routes.collect(),
            seen: live.seen,
            standing: live.standing.clone(),
            committed: live.committed,
            seed: live.seed,
            turns: live.turns,
            windows: windows(&self.policy),
        };
        Envelope::new("session", self, now, wall, &mut state).write()
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
        let mut session = Self::over(policy, routes)?;
        let (travel, _) = Envelope::new("session", &session, now, wall, &mut stored).read(snapshot)?;
        let counts_hold = stored.windows == windows(&session.policy);
        let live = &mut session.live;
        for (known, route) in stored.routes.into_iter().zip(travel.routes.into_iter().flatten()) {
            let Some(scopes) = route.and_then(|route| live.route(route)).map(|state| state.scopes) else { continue };
            let [deployment, ..] = scopes;
            if let Some(latency) = live.latencies.get_mut(deployment) {
                *latency = Latency::of(&known.latency);
            }
            for (at, mut admission) in scopes.into_iter().zip(known.admissions) {
                if !counts_hold {
                    admission.breaker.forget_counts();
                    admission.retries = RetryCounts::default();
                }
                if let Some(slot) = live.admissions.get_mut(at) {
                    *slot = admission;
                }
            }
        }
        (live.seen, live.standing, live.committed) = (stored.seen, stored.standing, stored.committed);
        // Over another chain the session may be back on the primary, or nowhere yet.
        let is_away = live.committed.route.is_some_and(|route| route != RouteId(0));
        let session_wide = session.policy.fallback.scope == FallbackScope::Session;
        live.committed.away = (is_away && session_wide).then(|| stored.committed.away.unwrap_or(now));
        (live.seed, live.turns, live.epoch) = (stored.seed, stored.turns, epoch);
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

impl Turn {
    /// The turn as plain data. `wall` is milliseconds since the Unix epoch. Its tools do not travel: they are given anew.
    #[must_use]
    pub fn snapshot_value(&self, session: &Session, now: Instant, wall: u64) -> Value {
        let mut state = self.clone();
        state.stand_alone();
        Envelope::new("turn", session, now, wall, &mut state).write()
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
        let mut turn = Self::blank(tools.clone());
        let (travel, lost) = Envelope::new("turn", session, now, wall, &mut turn).read(snapshot)?;
        turn.restored(session, lost);
        let since = ["state", "agent", "calls", "since_asked"].iter().try_fold(snapshot, |value, name| value.get(name));
        match since.and_then(Value::as_whole).map(Instant::from_millis) {
            // On a clock that is younger than its question the moment of asking would lie before the zero: the time for which its
            // deadline stood still is counted on its own clock first.
            Some(since) if travel.then - since > now - Instant::ZERO => {
                let (then, stored) = (travel.then, wall.saturating_sub(millis(travel.gap)));
                let mut turn = Self::restore_value(snapshot, session, tools.clone(), then, stored)?;
                turn.catch_up(then);
                Self::restore_value(&turn.snapshot_value(session, then, stored), session, tools, now, wall)
            }
            _ => Ok(turn),
        }
    }
}

impl Call {
    /// A call of a host's own as plain data, to be stored beside its turn.
    #[must_use]
    pub fn snapshot_value(&self, session: &Session, now: Instant) -> Value {
        Envelope::new("call", session, now, 0, &mut self.clone()).write()
    }

    /// A call from its snapshot. After a death, report `Interrupted` first. Routes as with [`Turn::restore_value`].
    ///
    /// # Errors
    /// What is wrong with the snapshot.
    pub fn restore_value(snapshot: &Value, session: &Session, now: Instant) -> Result<Self, Invalid> {
        let mut call = Self::BLANK;
        let (_, lost) = Envelope::new("call", session, now, 0, &mut call).read(snapshot)?;
        call.restored(lost);
        Ok(call)
    }
}

#[cfg(feature = "json")]
mod text {
    //! The same as text.

    use super::*;

    fn written(value: &Value) -> String {
        serde_json::to_string(value).unwrap_or_default()
    }

    fn read(text: &str, what: &str) -> Result<Value, Invalid> {
        serde_json::from_str(text)
            .map_err(|error| Invalid::new("snapshot", error, format!("the text of a {what}'s snapshot")))
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
