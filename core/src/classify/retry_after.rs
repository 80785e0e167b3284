//! `Retry-After`: how long the provider says to wait, read from whatever it wrote there.

use core::time::Duration;

use super::Facts;
use super::dates::{http_date, rfc_3339};
use super::headers::{Headers, header};
use super::spans::{amount, duration, sensible, short, until, whole};

/// How long the provider said to wait before asking again, in whole milliseconds, above zero and up to 30 days.
///
/// Read in this order, and what is not positive or not readable falls through to the next:
/// 1. `retry-after-ms`, milliseconds, whole or decimal (OpenAI, Azure OpenAI);
/// 2. `retry-after` in seconds, whole ([RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#field.retry-after)) or
///    decimal (what providers send besides);
/// 3. `retry-after` as one of the three HTTP-date forms ([RFC 9110, 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#http.date)),
///    against [`Facts::wall_ms`]; without that, a date is not readable;
/// 4. `retry-after` as a span with units (`20s`, `1m12s`), or as a date of RFC 3339.
///
/// [`Headers::Strict`] reads of these whole numbers and HTTP dates. A fraction of a millisecond counts as a whole one: a stated
/// wait is never shortened, and none becomes zero. Signs, exponents, `inf` and `nan` are not readable.
#[must_use]
pub fn retry_after(facts: &Facts<'_>, headers: Headers) -> Option<Duration> {
    let number = |text, unit| {
        let number = if headers == Headers::Strict { whole(text)?.checked_mul(unit)? } else { amount(text, unit)? };
        sensible(number)
    };
    let in_ms = || number(short(header(facts, "retry-after-ms")?)?, 1);
    let text = header(facts, "retry-after").and_then(short);
    let in_seconds = || number(text?, 1000);
    let until_date = || until(http_date(text?)?, facts.wall_ms);
    let besides = || {
        let text = text.filter(|_| headers == Headers::Lenient)?;
        duration(text).or_else(|| until(rfc_3339(text)?, facts.wall_ms))
    };
    in_ms().or_else(in_seconds).or_else(until_date).or_else(besides)
}

#[cfg(test)]
mod tests;
