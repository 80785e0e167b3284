//! What it does, by example.

use super::*;

#[test]
fn every_latency_lies_in_its_bucket_and_no_more_than_an_eighth_below_its_end() {
    for millis in (0..2_000).chain((2_000..1_000_000).step_by(997)) {
        let end = upper_end(bucket(millis));
        assert!(millis < end && end - millis <= 1 + millis / 8, "{millis} in a bucket up to {end}");
        assert!(bucket(millis + 1) >= bucket(millis));
    }
    assert_eq!(bucket((1 << 20) - 1), BUCKETS - 1);
}

#[test]
fn the_quantile_is_where_so_many_have_answered() {
    let mut latency = Latency::default();
    (1..=100).for_each(|tenth| latency.add(span(tenth * 10)));
    assert_eq!(latency.quantile(Thousandths(500)), span(512));
    assert_eq!(latency.quantile(Thousandths(950)), span(960));
    assert_eq!(latency.quantile(Thousandths(999)), span(1_024));
}

#[test]
fn what_was_is_forgotten_slowly() {
    let mut latency = Latency::default();
    (0..1_024).for_each(|_| latency.add(span(100)));
    let mut until_forgotten = 0;
    while latency.quantile(Thousandths(500)) < span(1_000) {
        latency.add(span(1_000));
        until_forgotten += 1;
        assert!(latency.answers() <= REMEMBERED && until_forgotten < 2_000);
    }
    assert_eq!(until_forgotten, 513);
}

#[test]
fn a_snapshot_holds_all_of_it() {
    let mut latency = Latency::default();
    [0, 7, 8, 90_000, u64::MAX].into_iter().for_each(|took| latency.add(span(took)));
    assert_eq!(Latency::of(&latency.counts()), latency);
    assert!(Latency::default().counts().is_empty());
}
