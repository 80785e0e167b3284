//! Whether a client gave up at a limit of the engine's own, which a host had handed it.

use core::time::Duration;

use crate::policy::failure::FailureKind;
use crate::time::span;

/// Clocks are not read at the same instant: so much less than a limit is the limit.
const SLACK: Duration = span(10);

/// Whether an error of this kind is a limit of ours, and so [`FailureKind::TimedOut`] in a client's words.
///
/// `ends_reading`: the limit was what would end the client's reading, and no shorter one of its own. `waited`: how long nothing
/// had come when it gave up. What a client met before our limit had passed is its own: a quicker limit for connecting, a refusal.
#[must_use]
pub fn is_limit_of_ours(kind: FailureKind, ends_reading: bool, waited: Duration, limit: Duration) -> bool {
    let has_passed = waited.saturating_add(SLACK) >= limit;
    match kind {
        FailureKind::ReadTimeout => ends_reading || has_passed,
        FailureKind::Connect => has_passed,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
