//! Sessions. Clients and the user's own route objects stay in JavaScript.

use failsoft::value::Spelling;
use failsoft::{Call, Route, RouteId, Turn, text};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::alive::{Alive, Kind};
use crate::breaker::order_of;
use crate::convert::{instant, invalid};
use crate::forms::MetricsForm;
use crate::inward::value;
use crate::outward::{object, plain};
use crate::policy::Policy;
use crate::table::{Handle, Table};

/// A session with its turns, and each of those with its calls: what holds one has all that it needs.
#[wasm_bindgen(js_name = EngineSession)]
pub struct Session {
    pub(crate) core: failsoft::Session,
    pub(crate) turns: Table<OfSession>,
    _alive: Alive,
}

/// A turn with its calls.
pub(crate) struct OfSession {
    pub(crate) core: Turn,
    pub(crate) calls: Table<OfTurn>,
    _alive: Alive,
}

/// A call: it is driven by its loop, or was let through by the short way.
pub(crate) struct OfTurn {
    pub(crate) core: Call,
    _alive: Alive,
}

impl OfSession {
    pub(crate) fn new(core: Turn) -> Self {
        Self { core, calls: Table::EMPTY, _alive: Alive::new(Kind::Turn) }
    }
}

impl OfTurn {
    pub(crate) fn new(core: Call) -> Self {
        Self { core, _alive: Alive::new(Kind::Call) }
    }
}

impl Session {
    fn of(made: Result<failsoft::Session, failsoft::Invalid>, one_slot: bool) -> Result<Self, JsValue> {
        let made = made.map_err(invalid)?;
        let core = if one_slot { made.with_one_slot() } else { made };
        Ok(Self { core, turns: Table::EMPTY, _alive: Alive::new(Kind::Session) })
    }

    /// Asks a turn that is still there, else says nothing.
    #[inline(always)]
    pub(crate) fn turn<R: Default>(
        &mut self,
        turn: Handle,
        ask: impl FnOnce(&mut Turn, &mut failsoft::Session) -> R,
    ) -> R {
        self.turns.get_mut(turn).map(|turn| ask(&mut turn.core, &mut self.core)).unwrap_or_default()
    }

    /// A call with its turn and session.
    pub(crate) fn call(
        &mut self,
        turn: Handle,
        call: Handle,
    ) -> Option<(&mut Call, &mut Turn, &mut failsoft::Session)> {
        let turn = self.turns.get_mut(turn)?;
        Some((&mut turn.calls.get_mut(call)?.core, &mut turn.core, &mut self.core))
    }
}

fn read_chain(routes: &[JsValue]) -> Result<Vec<Route>, JsValue> {
    let mut chain = Vec::new();
    for fields in routes {
        chain.push(Route::from_value(&value(fields), Spelling::JavaScript).map_err(invalid)?);
    }
    Ok(chain)
}

#[wasm_bindgen(js_class = EngineSession)]
impl Session {
    /// A session over routes, or, with none, without.
    #[wasm_bindgen(js_name = begin)]
    pub fn begin(policy: &Policy, routes: Vec<JsValue>, seed: Option<u64>, one_slot: bool) -> Result<Self, JsValue> {
        let (chain, policy) = (read_chain(&routes)?, policy.core().clone());
        let made = if chain.is_empty() {
            failsoft::Session::without_routes(policy)
        } else {
            failsoft::Session::new(policy, chain)
        };
        Self::of(if let Some(seed) = seed { made.map(|made| made.with_seed(seed)) } else { made }, one_slot)
    }

    /// A session from a snapshot, over a policy and a chain of today.
    #[wasm_bindgen(js_name = restore)]
    pub fn restore(
        stored: &JsValue,
        policy: &Policy,
        routes: Vec<JsValue>,
        epoch: u32,
        now: f64,
        wall: f64,
        one_slot: bool,
    ) -> Result<Self, JsValue> {
        let (stored, chain, policy) = (value(stored), read_chain(&routes)?, policy.core().clone());
        let made = failsoft::Session::restore_value(&stored, policy, chain, epoch, instant(now), wall as u64);
        Self::of(made, one_slot)
    }

    /// The policy that it follows.
    #[wasm_bindgen(js_name = policy)]
    pub fn policy(&self) -> Policy {
        Policy::of(self.core.policy().clone())
    }

    /// Whether calls of it may be hedged.
    #[wasm_bindgen(js_name = hedges)]
    pub fn hedges(&self) -> bool {
        self.core.hedges()
    }

    /// The state as plain data.
    #[wasm_bindgen(js_name = snapshot)]
    pub fn snapshot(&self, now: f64, wall: f64) -> JsValue {
        plain(&self.core.snapshot_value(instant(now), wall as u64))
    }

    /// What the breaker of a route is doing now, and what it goes by.
    #[wasm_bindgen(js_name = metrics)]
    pub fn metrics(&self, route: u8, now: f64) -> JsValue {
        object(&MetricsForm::of(&self.core.breaker_metrics(RouteId(route), instant(now)), instant(now)))
    }

    /// Orders the breaker of a route to do something, until it is ordered otherwise.
    #[wasm_bindgen(js_name = order)]
    pub fn order(&mut self, route: u8, word: &str) -> Result<(), JsValue> {
        self.core.order_breaker(RouteId(route), order_of(word)?);
        Ok(())
    }

    /// Takes a route out of use, or, if not `out`, lets go of it.
    #[wasm_bindgen(js_name = isolate)]
    pub fn isolate(&mut self, route: u8, out: bool) {
        let route = RouteId(route);
        if out { self.core.isolate(route) } else { self.core.release(route) }
    }

    /// Forgets all that was held against a route.
    #[wasm_bindgen(js_name = reset)]
    pub fn reset(&mut self, route: u8) {
        self.core.reset(RouteId(route));
    }

    /// The host's clock is another one from here on.
    #[wasm_bindgen(js_name = onAnotherClock)]
    pub fn on_another_clock(&mut self) {
        self.core.on_another_clock();
    }

    /// The host has made or closed a route's client by itself, between turns.
    #[wasm_bindgen(js_name = setReady)]
    pub fn set_ready(&mut self, route: u8, ready: bool) {
        self.core.set_ready(RouteId(route), ready);
    }

    /// Tools that were approved for longer than one call.
    #[wasm_bindgen(js_name = approvals)]
    pub fn approvals(&self) -> Vec<String> {
        self.core.standing_approvals().map(str::to_string).collect()
    }

    /// Approves a tool for longer than one call.
    #[wasm_bindgen(js_name = approve)]
    pub fn approve(&mut self, tool: &str) {
        self.core.approve_standing(tool);
    }

    /// Takes such an approval back.
    #[wasm_bindgen(js_name = withdraw)]
    pub fn withdraw(&mut self, tool: &str) -> bool {
        self.core.withdraw_approval(tool)
    }

    /// The warning about a client that repeats its requests by itself.
    #[wasm_bindgen(js_name = multiplied)]
    pub fn multiplied(&self, route: Option<String>, retries: u32) -> String {
        let attempts = self.core.policy().retry.max_attempts;
        text::multiplied(route.as_deref(), retries, attempts, Spelling::JavaScript)
    }
}
