//! State that survives a death: versioned JSON, restored on another clock.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Gate, Live, Session};
use crate::policy::budget::Purse;
use crate::policy::{Invalid, Policy};
use crate::route::{Route, Tool};
use crate::time::{Instant, millis, span};
use crate::turn::Turn;

/// The version of the snapshot's form. A reader refuses every other one by name.
const VERSION: u32 = 1;

/// A snapshot on the wire.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<T> {
    failsoft: u32,
    what: String,
    /// The monotonic clock when it was taken.
    now: Instant,
    /// Milliseconds since the Unix epoch when it was taken.
    wall: u64,
    state: T,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSession {
    /// By name, so that a chain that has changed since takes over what it still has.
    routes: Vec<StoredRoute>,
    standing: Vec<String>,
    committed: Option<String>,
    seed: u64,
    turns: u64,
    /// How the windows of breakers and budgets were cut: counts mean nothing under another cut.
    windows: [u64; 3],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRoute {
    name: String,
    /// Deployment, endpoint, credential, limit.
    gates: [Gate; 4],
}

impl<T: Serialize + for<'a> Deserialize<'a>> Stored<T> {
    fn write(what: &str, now: Instant, wall: u64, state: T) -> String {
        serde_json::to_string(&Self { failsoft: VERSION, what: what.into(), now, wall, state }).unwrap_or_default()
    }

    fn read(text: &str, what: &str) -> Result<Self, Invalid> {
        let wrong =
            |error: serde_json::Error| Invalid::new("snapshot", error, format!("the text of a {what}'s snapshot"));
        let value: serde_json::Value = serde_json::from_str(text).map_err(wrong)?;
        if let Some(version) = value.get("failsoft").filter(|version| version.as_u64() != Some(u64::from(VERSION))) {
            return Err(Invalid::new("snapshot.failsoft", version, format!("version {VERSION}")));
        }
        let stored: Self = serde_json::from_value(value).map_err(wrong)?;
        if stored.what != what {
            return Err(Invalid::new("snapshot.what", &stored.what, format!("the snapshot of a {what}")));
        }
        Ok(stored)
    }
}

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
    /// The session as text. `wall` is milliseconds since the Unix epoch. Permits do not travel.
    #[must_use]
    pub fn snapshot(&self, now: Instant, wall: u64) -> String {
        let live = &self.live;
        let gate = |at: usize| live.gates.get(at).map_or_else(Gate::default, Gate::without_permits);
        let routes = live.routes.iter().map(|place| {
            let scopes = place.scopes;
            let gates = [scopes.deployment, scopes.endpoint, scopes.credential, scopes.limit].map(gate);
            StoredRoute { name: place.route.name.clone(), gates }
        });
        let state = StoredSession {
            routes: routes.collect(),
            standing: live.standing.clone(),
            committed: live.committed.map(|route| self.route_name(route).into()),
            seed: live.seed,
            turns: live.turns,
            windows: windows(&self.policy),
        };
        Stored::write("session", now, wall, state)
    }

    /// A session from the text of a snapshot, over a policy and a chain of today. What was learnt about a route goes to the
    /// route of the same name. `epoch` must differ from those of the processes before: permits they gave mean nothing here.
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
        let stored: Stored<StoredSession> = Stored::read(text, "session")?;
        let mut session = Self::over(policy, routes, stored.state.seed)?;
        let gap = span(wall.saturating_sub(stored.wall));
        let (spans, calendar) = (spans(stored.now, now), calendar(stored.now, now, gap));
        let policy = session.policy.clone();
        let live = &mut session.live;
        for known in stored.state.routes {
            let Some(place) = live.routes.iter().find(|place| place.route.name == known.name) else { continue };
            let scopes = place.scopes;
            for (at, mut gate) in
                [scopes.deployment, scopes.endpoint, scopes.credential, scopes.limit].into_iter().zip(known.gates)
            {
                if stored.state.windows != windows(&policy) {
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
        live.standing = stored.state.standing;
        live.committed = stored.state.committed.and_then(|name| {
            Live::ids(live).find(|route| live.place(*route).is_some_and(|place| place.route.name == name))
        });
        live.turns = stored.state.turns;
        live.epoch = epoch;
        Ok(session)
    }
}

fn windows(policy: &Policy) -> [u64; 3] {
    [millis(policy.breaker.window), u64::from(policy.breaker.buckets), millis(policy.budget.window)]
}

impl Gate {
    fn without_permits(&self) -> Self {
        Self { circuit: self.circuit.without_permits(), cooldown: self.cooldown.without_permits(), ..*self }
    }
}

impl Turn {
    /// The turn as text. `wall` is milliseconds since the Unix epoch. Its tools do not travel: they are given anew.
    #[must_use]
    pub fn snapshot(&self, now: Instant, wall: u64) -> String {
        Stored::write("turn", now, wall, self.clone())
    }

    /// A turn from the text of a snapshot; it goes on as it was, ids included. After a death, report `Interrupted` first.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn restore(text: &str, tools: Arc<[Tool]>, now: Instant, wall: u64) -> Result<Self, Invalid> {
        let mut stored: Stored<Self> = Stored::read(text, "turn")?;
        let gap = span(wall.saturating_sub(stored.wall));
        stored.state.shift(spans(stored.now, now), calendar(stored.now, now, gap));
        stored.state.set_tools(tools);
        Ok(stored.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_keep_what_is_left_and_the_calendar_does_not() {
        let (then, now) = (Instant::from_millis(100_000), Instant::from_millis(5_000));
        let moved = spans(then, now);
        assert_eq!(millis(moved(Instant::from_millis(103_000)) - now), 3_000);
        assert_eq!(moved(Instant::NEVER), Instant::NEVER);
        let calendar = calendar(then, now, span(2_000));
        assert_eq!(millis(calendar(Instant::from_millis(103_000)) - now), 1_000);
        assert_eq!(calendar(Instant::from_millis(101_000)), now - span(1_000));
        assert_eq!(calendar(Instant::from_millis(99_000)), now - span(3_000));
    }

    #[test]
    fn another_version_is_refused_by_name() {
        let refused = Turn::restore(r#"{"failsoft":9}"#, Arc::new([]), Instant::ZERO, 0);
        let line = refused.map_err(|wrong| alloc::string::ToString::to_string(&wrong)).err();
        assert_eq!(line.as_deref(), Some("snapshot.failsoft: 9 is not allowed; use version 1"));
    }
}
