//! What it does, by example.

use super::super::{Facts, explain};
use alloc::string::ToString;

#[test]
fn a_person_reads_what_why_and_what_follows() {
    let headers = [("retry-after", "20")];
    let body = r#"{"error": {"code": "insufficient_quota", "message": "..."}}"#;
    let facts = Facts { status: Some(429), headers: &headers, body: Some(body), ..Facts::default() };
    assert_eq!(
        explain(&facts).to_string(),
        "quota_exhausted (429), may be asked again after 20 s\n\
         rule quota: code `insufficient_quota`\n\
         next: the next route; not counted; cooldown of the credential for the stated 20 s"
    );
    let lost = Facts { classes: &["ConnectionRefusedError"], ..Facts::default() };
    assert_eq!(
        explain(&lost).to_string(),
        "connect, in phase connect, nothing was sent\n\
         rule refused: class `ConnectionRefusedError`\n\
         next: the same route again up to 2 times; a wait is at most 5 s (60 s on the last route), beyond that the route \
         is left; the primary's client made again, once a turn; the next route; counts as a failure of the endpoint; no cooldown"
    );
    assert_eq!(explain(&Facts::default()).why, "no rule knows it");
}
