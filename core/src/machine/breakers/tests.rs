//! Which keys are kept, and what is heard of those that are not.

use super::*;
use crate::policy::breaker::BreakerState;
use crate::rng::Rng;
use crate::time::span;
use alloc::string::ToString;

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
    assert!(breakers.slot_of("closed").is_none());
    assert_eq!((state(&breakers, "open"), state(&breakers, "new")), (BreakerState::Open, BreakerState::Open));
    call(&mut breakers, "newer", Outcome::Failed);
    assert!(breakers.slot_of("open").is_none());
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
    assert_eq!(refused.to_string(), "max_keys: 0 is not allowed; use a whole number from 1 to 100000");
    assert!(Breakers::new(Breaker::default(), MOST_KEYS + 1).is_err());
    let read = |value| Breakers::from_value(Breaker::default(), &value, Spelling::JavaScript);
    let line = "maxKeys: 1.5 is not allowed; use a whole number from 1 to 100000";
    assert_eq!(read(Value::Number(1.5)).map(|_| ()).unwrap_err().to_string(), line);
    assert_eq!(read(Value::Null).map(|breakers| breakers.max_keys), Ok(MOST_KEYS as usize));
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
        let kept = |key: u64| breakers.slot_of(&alloc::format!("key {key}")).is_some();
        assert!(model.iter().all(|(key, _)| kept(*key)), "{model:?}");
        assert_eq!(breakers.len(), model.len());
    }
}
