//! What it does, by example.

use super::*;

#[test]
fn a_floor_and_a_fifth_of_the_first_attempts() {
    let config = RetryBudget::default();
    let mut purse = Purse::default();
    let now = Instant::from_millis(1);
    (0..100).for_each(|_| purse.deposit(&config, now));
    let mut granted = 0;
    while purse.covers(&config, now) {
        purse.withdraw(&config, now);
        granted += 1;
    }
    assert_eq!(granted, 30);
    assert!(!purse.covers(&config, now + span(59_999)));
    assert!(purse.covers(&config, now + span(66_000)));
}
