//! What it does, by example.

use super::*;

#[test]
fn a_star_stands_for_anything_at_either_end() {
    let like = |pattern| is_like("RequestsPerDay", pattern);
    assert!(["requestsperday", "*perday", "Requests*", "*PER*", "*", "**", "*RequestsPerDay*"].into_iter().all(like));
    assert!(!["", "PerDay", "*Per", "Per*", "*Perx*", "xRequestsPerDay", "*xRequestsPerDay"].into_iter().any(like));
    assert!(is_like("", "") && is_like("", "*") && !is_like("", "x"));
}

#[test]
fn a_status_is_told_by_number_or_by_the_hundred() {
    assert!(is_status("429", 429) && is_status("4xx", 429) && is_status("5xx", 599));
    assert!(!is_status("429", 428) && !is_status("4xx", 500) && !is_status("xx", 0) && !is_status("", 0));
}
