//! What it does, by example.

use super::*;

#[test]
fn the_last_calls_are_counted_however_many_there_were() {
    for holds in [1, 2, 63, 64, 65, 256] {
        let config = Breaker { count_window: Some(holds), ..Breaker::default() };
        let mut counts = Counts::default();
        let fails = |call: u32| call.is_multiple_of(3);
        for call in 0..1000 {
            counts.add(&config, Instant::ZERO, fails(call), call.is_multiple_of(7));
            let held = call.saturating_sub(holds - 1)..=call;
            let failed = held.clone().filter(|call| fails(*call)).count();
            let slow = held.clone().filter(|call| call.is_multiple_of(7)).count();
            let sums = counts.sums(&config, Instant::ZERO);
            assert_eq!(
                (sums.calls as usize, sums.failed as usize, sums.slow as usize),
                (held.count(), failed, slow),
                "call {call} of {holds}"
            );
        }
    }
}

#[test]
fn a_part_is_rounded_down_and_a_threshold_is_exact() {
    let config = Breaker { min_calls: 3, ..Breaker::default() };
    let sums = Sums { calls: 3, failed: 1, slow: 2 };
    assert_eq!(sums.part(&config, sums.failed), Some(Thousandths(333)));
    assert!(sums.reaches(&config, sums.failed, Thousandths(333)));
    assert!(!sums.reaches(&config, sums.failed, Thousandths(334)));
    assert_eq!(Sums { calls: 2, ..sums }.part(&config, 1), None);
}
