//! The headers that say something about a failure, and what their limits come to.

use core::time::Duration;

use super::Facts;
use super::dates::rfc_3339;
use super::spans::{amount, duration, sensible, short, until};
use crate::names::named;

named! {
    /// How far the reader of headers believes what it sees.
    pub enum Headers {
        /// Decimals, spans with units, dates of RFC 3339 and the resets of limits too: what providers send.
        Lenient = "lenient",
        /// Only what the RFCs say about `Retry-After`, and whole milliseconds in `retry-after-ms`.
        Strict = "strict",
    }
}

/// The headers that are read, in lower case. A host hands over those of them that it finds.
pub const HEADERS: &[&str] = &[
    "retry-after-ms",
    "retry-after",
    "x-should-retry",
    "x-amzn-errortype",
    "content-type",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit-remaining",
    "ratelimit-reset",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
    "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-input-tokens-reset",
    "anthropic-ratelimit-output-tokens-remaining",
    "anthropic-ratelimit-output-tokens-reset",
];

/// Where the pairs of remaining and reset begin in [`HEADERS`].
const FIRST_LIMIT: usize = 5;

/// Numbers from here on are milliseconds since the Unix epoch, those from [`EPOCH_SECONDS`] on seconds, and smaller ones
/// seconds from now.
const EPOCH_MS: u64 = 100_000_000_000;
const EPOCH_SECONDS: u64 = 1_000_000_000;

/// The two halves of a condition on a header, `name: value`.
pub(crate) fn named_value(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once(':')?;
    Some((name, value.strip_prefix(' ')?))
}

/// A header's value, by its name in lower case.
pub(super) fn header<'a>(facts: &Facts<'a>, name: &str) -> Option<&'a str> {
    facts.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

/// `x-should-retry`: the provider's own word on whether asking again may help (OpenAI and Anthropic send it).
pub(super) fn should_retry(facts: &Facts<'_>) -> Option<bool> {
    match header(facts, "x-should-retry")?.trim_ascii() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The error's type in the answers of Amazon, without what it puts around it: `aws#ThrottlingException:http://..`.
pub(super) fn amazon_type<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    let value = header(facts, "x-amzn-errortype")?;
    let word = value.split(':').next().unwrap_or(value);
    Some(bare(word).trim_ascii())
}

/// A word without its home, which Amazon puts before it: `com.amazonaws.bedrock#ThrottlingException`.
pub(super) fn bare(word: &str) -> &str {
    let home = word.bytes().rposition(|byte| byte == b'#').map_or(0, |at| at + 1);
    word.get(home..).unwrap_or_default()
}

/// When the limit is lifted that was met: the last of those of which nothing remains. Where none says what remains, the first
/// that is lifted at all: it may be the one.
pub(super) fn reset_after(facts: &Facts<'_>) -> Option<Duration> {
    let mut spent: Option<Duration> = None;
    let mut soonest: Option<Duration> = None;
    let mut is_told = false;
    for pair in HEADERS.get(FIRST_LIMIT..).unwrap_or_default().chunks_exact(2) {
        let [remaining, reset] = pair else { continue };
        let remaining = header(facts, remaining).and_then(|left| amount(left.trim_ascii(), 1));
        is_told |= remaining.is_some();
        let Some(reset) = header(facts, reset).and_then(|reset| moment(reset, facts.wall_ms)) else { continue };
        if remaining == Some(0) {
            spent = spent.max(Some(reset));
        }
        soonest = Some(soonest.map_or(reset, |other| other.min(reset)));
    }
    if is_told { spent } else { soonest }
}

/// From now until a limit is lifted: a span with units, a date of RFC 3339, seconds since the Unix epoch or milliseconds, or
/// seconds from now.
fn moment(text: &str, wall_ms: Option<u64>) -> Option<Duration> {
    let text = short(text)?;
    let Some(ms) = amount(text, 1000) else {
        return duration(text).or_else(|| until(rfc_3339(text)?, wall_ms));
    };
    match ms / 1000 {
        EPOCH_MS.. => until(ms / 1000, wall_ms),
        EPOCH_SECONDS.. => until(ms, wall_ms),
        _ => sensible(ms),
    }
}

#[cfg(test)]
mod tests;
