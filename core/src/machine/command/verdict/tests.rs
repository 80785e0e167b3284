//! What it does, by example.

use super::*;

#[test]
fn a_permanent_error_is_raised_as_it_was() {
    let raised = |end, has_original| Verdict::new(end).raised(has_original).name();
    assert_eq!(raised(End::Permanent, true), "original");
    assert_eq!(raised(End::Cancelled, true), "original");
    assert_eq!(raised(End::Permanent, false), "exhausted");
    assert_eq!(raised(End::Exhausted, true), "exhausted");
    assert_eq!(raised(End::NoRoute, true), "breaker_open");
    assert_eq!(raised(End::Limit(Limit::Deadline), true), "deadline_exceeded");
    assert_eq!(raised(End::Limit(Limit::Steps), false), "step_limit_exceeded");
    assert_eq!(raised(End::Limit(Limit::Tokens), false), "exhausted");
}

#[test]
fn only_an_end_for_want_of_an_answer_is_a_time_out() {
    let late = |end| Verdict { failure: Some(Failure::new(FailureKind::TimedOut)), ..Verdict::new(end) }.timed_out();
    assert!(late(End::Exhausted) && late(End::Permanent));
    assert!(!late(End::Limit(Limit::Deadline)) && !late(End::NoRoute));
}
