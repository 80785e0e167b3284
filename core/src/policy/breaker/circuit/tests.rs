//! One breaker, state by state.

use super::*;
use crate::time::span;

const NOW: Instant = Instant::ZERO;

fn opened(config: &Breaker) -> Circuit {
    let mut circuit = Circuit::default();
    let permit = circuit.admit(config, NOW, Instant::NEVER).unwrap_or_default();
    circuit.settle(config, NOW, permit, Outcome::Failed);
    circuit
}

#[test]
fn one_probe_and_no_more() {
    let config = Breaker { consecutive: Some(1), ..Breaker::default() };
    let mut circuit = opened(&config);
    assert_eq!(circuit.admit(&config, NOW, Instant::NEVER), Err(Instant::from_millis(5_000)));
    let later = Instant::from_millis(5_000);
    let admitted = (0..20).filter(|_| circuit.admit(&config, later, later + span(1_000)).is_ok()).count();
    assert_eq!(admitted, 1);
}

#[test]
fn a_probe_that_never_reports_lapses() {
    let config = Breaker { consecutive: Some(1), ..Breaker::default() };
    let mut circuit = opened(&config);
    let later = Instant::from_millis(5_000);
    assert!(circuit.admit(&config, later, later + span(1_000)).is_ok());
    assert!(circuit.admit(&config, later + span(999), Instant::NEVER).is_err());
    assert!(circuit.admit(&config, later + span(1_000), Instant::NEVER).is_ok());
}

#[test]
fn a_lease_given_back_does_not_hold_the_next_one() {
    let config = Breaker { consecutive: Some(1), ..Breaker::default() };
    let mut circuit = opened(&config);
    let later = Instant::from_millis(5_000);
    let first = circuit.admit(&config, later, Instant::NEVER).unwrap_or_default();
    circuit.settle(&config, later, first, Outcome::Neutral);
    assert!(circuit.admit(&config, later, later + span(1_000)).is_ok());
    assert!(circuit.admit(&config, later + span(1_000), Instant::NEVER).is_ok());
}

#[test]
fn an_old_outcome_changes_nothing() {
    let config = Breaker { consecutive: Some(1), ..Breaker::default() };
    let mut circuit = opened(&config);
    let before = circuit;
    assert_eq!(circuit.settle(&config, NOW, Permit::default(), Outcome::Passed), None);
    assert_eq!(circuit, before);
}

#[test]
fn open_times_double_up_to_the_longest() {
    let config = Breaker::default();
    let spans = [1, 2, 3, 4, 40, 400].map(|opened| config.open_for(opened).as_secs());
    assert_eq!(spans, [5, 10, 20, 30, 30, 30]);
}

#[test]
fn a_policy_that_never_refuses_closes_what_another_one_opened() {
    let mut circuit = opened(&Breaker { consecutive: Some(1), ..Breaker::default() });
    let config = Breaker { metrics_only: true, ..Breaker::default() };
    let permit = circuit.admit(&config, NOW, Instant::NEVER).unwrap_or_default();
    circuit.settle(&config, NOW, permit, Outcome::Failed);
    assert_eq!(circuit.metrics(&config, NOW).failed, 1);
    assert_eq!(circuit.state(&Breaker::default(), NOW), BreakerState::Closed);
}

#[test]
fn a_breaker_is_no_larger_than_it_needs_to_be() {
    assert!(size_of::<Circuit>() <= 256);
}
