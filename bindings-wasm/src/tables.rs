//! Everything that is alive, behind small integers.

use std::cell::RefCell;
use std::sync::Arc;

use failsoft::policy::breaker::Circuit;
use failsoft::{Call, Policy, Session, Turn};
use slab::Slab;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::out::say;

/// Names an entry of one of the tables.
pub(crate) type Handle = u32;

#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) policies: Slab<Arc<Policy>>,
    pub(crate) sessions: Slab<Session>,
    pub(crate) turns: Slab<Within>,
    pub(crate) calls: Slab<Guarded>,
    pub(crate) circuits: Slab<(Arc<Policy>, Circuit)>,
    pub(crate) counters: Slab<Counter>,
}

/// A turn, and whose it is.
pub(crate) struct Within {
    pub(crate) session: Handle,
    /// How many of its calls are in their table.
    pub(crate) calls: usize,
    pub(crate) core: Turn,
}

/// A call, and whose it is.
pub(crate) struct Guarded {
    pub(crate) turn: Handle,
    pub(crate) core: Call,
}

/// Steps taken of as many as there may be.
pub(crate) struct Counter {
    pub(crate) most: u32,
    pub(crate) taken: u32,
}

thread_local! {
    static TABLES: RefCell<Tables> = RefCell::default();
}

/// Lends the tables for one decision. Nothing of the user's runs within, so they are never lent twice.
pub(crate) fn with<R>(decide: impl FnOnce(&mut Tables) -> R) -> R {
    TABLES.with(|tables| decide(&mut tables.borrow_mut()))
}

/// The key of an entry as the host holds it.
pub(crate) fn handle(key: usize) -> Handle {
    Handle::try_from(key).unwrap_or(Handle::MAX)
}

impl Tables {
    pub(crate) fn policy(&self, policy: Handle) -> Arc<Policy> {
        self.policies.get(policy as usize).cloned().unwrap_or_default()
    }

    /// A turn with its session.
    pub(crate) fn turn(&mut self, turn: Handle) -> Option<(&mut Turn, &mut Session)> {
        let within = self.turns.get_mut(turn as usize)?;
        Some((&mut within.core, self.sessions.get_mut(within.session as usize)?))
    }

    /// Takes a call in.
    pub(crate) fn keep_call(&mut self, guarded: Guarded) -> Handle {
        if let Some(within) = self.turns.get_mut(guarded.turn as usize) {
            within.calls += 1;
        }
        handle(self.calls.insert(guarded))
    }

    pub(crate) fn drop_call(&mut self, call: Handle) {
        let Some(guarded) = self.calls.try_remove(call as usize) else { return };
        if let Some(within) = self.turns.get_mut(guarded.turn as usize) {
            within.calls = within.calls.saturating_sub(1);
        }
    }

    /// A turn takes along what nobody can ask for any more: calls whose loop was collected before its end.
    fn drop_turn(&mut self, turn: Handle) {
        if self.turns.try_remove(turn as usize).is_some_and(|within| within.calls > 0) {
            self.calls.retain(|_, guarded| guarded.turn != turn);
        }
    }

    /// A call with its turn and session.
    pub(crate) fn call(&mut self, call: Handle) -> Option<(&mut Call, &mut Turn, &mut Session)> {
        let guarded = self.calls.get_mut(call as usize)?;
        let within = self.turns.get_mut(guarded.turn as usize)?;
        Some((&mut guarded.core, &mut within.core, self.sessions.get_mut(within.session as usize)?))
    }
}

/// What a finalizer or a host loop lets go of: the table by its number, in the order of `statistics`.
#[wasm_bindgen(js_name = release)]
pub fn release(table: u32, handle: Handle) {
    let key = handle as usize;
    with(|tables| match table {
        0 => drop(tables.policies.try_remove(key)),
        1 => drop(tables.sessions.try_remove(key)),
        2 => tables.drop_turn(handle),
        3 => tables.drop_call(handle),
        4 => drop(tables.circuits.try_remove(key)),
        _ => drop(tables.counters.try_remove(key)),
    });
}

/// How many entries each table holds.
#[wasm_bindgen(js_name = statistics)]
pub fn statistics() {
    with(|tables| {
        let lengths = [
            tables.policies.len(),
            tables.sessions.len(),
            tables.turns.len(),
            tables.calls.len(),
            tables.circuits.len(),
            tables.counters.len(),
        ];
        say(0, lengths.map(|length| length as f64));
    });
}
