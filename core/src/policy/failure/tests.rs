//! What it does, by example.

use super::*;

#[test]
fn a_callers_judgement_keeps_what_the_provider_said() {
    let known = Failure::new(FailureKind::Auth).status(401).retry_after(span(2000));
    let wanted = known.judged(true);
    assert_eq!(
        (wanted.kind, wanted.status, wanted.retry_after),
        (FailureKind::ServerError, Some(401), Some(span(2000)))
    );
    assert_eq!(wanted.hint(), Some(span(2000)));
    let reset = Failure { reset_after: Some(span(9000)), ..Failure::new(FailureKind::RateLimited) };
    assert_eq!(
        (reset.hint(), Failure { retry_after: Some(span(1)), ..reset }.hint()),
        (Some(span(9000)), Some(span(1)))
    );
    let unwanted = Failure { should_retry: Some(true), ..known }.judged(false);
    assert_eq!((unwanted.kind, unwanted.should_retry), (FailureKind::InvalidRequest, None));
}
