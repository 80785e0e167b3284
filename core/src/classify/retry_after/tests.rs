//! How long a provider says to wait, in every form that it comes in.

use super::*;
use crate::time::{millis, span};

fn read(headers: &[(&str, &str)], wall_ms: Option<u64>, how: Headers) -> Option<u64> {
    retry_after(&Facts { headers, wall_ms, ..Facts::default() }, how).map(millis)
}

fn seconds(text: &str) -> Option<u64> {
    read(&[("retry-after", text)], None, Headers::Lenient)
}

#[test]
fn seconds_whole_and_decimal_round_up() {
    let read = ["20", " 1.5\t", "0.0001", "1.0004", "007", "0.250000"].map(seconds);
    assert_eq!(read, [20_000, 1500, 1, 1001, 7000, 250].map(Some));
}

#[test]
fn nonsense_is_not_read() {
    let long = "0".repeat(65);
    let texts =
        ["", ".", "1.", ".5", "+1", "-1", "1e3", "1,5", "inf", "nan", "1.5.5", "１", "0", "0.000", "5 s", "s", &long];
    for text in texts {
        assert_eq!(seconds(text), None, "{text}");
    }
}

#[test]
fn thirty_days_are_the_most() {
    assert_eq!(seconds("2592000"), Some(2_592_000_000));
    assert_eq!((seconds("30d"), seconds("30d1ms")), (Some(2_592_000_000), None));
    assert_eq!(seconds("2592000.0001"), None);
    assert_eq!(seconds("18446744073709551616"), None);
    assert_eq!(seconds("18446744073709551615d"), None);
}

#[test]
fn milliseconds_come_first_and_fall_through() {
    let both = |ms| read(&[("retry-after", "7"), ("retry-after-ms", ms)], None, Headers::Lenient);
    assert_eq!(["250", "0.5", "0", "-1", "soon"].map(both), [Some(250), Some(1), Some(7000), Some(7000), Some(7000)]);
}

#[test]
fn all_three_date_forms() {
    let at = |text, wall| read(&[("retry-after", text)], wall, Headers::Strict).map(span);
    for text in ["Fri, 29 Sep 2023 16:26:57 GMT", "Friday, 29-Sep-23 16:26:57 GMT", "Fri Sep 29 16:26:57 2023"] {
        assert_eq!(at(text, Some(1_696_004_797_000)), Some(span(20_000)), "{text}");
        assert_eq!(at(text, Some(1_696_004_816_999)), Some(span(1)));
        assert_eq!(at(text, Some(1_696_004_817_000)), None);
        assert_eq!(at(text, Some(u64::MAX)), None);
        assert_eq!(at(text, Some(0)), None);
        assert_eq!(at(text, None), None);
    }
}

#[test]
fn what_no_rfc_has_is_read_unless_the_policy_is_strict() {
    let wall = Some(1_696_004_797_000);
    let cases =
        [("20s", 20_000), ("1m12s", 72_000), ("7.66s", 7660), ("6h0m0s", 21_600_000), ("2023-09-29T16:26:57Z", 20_000)];
    for (text, ms) in cases {
        assert_eq!(read(&[("retry-after", text)], wall, Headers::Lenient), Some(ms), "{text}");
        assert_eq!(read(&[("retry-after", text)], wall, Headers::Strict), None, "{text}");
    }
    for (name, text) in [("retry-after", "1.5"), ("retry-after-ms", "250.5")] {
        assert_eq!(read(&[(name, text)], wall, Headers::Strict), None);
    }
    assert_eq!(read(&[("retry-after-ms", "250")], None, Headers::Strict), Some(250));
    assert_eq!(read(&[("retry-after", "20")], None, Headers::Strict), Some(20_000));
}
