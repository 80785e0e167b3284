//! Dates of HTTP, and what is none.

use super::*;

const AT: u64 = 1_696_004_817_000;

#[test]
fn the_three_forms_of_http_are_one_instant() {
    for text in ["Fri, 29 Sep 2023 16:26:57 GMT", "Friday, 29-Sep-23 16:26:57 GMT", "Fri Sep 29 16:26:57 2023"] {
        assert_eq!(http_date(text), Some(AT), "{text}");
    }
    assert_eq!(http_date("Thu Jan  1 00:00:00 1970"), Some(0));
    assert_eq!(http_date("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800_000));
    assert_eq!(http_date("Fri, 31 Dec 9999 23:59:59 GMT"), Some(253_402_300_799_000));
    assert_eq!(http_date("Sunday, 06-Nov-94 08:49:37 GMT"), Some(784_111_777_000));
}

#[test]
fn what_is_no_date_of_http_is_not_read() {
    let wrong = [
        "Mon, 29 Sep 2023 16:26:57 GMT",
        "Fri, 29 Sep 2023 16:26:57 UTC",
        "Fri, 29 Sep 2023 16:26:57",
        "Fri, 29 Sep 2023 24:00:00 GMT",
        "Fri, 29 Sep 2023 16:26 GMT",
        "Wed, 30 Feb 2023 00:00:00 GMT",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "Fri, 29 Sep 2023 16:26:57 GMT x",
        "29 Sep 2023 16:26:57 GMT",
        "Friday, 29-Sep-2023 16:26:57 GMT",
        "--",
        "",
    ];
    assert_eq!(wrong.map(http_date), [None; 12]);
}

#[test]
fn dates_of_rfc_3339_with_fractions_and_offsets() {
    let right =
        ["2023-09-29T16:26:57Z", "2023-09-29t16:26:57.000z", "2023-09-29 18:26:57+02:00", "2023-09-29T08:56:57-07:30"];
    assert_eq!(right.map(rfc_3339), [Some(AT); 4]);
    assert_eq!(rfc_3339("2023-09-29T16:26:57.0001Z"), Some(AT + 1));
    let wrong = [
        "2023-09-29T16:26:57",
        "2023-09-29",
        "2023-13-01T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "1970-01-01T00:00:00+00:01",
        "2023-09-29T16:26:57+24:00",
        "2023-09-29T16:26:57Zx",
        "2023-09-29T16:26:57.Z",
        "éééééééééééé",
    ];
    assert_eq!(wrong.map(rfc_3339), [None; 10]);
}
