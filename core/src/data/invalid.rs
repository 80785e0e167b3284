//! What is wrong with what a host has given.

use alloc::string::{String, ToString};
use core::fmt;

use crate::foreign;

/// What is wrong with a policy, a chain of routes, or an argument: the field, its value, and what is allowed.
///
/// All three are in the words of whoever gave the value: the names and units of its [`Spelling`](crate::value::Spelling).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The field's path, such as `retry.max_attempts`, `retry.maxAttempts` or `retry.base_ms`.
    pub field: String,
    /// The value as a message shows it, such as `0`, `-0.5 s` or `-500 ms`.
    pub value: String,
    /// What would be right, such as `a whole number from 1 to 1000`.
    pub allowed: String,
}

impl Invalid {
    /// A complaint in the words of the engine, for what a host itself finds wrong.
    pub fn new(field: impl Into<String>, value: impl fmt::Display, allowed: impl Into<String>) -> Self {
        Self::of(field.into(), &value, allowed.into())
    }

    /// Once, and not for each type that can be shown.
    fn of(field: String, value: &dyn fmt::Display, allowed: String) -> Self {
        Self { field, value: value.to_string(), allowed }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, value) = (foreign::text(&self.field), foreign::text(&self.value));
        write!(f, "{field}: {value} is not allowed; use {}", self.allowed)
    }
}

impl core::error::Error for Invalid {}
