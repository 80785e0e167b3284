//! What it does, by example.

use super::*;

#[test]
fn a_limit_is_ours_if_it_had_passed_or_was_the_one_that_ends_reading() {
    let ours = |kind, ends, waited| is_limit_of_ours(kind, ends, span(waited), span(1000));
    assert!(ours(FailureKind::ReadTimeout, true, 0) && ours(FailureKind::ReadTimeout, false, 990));
    assert!(ours(FailureKind::Connect, false, 990) && ours(FailureKind::Connect, true, u64::MAX));
    assert!(!ours(FailureKind::ReadTimeout, false, 989) && !ours(FailureKind::Connect, true, 989));
    assert!(!ours(FailureKind::ServerError, true, 5000));
}
