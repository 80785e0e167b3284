//! The policies behind the plain functions, which take a few numbers or none.

use super::{FailureTable, Invalid, Policy};
use crate::data::LONGEST;
use crate::value::{Spelling, Value};
use crate::visit::{Limits, Visitor};

/// The fields of `retry` that make sense for one function without routes.
const BACKOFF: &[&str] = &["max_attempts", "base", "factor", "cap", "jitter"];

impl Policy {
    /// The policy behind `retry`: `max_attempts`, `base`, `factor`, `cap` and `jitter` of the policy's part of that name.
    ///
    /// An attempt has no limit of its own: whoever wants one puts a deadline around the function. With one place to ask, a
    /// provider's hint that is longer than the patience ends it.
    ///
    /// # Errors
    /// The first field that is unknown, of the wrong type or out of range: with its value and what is allowed.
    pub fn for_retry(fields: &Value, spelling: Spelling) -> Result<Self, Invalid> {
        let mut policy = Self::default();
        Visitor::read(fields, spelling, "retry", BACKOFF, Limits::Any, &mut policy.retry)?;
        policy.check_together(spelling)?;
        policy.attempt.timeout = LONGEST;
        Ok(policy)
    }

    /// The policy behind `fallback`: each option once, in order, whatever the error.
    #[must_use]
    pub fn for_fallback() -> Self {
        let mut policy = Self { failures: FailureTable::moving_on(), ..Self::default() };
        policy.retry.max_attempts = 1;
        policy.breaker.enabled = false;
        policy
    }
}

#[cfg(test)]
mod tests;
