//! Sessions over weeks and thousands of turns, with every invariant of their gates; a case that fails prints itself as a vector.

use failsoft_tests::run::run_every_way;
use failsoft_tests::sessions::{Case, Lived};
use failsoft_tests::vector::Vector;

/// `FAILSOFT_SESSIONS` for a long run, `FAILSOFT_SEED` for another one.
fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|number| number.parse().ok()).unwrap_or(usual)
}

fn lived(number: u64, turns: usize, seed: u64) -> Lived {
    Case { seed, number, turns }.run().unwrap_or_else(|wrong| panic!("{wrong}"))
}

#[test]
fn in_many_sessions_nobody_is_asked_who_should_not_be() {
    let seed = number("FAILSOFT_SEED", 5);
    println!("FAILSOFT_SEED={seed}");
    let all: Vec<Lived> = (0..number("FAILSOFT_SESSIONS", 60)).map(|session| lived(session, 400, seed)).collect();
    let sum = |of: fn(&Lived) -> u64| all.iter().map(of).sum::<u64>();
    // Nothing was shown by sessions in which nothing happened.
    let [calls, answered, probes, refusals] =
        [sum(|of| of.tally.calls), sum(|of| of.tally.answered), sum(|of| of.probes), sum(|of| of.refusals)];
    assert!(calls > 20_000 && answered * 2 > calls && answered < calls, "{answered} of {calls} answered");
    let (hedges, sharing) = (sum(|of| of.tally.hedges), sum(|of| of.tally.sharing));
    println!(
        "{calls} calls, {answered} answered, {probes} probes, {refusals} refusals, {hedges} hedges, {sharing} turns that share"
    );
    assert!(hedges > 300 && sharing > 300, "{hedges} hedges, {sharing} turns that share");
    assert!(probes > 2_000 && refusals > 1_000, "{probes} probes, {refusals} refusals");
    assert!(all.iter().any(|of| of.tally.at_once > 20) && all.iter().any(|of| of.tally.restarts > 0));
}

#[test]
fn a_session_is_written_down_as_a_vector_that_every_way_of_running_it_agrees_with() {
    for session in 0..30 {
        let vector = Case { seed: 7, number: session, turns: 50 }.vector().unwrap_or_else(|wrong| panic!("{wrong}"));
        let ran = Vector::read(&vector).and_then(|read| run_every_way(&read));
        assert!(ran.is_ok(), "{}\n{vector}", ran.unwrap_err());
    }
}

#[test]
fn a_session_of_weeks_is_as_small_as_one_of_hours() {
    for session in [1, 2] {
        let long = lived(session, 6_000, number("FAILSOFT_SEED", 5));
        println!("{long:?}");
        assert!(long.days >= 14, "{} days", long.days);
    }
}
