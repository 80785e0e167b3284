//! Breakers for whatever a host likes to tell apart: one without a key, and one for each key that was used.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::policy::breaker::{Change, Circuit, Metrics, Order, Outcome, Permit};
use crate::policy::{Breaker, Invalid};
use crate::time::Instant;

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
    known: BTreeMap<Arc<str>, u32>,
    slots: Vec<Slot>,
    lists: [List; 3],
}

/// One key's breaker, and its neighbours in the list that it is in.
#[derive(Debug, Clone)]
struct Slot {
    key: Arc<str>,
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
            known: BTreeMap::new(),
            slots: Vec::new(),
            lists: [List::default(); 3],
        })
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
        let known = key.and_then(|key| self.known.get(key)).and_then(|at| self.slot(*at));
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

    /// Forgets what a key's breaker has learnt. What was ordered by hand stays.
    pub fn reset(&mut self, key: Option<&str>) {
        if key.is_none_or(|key| self.known.contains_key(key)) {
            let origin = self.made(key);
            self.with(origin, Circuit::reset);
        }
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
        let at = match self.known.get(key) {
            Some(at) => *at,
            None => self.place(key.into()),
        };
        Origin { slot: Some(at), life: self.slot(at).map_or(0, |slot| slot.life) }
    }

    fn place(&mut self, key: Arc<str>) -> u32 {
        let dropped =
            if self.slots.len() < self.max_keys { None } else { self.lists.iter().find_map(|list| list.oldest) };
        let at = match dropped {
            None => {
                let slot =
                    Slot { key: key.clone(), circuit: Circuit::default(), life: 0, list: 0, older: None, newer: None };
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
            Some(at) => {
                self.unlink(at);
                if let Some(slot) = self.slot_mut(at) {
                    let old = core::mem::replace(&mut slot.key, key.clone());
                    (slot.circuit, slot.life) = (Circuit::default(), slot.life.wrapping_add(1));
                    self.known.remove(&old);
                }
                at
            }
        };
        self.known.insert(key, at);
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
mod tests {
    use super::*;
    use crate::policy::breaker::BreakerState;
    use crate::rng::Rng;
    use crate::time::span;

    fn breakers(max_keys: u32) -> Breakers {
        let config = Breaker { consecutive: Some(1), ..Breaker::default() };
        let Ok(breakers) = Breakers::new(config, max_keys) else { panic!("good numbers") };
        breakers
    }

    fn call(breakers: &mut Breakers, key: &str, outcome: Outcome) {
        if let Ok(permit) = breakers.admit(Some(key), Instant::ZERO, Instant::NEVER) {
            breakers.settle(Instant::ZERO, permit, outcome);
        }
    }

    fn state(breakers: &Breakers, key: &str) -> BreakerState {
        breakers.metrics(Some(key), Instant::ZERO).state
    }

    #[test]
    fn keys_know_nothing_of_each_other() {
        let mut breakers = breakers(10);
        call(&mut breakers, "a", Outcome::Failed);
        call(&mut breakers, "b", Outcome::Passed);
        assert_eq!(state(&breakers, "a"), BreakerState::Open);
        assert_eq!((state(&breakers, "b"), state(&breakers, "c")), (BreakerState::Closed, BreakerState::Closed));
        assert_eq!(breakers.metrics(None, Instant::ZERO).state, BreakerState::Closed);
        assert_eq!(breakers.len(), 2, "to look at one makes none");
    }

    #[test]
    fn closed_ones_go_first_then_open_ones_then_those_that_were_ordered() {
        let mut breakers = breakers(3);
        breakers.order(Some("ordered"), Order::ForceOpen);
        call(&mut breakers, "open", Outcome::Failed);
        call(&mut breakers, "closed", Outcome::Passed);
        call(&mut breakers, "new", Outcome::Failed);
        assert!(!breakers.known.contains_key("closed"));
        assert_eq!((state(&breakers, "open"), state(&breakers, "new")), (BreakerState::Open, BreakerState::Open));
        call(&mut breakers, "newer", Outcome::Failed);
        assert!(!breakers.known.contains_key("open"));
        assert_eq!(state(&breakers, "ordered"), BreakerState::ForcedOpen);
    }

    #[test]
    fn a_permit_of_a_key_that_was_dropped_is_not_heard() {
        let mut breakers = breakers(1);
        let Ok(old) = breakers.admit(Some("a"), Instant::ZERO, Instant::NEVER) else { panic!("closed") };
        let held = breakers.isolate(Some("a"));
        breakers.release(held);
        call(&mut breakers, "b", Outcome::Passed);
        assert_eq!(breakers.settle(Instant::ZERO, old, Outcome::Failed), None);
        assert_eq!(state(&breakers, "b"), BreakerState::Closed);
        breakers.isolate(Some("b"));
        breakers.release(held);
        assert_eq!(state(&breakers, "b"), BreakerState::Isolated, "the holder of a held another one");
    }

    #[test]
    fn a_clock_that_goes_back_stands_still() {
        let mut breakers = breakers(1);
        let late = Instant::from_millis(60_000);
        let Ok(permit) = breakers.admit(None, late, Instant::NEVER) else { panic!("closed") };
        breakers.settle(Instant::ZERO, permit, Outcome::Failed);
        assert_eq!(breakers.metrics(None, Instant::ZERO).retry_at, Some(late + span(5_000)));
    }

    #[test]
    fn the_number_of_keys_is_bounded() {
        let refused = Breakers::new(Breaker::default(), 0).map(|_| ()).unwrap_err();
        assert_eq!(alloc::format!("{refused}"), "max_keys: 0 is not allowed; use a whole number from 1 to 100000");
        assert!(Breakers::new(Breaker::default(), MOST_KEYS + 1).is_err());
    }

    /// The lists against the plainest thing that does the same: one list of keys, searched.
    #[test]
    fn as_a_list_that_is_searched() {
        let (mut breakers, mut rng) = (breakers(8), Rng::new(7, 0));
        let mut model: Vec<(u64, usize)> = Vec::new();
        for _ in 0..20_000 {
            let key = rng.within(0, 19);
            let name = alloc::format!("key {key}");
            let fails = rng.within(0, 3) == 0;
            let known = model.iter().position(|(other, _)| *other == key);
            let mut class = known.map_or(0, |at| model.remove(at).1);
            if known.is_none() && model.len() == 8 {
                let least = model.iter().map(|(_, class)| *class).min().unwrap_or(0);
                let at = model.iter().position(|(_, class)| *class == least).unwrap_or(0);
                model.remove(at);
            }
            match rng.within(0, 11) {
                0 => {
                    breakers.order(Some(&name), Order::ForceClosed);
                    class = 2;
                }
                1 => {
                    breakers.order(Some(&name), Order::Automatic);
                    class %= 2;
                }
                2 => {
                    breakers.reset(Some(&name));
                    if known.is_none() {
                        // Nothing was made, and nothing went.
                        call(&mut breakers, &name, Outcome::Passed);
                    }
                    class = if class == 2 { 2 } else { 0 };
                }
                _ => {
                    call(&mut breakers, &name, if fails { Outcome::Failed } else { Outcome::Passed });
                    class = if class == 0 && fails { 1 } else { class };
                }
            }
            model.push((key, class));
            let kept = |key: u64| breakers.known.contains_key(alloc::format!("key {key}").as_str());
            assert!(model.iter().all(|(key, _)| kept(*key)), "{model:?}");
            assert_eq!(breakers.len(), model.len());
        }
    }
}
