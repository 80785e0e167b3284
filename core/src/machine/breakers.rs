//! Breakers for whatever a host likes to tell apart: one without a key, and one for each key that was used.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::policy::breaker::{Change, Circuit, Metrics, Order, Outcome, Permit};
use crate::policy::{Breaker, Invalid};
use crate::time::Instant;
use crate::value::{Spelling, Value};
use crate::visit::Visitor;

/// The most keys that are kept.
pub const MOST_KEYS: u32 = 100_000;

/// Breakers of one policy: one without a key, and one for each key, whatever a host's keys stand for.
///
/// An unknown key is a closed breaker. Where there are too many, the one that was not used for the longest goes: first of those
/// that are closed, then of those that opened by themselves, and last of those that somebody gave an order.
#[derive(Debug, Clone)]
pub struct Breakers {
    config: Breaker,
    /// The largest `now` that it was told: a clock that goes back stands still.
    seen: Instant,
    without_key: Circuit,
    max_keys: usize,
    /// The slots by the alphabet of their keys. A map of the standard library would be 6 kB of the module for JavaScript.
    known: Vec<u32>,
    slots: Vec<Slot>,
    lists: [List; 3],
}

/// One key's breaker, and its neighbours in the list that it is in.
#[derive(Debug, Clone)]
struct Slot {
    key: Box<str>,
    circuit: Circuit,
    /// Counts the keys that were here: what was given to one of them is not heard from another.
    life: u32,
    list: usize,
    older: Option<u32>,
    newer: Option<u32>,
}

/// Slots in the order of their last use.
#[derive(Debug, Clone, Copy, Default)]
struct List {
    oldest: Option<u32>,
    newest: Option<u32>,
}

/// Which breaker something was given by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin {
    /// Where its key is kept; none for the one without a key.
    pub slot: Option<u32>,
    /// Which of the keys that were kept there it is.
    pub life: u32,
}

/// The right to make one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyPermit {
    /// Whose.
    pub origin: Origin,
    /// What it is settled against.
    pub permit: Permit,
}

impl Breakers {
    /// Breakers of this policy, for at most `max_keys` keys.
    ///
    /// # Errors
    /// `max_keys` is not from 1 to [`MOST_KEYS`].
    pub fn new(config: Breaker, max_keys: u32) -> Result<Self, Invalid> {
        if !(1..=MOST_KEYS).contains(&max_keys) {
            let allowed = alloc::format!("a whole number from 1 to {MOST_KEYS}");
            return Err(Invalid::new("max_keys", max_keys, allowed));
        }
        Ok(Self {
            config,
            seen: Instant::ZERO,
            without_key: Circuit::default(),
            max_keys: max_keys as usize,
            known: Vec::new(),
            slots: Vec::new(),
            lists: [List::default(); 3],
        })
    }

    /// The same with the number as a host has it; nothing stands for the most.
    ///
    /// # Errors
    /// As [`Breakers::new`].
    pub fn from_value(config: Breaker, max_keys: &Value, spelling: Spelling) -> Result<Self, Invalid> {
        let (mut number, field) = (MOST_KEYS, spelling.field("max_keys", false));
        Visitor::read(max_keys, spelling, &field, &[], (1..=MOST_KEYS).into(), &mut number)?;
        Self::new(config, number)
    }

    /// How many keys are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no key was used yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// What a key's breaker goes by now. Reading it changes nothing.
    #[must_use]
    pub fn metrics(&self, key: Option<&str>, now: Instant) -> Metrics {
        let known = key.and_then(|key| self.slot(self.slot_of(key)?));
        let circuit = match key {
            None => self.without_key,
            Some(_) => known.map_or_else(Circuit::default, |slot| slot.circuit),
        };
        circuit.metrics(&self.config, now.max(self.seen))
    }

    /// Takes a permit; `lease` is when it lapses if nothing is ever reported.
    ///
    /// # Errors
    /// The moment from which asking may be admitted; [`Instant::NEVER`] where a person has to say so.
    pub fn admit(&mut self, key: Option<&str>, now: Instant, lease: Instant) -> Result<KeyPermit, Instant> {
        let (config, now) = (self.config, self.tick(now));
        let origin = self.made(key);
        let permit = self.with(origin, |circuit| circuit.admit(&config, now, lease));
        permit.unwrap_or(Ok(Permit::default())).map(|permit| KeyPermit { origin, permit })
    }

    /// Takes note of what became of an admitted call. A permit of a key that was dropped since changes nothing.
    pub fn settle(&mut self, now: Instant, permit: KeyPermit, outcome: Outcome) -> Option<Change> {
        let (config, now) = (self.config, self.tick(now));
        self.with(permit.origin, |circuit| circuit.settle(&config, now, permit.permit, outcome))?
    }

    /// Orders a key's breaker to do something, until it is ordered otherwise.
    pub fn order(&mut self, key: Option<&str>, order: Order) {
        let origin = self.made(key);
        self.with(origin, |circuit| circuit.order(order));
    }

