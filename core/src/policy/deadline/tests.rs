//! What it does, by example.

use super::*;

#[test]
fn sixty_seconds_over_three_hung_routes_are_three_times_twenty() {
    let deadline = Some(Instant::from_millis(60_000));
    let mut now = Instant::ZERO;
    for to_come in [2, 1, 0] {
        let until = share(now, span(600_000), deadline, to_come).until();
        assert_eq!(until - now, span(20_000));
        now = until;
    }
}

#[test]
fn an_attempt_never_gets_more_than_its_own_limit() {
    let allowance = share(Instant::ZERO, span(5_000), Some(Instant::from_millis(60_000)), 2);
    assert_eq!((allowance.until().as_millis(), allowance.is_full()), (5_000, true));
}
