//! What it does, by example.

use super::*;

#[test]
fn a_long_sleep_is_cut_into_hours() {
    let hours = |hours: u64| span(hours * 3_600_000);
    assert_eq!(slices(hours(2) + span(5)).collect::<Vec<_>>(), [hours(1), hours(1), span(5)]);
    assert_eq!(slices(Duration::ZERO).count(), 0);
}

#[test]
fn time_jumps_to_the_next_sleeper() {
    let time = VirtualTime::new();
    let ended = time.run(async {
        time.nap(span(2_000)).await;
        drop(time.nap(span(90_000)));
        time.nap(span(500)).await;
        time.now()
    });
    assert_eq!(ended, Some(Instant::from_millis(2_500)));
}

#[test]
fn what_would_hang_is_found_out() {
    assert_eq!(VirtualTime::new().run(core::future::pending::<()>()), None);
}