    /// Takes a key's breaker out of use, until each who did so has released it.
    pub fn isolate(&mut self, key: Option<&str>) -> Origin {
        let origin = self.made(key);
        self.with(origin, Circuit::isolate);
        origin
    }

    /// Lets go of what [`Breakers::isolate`] gave.
    pub fn release(&mut self, held: Origin) {
        self.with(held, Circuit::release);
    }

    /// Forgets what a key's breaker has learnt. A manual override stays.
    pub fn reset(&mut self, key: Option<&str>) {
        if key.is_none_or(|key| self.find(key).is_ok()) {
            let origin = self.made(key);
            self.with(origin, Circuit::reset);
        }
    }

    /// This process is a copy of the one that they began in: permits that the other gave mean nothing here.
    pub fn forked(&mut self) {
        self.without_key.forked();
        self.slots.iter_mut().for_each(|slot| slot.circuit.forked());
    }

    /// The host's clock is another one from here on: see [`Session::on_another_clock`](crate::Session::on_another_clock).
    pub fn on_another_clock(&mut self) {
        self.seen = Instant::ZERO;
    }

    fn tick(&mut self, now: Instant) -> Instant {
        self.seen = self.seen.max(now);
        self.seen
    }

    fn slot(&self, at: u32) -> Option<&Slot> {
        self.slots.get(at as usize)
    }

    fn slot_mut(&mut self, at: u32) -> Option<&mut Slot> {
        self.slots.get_mut(at as usize)
    }

    /// Where a key's breaker is; one that is not there yet takes the place of another, if there are too many.
    fn made(&mut self, key: Option<&str>) -> Origin {
        let Some(key) = key else { return Origin::default() };
        let at = self.slot_of(key).unwrap_or_else(|| self.place(key));
        Origin { slot: Some(at), life: self.slot(at).map_or(0, |slot| slot.life) }
    }

    /// Where a key stands among `known`, or would stand.
    fn find(&self, key: &str) -> Result<usize, usize> {
        self.known.binary_search_by(|at| self.slot(*at).map_or("", |slot| &*slot.key).cmp(key))
    }

    fn slot_of(&self, key: &str) -> Option<u32> {
        self.known.get(self.find(key).ok()?).copied()
    }

    fn place(&mut self, key: &str) -> u32 {
        let dropped =
            if self.slots.len() < self.max_keys { None } else { self.lists.iter().find_map(|list| list.oldest) };
        let at = match dropped {
            None => {
                let slot =
                    Slot { key: key.into(), circuit: Circuit::default(), life: 0, list: 0, older: None, newer: None };
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
            Some(at) => {
                self.unlink(at);
                if let Some(place) = self.slot(at).and_then(|slot| self.find(&slot.key).ok()) {
                    self.known.remove(place);
                }
                if let Some(slot) = self.slot_mut(at) {
                    slot.key = key.into();
                    (slot.circuit, slot.life) = (Circuit::default(), slot.life.wrapping_add(1));
                }
                at
            }
        };
        if let Err(place) = self.find(key) {
            self.known.insert(place, at);
        }
        self.link(at, 0);
        at
    }

    /// Does something to a breaker, and puts it where it belongs: among those of its kind, as the last one used.
    fn with<T>(&mut self, origin: Origin, change: impl FnOnce(&mut Circuit) -> T) -> Option<T> {
        let Some(at) = origin.slot else { return Some(change(&mut self.without_key)) };
        let slot = self.slot_mut(at).filter(|slot| slot.life == origin.life)?;
        let value = change(&mut slot.circuit);
        let list = if slot.circuit.is_ordered() { 2 } else { usize::from(!slot.circuit.is_closed()) };
        self.unlink(at);
        self.link(at, list);
        Some(value)
    }

    fn unlink(&mut self, at: u32) {
        let Some(&Slot { list, older, newer, .. }) = self.slot(at) else { return };
        let Some(mut ends) = self.lists.get(list).copied() else { return };
        match older {
            None => ends.oldest = newer,
            Some(older) => self.slot_mut(older).into_iter().for_each(|slot| slot.newer = newer),
        }
        match newer {
            None => ends.newest = older,
            Some(newer) => self.slot_mut(newer).into_iter().for_each(|slot| slot.older = older),
        }
        self.lists.get_mut(list).into_iter().for_each(|list| *list = ends);
    }

    fn link(&mut self, at: u32, list: usize) {
        let Some(ends) = self.lists.get_mut(list) else { return };
        let newest = ends.newest.replace(at);
        ends.oldest = ends.oldest.or(Some(at));
        if let Some(slot) = newest.and_then(|newest| self.slot_mut(newest)) {
            slot.newer = Some(at);
        }
        if let Some(slot) = self.slot_mut(at) {
            (slot.list, slot.older, slot.newer) = (list, newest, None);
        }
    }
}

#[cfg(test)]
mod tests;
