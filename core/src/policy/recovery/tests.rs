//! What it does, by example.

use super::*;

#[test]
fn six_seconds_after_three_attempts_and_never_more_than_eight() {
    let waits = [0, 3, 10].map(|attempts| Recovery::default().settle_for(attempts).as_secs());
    assert_eq!(waits, [3, 6, 8]);
}
