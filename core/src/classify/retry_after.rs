//! `Retry-After`: how long the provider says to wait, read from whatever it wrote there.

use core::time::Duration;

use super::Facts;
use crate::time::{millis, span};

/// A wait beyond this, 30 days, is taken for nonsense and not for an instruction.
///
/// The number is ours; openai-python refuses beyond 120 s. Which of the waits below it is worth keeping is for
/// `patience` to say, not for the reader of a header.
const LONGEST: Duration = span(30 * 24 * 60 * 60 * 1000);

/// A header value longer than this is not read. The longest right one, an RFC 850 date, has 33 bytes.
const LONGEST_TEXT: usize = 64;

/// How long the provider said to wait before asking again, in whole milliseconds, above zero and up to 30 days.
///
/// Read in this order, and what is not positive or not readable falls through to the next:
/// 1. `retry-after-ms`, milliseconds, whole or decimal (OpenAI, Azure OpenAI);
/// 2. `retry-after` in seconds, whole ([RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#field.retry-after)) or
///    decimal (what providers send besides);
/// 3. `retry-after` as one of the three HTTP-date forms ([RFC 9110, 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#http.date)),
///    against [`Facts::wall_ms`]. Without that, or without the feature `http-date`, a date is not readable.
///
/// A fraction of a millisecond counts as a whole one: a stated wait is never shortened, and none becomes zero. Signs,
/// exponents, `inf` and `nan` are not readable.
#[must_use]
pub fn retry_after(facts: &Facts<'_>) -> Option<Duration> {
    let in_ms = || amount(facts.retry_after_ms?, 0);
    let in_seconds = || amount(facts.retry_after?, 3);
    let until_date = || date(facts.retry_after?, facts.wall_ms?);
    in_ms().or_else(in_seconds).or_else(until_date)
}

/// A decimal number times ten to the power of `shift`, in whole milliseconds, rounded up.
fn amount(text: &str, shift: usize) -> Option<Duration> {
    let (whole, fraction) = short(text)?.split_once('.').unwrap_or((short(text)?, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let (kept, dropped) = fraction.split_at_checked(shift).unwrap_or((fraction, ""));
    let zeros = core::iter::repeat_n(b'0', shift - kept.len());
    let mut ms: u64 = 0;
    for digit in whole.bytes().chain(kept.bytes()).chain(zeros) {
        ms = ms.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    let more = dropped.bytes().any(|digit| digit != b'0');
    sensible(ms.checked_add(u64::from(more))?)
}

#[cfg(feature = "http-date")]
fn date(text: &str, wall_ms: u64) -> Option<Duration> {
    let at = httpdate::parse_http_date(short(text)?).ok()?;
    let at = at.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
    sensible(millis(at).checked_sub(wall_ms)?)
}

#[cfg(not(feature = "http-date"))]
fn date(_: &str, _: u64) -> Option<Duration> {
    None
}

fn short(text: &str) -> Option<&str> {
    (text.len() <= LONGEST_TEXT).then_some(text.trim_ascii())
}

fn sensible(ms: u64) -> Option<Duration> {
    (1..=millis(LONGEST)).contains(&ms).then_some(span(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<u64> {
        retry_after(&Facts { retry_after: Some(text), ..Facts::default() }).map(millis)
    }

    #[test]
    fn seconds_whole_and_decimal_round_up() {
        let read = ["20", " 1.5\t", "0.0001", "1.0004", "007", "0.250000"].map(seconds);
        assert_eq!(read, [20_000, 1500, 1, 1001, 7000, 250].map(Some));
    }

    #[test]
    fn nonsense_is_not_read() {
        let long = "0".repeat(65);
        for text in ["", ".", "1.", ".5", "+1", "-1", "1e3", "1,5", "inf", "nan", "1.5.5", "１", "0", "0.000", &long] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn thirty_days_are_the_most() {
        assert_eq!(seconds("2592000"), Some(2_592_000_000));
        assert_eq!(seconds("2592000.0001"), None);
        assert_eq!(seconds("18446744073709551616"), None);
    }

    #[test]
    fn milliseconds_come_first_and_fall_through() {
        let both = |ms| retry_after(&Facts { retry_after_ms: Some(ms), retry_after: Some("7"), ..Facts::default() });
        assert_eq!(
            ["250", "0.5", "0", "-1", "soon"].map(both).map(|read| read.map(millis)),
            [Some(250), Some(1), Some(7000), Some(7000), Some(7000)]
        );
    }

    #[cfg(feature = "http-date")]
    #[test]
    fn all_three_date_forms() {
        let at = |text, wall_ms| retry_after(&Facts { retry_after: Some(text), wall_ms, ..Facts::default() });
        for text in ["Fri, 29 Sep 2023 16:26:57 GMT", "Friday, 29-Sep-23 16:26:57 GMT", "Fri Sep 29 16:26:57 2023"] {
            assert_eq!(at(text, Some(1_696_004_797_000)), Some(span(20_000)), "{text}");
            assert_eq!(at(text, Some(1_696_004_816_999)), Some(span(1)));
            assert_eq!(at(text, Some(1_696_004_817_000)), None);
            assert_eq!(at(text, Some(u64::MAX)), None);
            assert_eq!(at(text, Some(0)), None);
            assert_eq!(at(text, None), None);
        }
    }
}
