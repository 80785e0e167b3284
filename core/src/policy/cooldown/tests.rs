//! What it does, by example.

use super::*;
use crate::policy::Policy;

fn begin(
    cooldown: &mut Cooldown,
    now: Instant,
    admitted: Instant,
    retry_after: Option<Duration>,
    cool_base: Duration,
    cool_cap: Duration,
) {
    let rule = FailureRule { cool_base, cool_cap, ..Policy::default().failures.rule(FailureKind::RateLimited) };
    let failure = Failure { retry_after, ..Failure::new(FailureKind::RateLimited) };
    cooldown.begin(now, admitted, failure, rule);
}

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

#[test]
fn twenty_refusals_at_once_count_once() {
    let mut cooldown = Cooldown::default();
    for _ in 0..20 {
        begin(&mut cooldown, at(1), at(0), None, span(60_000), span(300_000));
    }
    assert_eq!(
        cooldown.would_admit(at(2)),
        Err(Cooling { until: at(61), stated: false, kind: FailureKind::RateLimited, probing: false })
    );
    begin(&mut cooldown, at(62), at(61), None, span(60_000), span(300_000));
    assert_eq!(cooldown.would_admit(at(62)).map_err(|cooling| cooling.until), Err(at(182)));
}

#[test]
fn the_end_admits_one_probe() {
    let mut cooldown = Cooldown::default();
    begin(&mut cooldown, at(0), at(0), Some(span(10_000)), span(60_000), span(300_000));
    assert_eq!(cooldown.would_admit(at(9)).map_err(|cooling| cooling.stated), Err(true));
    let generation = cooldown.admit(at(10), at(20));
    assert_eq!(
        cooldown.would_admit(at(11)),
        Err(Cooling { until: at(20), stated: false, kind: FailureKind::RateLimited, probing: true })
    );
    cooldown.forget(generation);
    assert!(cooldown.would_admit(at(11)).is_ok());
}

#[test]
fn only_the_probe_gives_its_permit_back() {
    let mut cooldown = Cooldown::default();
    begin(&mut cooldown, at(0), at(0), None, span(10_000), span(100_000));
    let forced = cooldown.admit(at(1), at(99));
    let probe = cooldown.admit(at(10), at(99));
    cooldown.give_back(forced);
    assert!(cooldown.would_admit(at(11)).is_err());
    cooldown.give_back(probe);
    assert!(cooldown.would_admit(at(11)).is_ok());
    cooldown.forget(forced);
    assert!(cooldown.is_clear());
}

#[test]
fn a_success_admitted_before_the_rest_forgets_nothing() {
    let mut cooldown = Cooldown::default();
    let generation = cooldown.admit(at(0), at(9));
    begin(&mut cooldown, at(1), at(0), None, span(60_000), span(300_000));
    cooldown.forget(generation);
    assert!(cooldown.would_admit(at(2)).is_err());
}
