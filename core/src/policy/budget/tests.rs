//! What it does, by example.

use super::*;

#[test]
fn a_floor_and_a_fifth_of_the_first_attempts() {
    let config = RetryBudget::default();
    let mut counts = RetryCounts::default();
    let now = Instant::from_millis(1);
    (0..100).for_each(|_| counts.deposit(&config, now));
    let mut granted = 0;
    while counts.covers(&config, now) {
        counts.withdraw(&config, now);
        granted += 1;
    }
    assert_eq!(granted, 30);
    assert!(!counts.covers(&config, now + span(59_999)));
    assert!(counts.covers(&config, now + span(66_000)));
}
