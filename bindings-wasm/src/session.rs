//! Sessions. Clients and the user's own route objects stay in JavaScript.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use failsoft::value::Spelling;
use failsoft::{Route, RouteId, Session};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::breaker::{order_of, tell};
use crate::convert::{instant, invalid};
use crate::plain::{thing, value};
use crate::tables::{Handle, with};

fn read_chain(routes: Vec<JsValue>) -> Result<Vec<Route>, JsValue> {
    let mut chain = Vec::with_capacity(routes.len());
    for fields in &routes {
        chain.push(Route::from_value(&value(fields), Spelling::JavaScript).map_err(invalid)?);
    }
    Ok(chain)
}

/// A session over routes, or, with none, without.
#[wasm_bindgen(js_name = sessionNew)]
pub fn new(policy: Handle, routes: Vec<JsValue>, seed: Option<u64>, one_slot: bool) -> Result<Handle, JsValue> {
    let chain = read_chain(routes)?;
    with(|tables| {
        let policy = tables.policy(policy);
        let made = if chain.is_empty() { Session::without_routes(policy) } else { Session::new(policy, chain) };
        let made = made.map_err(invalid)?;
        let made = if let Some(seed) = seed { made.with_seed(seed) } else { made };
        Ok(tables.sessions.insert(slotted(made, one_slot)))
    })
}

/// A session of a host that keeps one client at a time, or one for each route.
fn slotted(session: Session, one_slot: bool) -> Session {
    if one_slot { session.with_one_slot() } else { session }
}

/// A session from a snapshot, over a policy and a chain of today.
#[wasm_bindgen(js_name = sessionRestore)]
pub fn restore(
    stored: &JsValue,
    policy: Handle,
    routes: Vec<JsValue>,
    epoch: u32,
    now: f64,
    wall: f64,
    one_slot: bool,
) -> Result<Handle, JsValue> {
    let (stored, chain) = (value(stored), read_chain(routes)?);
    with(|tables| {
        let policy = tables.policy(policy);
        let made = Session::restore_value(&stored, policy, chain, epoch, instant(now), wall as u64).map_err(invalid)?;
        Ok(tables.sessions.insert(slotted(made, one_slot)))
    })
}

fn of<R: Default>(session: Handle, ask: impl FnOnce(&mut Session) -> R) -> R {
    with(|tables| tables.sessions.get_mut(session).map(ask)).unwrap_or_default()
}

/// Whether calls of it may be hedged.
#[wasm_bindgen(js_name = sessionHedges)]
pub fn hedges(session: Handle) -> bool {
    of(session, |session| session.hedges())
}

/// The state as plain data.
#[wasm_bindgen(js_name = sessionSnapshot)]
pub fn snapshot(session: Handle, now: f64, wall: f64) -> JsValue {
    let stored = of(session, |session| Some(session.snapshot_value(instant(now), wall as u64)));
    stored.as_ref().map_or(JsValue::NULL, thing)
}

/// What the breaker of a route is doing now; in `out` what it goes by.
#[wasm_bindgen(js_name = sessionMetrics)]
pub fn metrics(session: Handle, route: u8, now: f64) -> String {
    of(session, |session| tell(&session.breaker_metrics(RouteId(route), instant(now)), instant(now)))
}

/// Orders the breaker of a route to do something, until it is ordered otherwise.
#[wasm_bindgen(js_name = sessionOrder)]
pub fn order(session: Handle, route: u8, word: &str) -> Result<(), JsValue> {
    let order = order_of(word)?;
    of(session, |session| session.order_breaker(RouteId(route), order));
    Ok(())
}

/// Takes a route out of use, or, if not `out`, lets go of it.
#[wasm_bindgen(js_name = sessionIsolate)]
pub fn isolate(session: Handle, route: u8, out: bool) {
    let route = RouteId(route);
    of(session, |session| if out { session.isolate(route) } else { session.release(route) });
}

/// Forgets all that was held against a route.
#[wasm_bindgen(js_name = sessionReset)]
pub fn reset(session: Handle, route: u8) {
    of(session, |session| session.reset(RouteId(route)));
}

/// The host's clock is another one from here on.
#[wasm_bindgen(js_name = sessionOnAnotherClock)]
pub fn on_another_clock(session: Handle) {
    of(session, |session| session.on_another_clock());
}

/// The host has made or closed a route's client by itself, between turns.
#[wasm_bindgen(js_name = sessionSetReady)]
pub fn set_ready(session: Handle, route: u8, ready: bool) {
    of(session, |session| session.set_ready(RouteId(route), ready));
}

/// Tools that were approved for longer than one call.
#[wasm_bindgen(js_name = sessionApprovals)]
pub fn approvals(session: Handle) -> Vec<String> {
    of(session, |session| session.standing_approvals().map(str::to_string).collect())
}

/// Approves a tool for longer than one call.
#[wasm_bindgen(js_name = sessionApprove)]
pub fn approve(session: Handle, tool: &str) {
    of(session, |session| session.approve_standing(tool));
}

/// Takes such an approval back.
#[wasm_bindgen(js_name = sessionWithdraw)]
pub fn withdraw(session: Handle, tool: &str) -> bool {
    of(session, |session| session.withdraw_approval(tool))
}
