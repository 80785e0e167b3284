//! What it does, by example.

use super::*;
use alloc::string::ToString;

#[test]
fn arithmetic_saturates() {
    assert_eq!(Instant::NEVER + span(1), Instant::NEVER);
    assert_eq!(Instant::ZERO - Instant::from_millis(5), Duration::ZERO);
    assert_eq!(Instant::from_millis(5) - span(9), Instant::ZERO);
}

#[test]
fn spans_read_well() {
    let shown = [0, 500, 1000, 41_250, 1_007].map(|ms| Seconds(span(ms)).to_string());
    assert_eq!(shown, ["0 s", "0.5 s", "1 s", "41.25 s", "1.007 s"]);
}
