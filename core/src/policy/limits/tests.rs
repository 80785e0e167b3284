//! What it does, by example.

use super::*;

#[test]
fn exactly_so_many_steps() {
    assert_eq!([0, 1, 2, 3].map(|taken| next_step(taken, 3)), [Some(1), Some(2), Some(3), None]);
}
