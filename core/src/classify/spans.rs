//! Spans and dates as providers write them. What is negative, too long or unreadable is not there at all.

use core::time::Duration;

use crate::time::span;

/// A wait beyond this, 30 days, is taken for nonsense and not for an instruction.
///
/// The number is ours; openai-python refuses beyond 120 s. Which of the waits below it is worth keeping is for
/// `patience` to say, not for the reader of a header.
const LONGEST_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// A value longer than this is not read. The longest right one, an RFC 850 date, has 33 bytes.
const LONGEST_TEXT: usize = 64;

/// A value without the blanks around it.
pub(super) fn short(text: &str) -> Option<&str> {
    (text.len() <= LONGEST_TEXT).then_some(text.trim_ascii())
}

/// Milliseconds that may be an instruction.
pub(super) fn sensible(ms: u64) -> Option<Duration> {
    (1..=LONGEST_MS).contains(&ms).then_some(span(ms))
}

/// Whole digits and nothing else.
pub(super) fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// A decimal number times `unit`, which is a power of ten up to 1000 or a number of those, rounded up.
pub(super) fn amount(text: &str, unit: u64) -> Option<u64> {
    let (before, after) = text.split_once('.').unwrap_or((text, "0"));
    let (kept, dropped) = after.split_at_checked(9).unwrap_or((after, ""));
    let more = dropped.bytes().any(|digit| digit != b'0');
    let billionths = whole(kept)?.checked_mul(10_u64.checked_pow(9 - u32::try_from(kept.len()).ok()?)?)?;
    if !dropped.is_empty() && !dropped.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let part = billionths.checked_add(more.into())?.checked_mul(unit)?.div_ceil(1_000_000_000);
    whole(before)?.checked_mul(unit)?.checked_add(part)
}

/// A span with units: `1m12s`, `7.66s`, `250ms`, `6h0m0s`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = short(text)?;
    let mut ms: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let unit = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit)?;
        let unit = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        ms = ms.checked_add(amount(number, unit)?)?;
        rest = tail;
    }
    sensible(ms)
}

/// From now until then, both in milliseconds since the Unix epoch.
pub(super) fn until(then: u64, wall_ms: Option<u64>) -> Option<Duration> {
    sensible(then.checked_sub(wall_ms?)?)
}
