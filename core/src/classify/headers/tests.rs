//! What it does, by example.

use super::*;
use crate::time::millis;

const WALL: u64 = 1_696_004_797_000;

fn reset(headers: &[(&str, &str)]) -> Option<u64> {
    reset_after(&Facts { headers, wall_ms: Some(WALL), ..Facts::default() }).map(millis)
}

#[test]
fn limits_come_in_pairs() {
    let (_, limits) = HEADERS.split_at(FIRST_LIMIT);
    for pair in limits.chunks(2) {
        assert!(matches!(pair, [left, reset] if left.replace("remaining", "reset") == *reset), "{pair:?}");
    }
    assert!(HEADERS.iter().all(|name| name.to_ascii_lowercase() == *name));
}

#[test]
fn a_reset_has_many_forms() {
    let one = |text| reset(&[("x-ratelimit-reset", text)]);
    let forms =
        ["1m12s", "7.66s", "250ms", "6h0m0s", "20", "0.5", "1696004817", "1696004817000", "2023-09-29T16:26:57Z"];
    let read = [72_000, 7660, 250, 21_600_000, 20_000, 500, 20_000, 20_000, 20_000];
    assert_eq!(forms.map(one), read.map(Some));
    let wrong = ["", "-1", "0", "soon", "1696004797", "3000000", "99999999999", "1e9", "18446744073709551615", "1m-5s"];
    assert_eq!(wrong.map(one), [None; 10]);
    let headers = [("x-ratelimit-reset", "1696004817")];
    assert_eq!(reset_after(&Facts { headers: &headers, ..Facts::default() }), None);
}

#[test]
fn the_last_spent_limit_counts_else_the_first_to_be_lifted() {
    let (requests, tokens) = (("x-ratelimit-reset-requests", "9s"), ("x-ratelimit-reset-tokens", "5s"));
    let left =
        |requests, tokens| [("x-ratelimit-remaining-requests", requests), ("x-ratelimit-remaining-tokens", tokens)];
    let with = |more: &[(&str, &str)]| reset(&[&[requests, tokens], more].concat());
    assert_eq!(with(&[]), Some(5000));
    assert_eq!(with(&left("0", "0")), Some(9000));
    assert_eq!(with(&left("3", "0")), Some(5000));
    assert_eq!(with(&left("3", "7")), None);
    assert_eq!(with(&[("x-ratelimit-remaining-requests", "3")]), None);
}

#[test]
fn amazon_wraps_its_word() {
    for value in ["ThrottlingException:http://x/y", "com.amazonaws#ThrottlingException", " ThrottlingException"] {
        let headers = [("x-amzn-errortype", value)];
        let facts = Facts { headers: &headers, ..Facts::default() };
        assert_eq!(amazon_type(&facts), Some("ThrottlingException"), "{value}");
    }
    assert_eq!(amazon_type(&Facts::default()), None);
}
