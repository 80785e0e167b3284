//! Everything that is alive, behind small integers.

use alloc::sync::Arc;

use atomic_refcell::AtomicRefCell;
use failsoft::breakers::Breakers;
use failsoft::{Call, Policy, Session, Turn};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::out::say;
pub(crate) use crate::table::Handle;
use crate::table::Table;

pub(crate) struct Tables {
    pub(crate) policies: Table<Arc<Policy>>,
    pub(crate) sessions: Table<Session>,
    pub(crate) turns: Table<Within>,
    pub(crate) calls: Table<Guarded>,
    pub(crate) circuits: Table<Breakers>,
    pub(crate) counters: Table<Counter>,
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

static TABLES: AtomicRefCell<Tables> = AtomicRefCell::new(Tables::EMPTY);

/// Lends the tables for one decision. Nothing of the user's runs within, so they are never lent twice.
pub(crate) fn with<R>(decide: impl FnOnce(&mut Tables) -> R) -> R {
    decide(&mut TABLES.borrow_mut())
}

impl Tables {
    const EMPTY: Self = Self {
        policies: Table::EMPTY,
        sessions: Table::EMPTY,
        turns: Table::EMPTY,
        calls: Table::EMPTY,
        circuits: Table::EMPTY,
        counters: Table::EMPTY,
    };

    pub(crate) fn policy(&self, policy: Handle) -> Arc<Policy> {
        self.policies.get(policy).cloned().unwrap_or_default()
    }

    /// A turn with its session.
    pub(crate) fn turn(&mut self, turn: Handle) -> Option<(&mut Turn, &mut Session)> {
        let within = self.turns.get_mut(turn)?;
        Some((&mut within.core, self.sessions.get_mut(within.session)?))
    }

    /// Takes a call in.
    pub(crate) fn keep_call(&mut self, guarded: Guarded) -> Handle {
        if let Some(within) = self.turns.get_mut(guarded.turn) {
            within.calls += 1;
        }
        self.calls.insert(guarded)
    }

    pub(crate) fn drop_call(&mut self, call: Handle) {
        let Some(turn) = self.calls.get(call).map(|guarded| guarded.turn) else { return };
        self.calls.remove(call);
        if let Some(within) = self.turns.get_mut(turn) {
            within.calls = within.calls.saturating_sub(1);
        }
    }

    /// A turn takes along what nobody can ask for any more: calls whose loop was collected before its end.
    fn drop_turn(&mut self, turn: Handle) {
        let left = self.turns.get(turn).map_or(0, |within| within.calls);
        self.turns.remove(turn);
        if left > 0 {
            self.calls.retain(|guarded| guarded.turn != turn);
        }
    }

    /// A call with its turn and session.
    pub(crate) fn call(&mut self, call: Handle) -> Option<(&mut Call, &mut Turn, &mut Session)> {
        let guarded = self.calls.get_mut(call)?;
        let within = self.turns.get_mut(guarded.turn)?;
        Some((&mut guarded.core, &mut within.core, self.sessions.get_mut(within.session)?))
    }
}

/// What a finalizer or a host loop lets go of: the table by its number, in the order of `statistics`.
#[wasm_bindgen(js_name = release)]
pub fn release(table: u32, handle: Handle) {
    with(|tables| match table {
        0 => drop(tables.policies.remove(handle)),
        1 => drop(tables.sessions.remove(handle)),
        2 => tables.drop_turn(handle),
        3 => tables.drop_call(handle),
        4 => drop(tables.circuits.remove(handle)),
        _ => drop(tables.counters.remove(handle)),
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
        say(0, &lengths.map(|length| length as f64));
    });
}
