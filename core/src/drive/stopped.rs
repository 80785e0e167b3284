//! How a call ended that brought no value.

use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;

use crate::command::{End, Verdict};
use crate::time::Instant;

/// A call that brought no value: how it ended, why in one line with numbers, and the last error if there was one.
///
/// Shown, it is the line: "gave up after 3 attempts in 1.5 s: primary overloaded x3". Its source is the last error.
#[derive(Debug)]
pub struct Stopped<E> {
    /// Boxed, so that a result that holds a value stays small.
    end: Box<(Verdict, String)>,
    last: Option<E>,
}

impl<E> Stopped<E> {
    pub(super) fn new(verdict: Verdict, why: String, last: Option<E>) -> Self {
        Self { end: Box::new((verdict, why)), last }
    }

    /// How: [`End::Permanent`], [`End::Exhausted`], [`End::NoRoute`], [`End::Limit`] (the deadline is one) or
    /// [`End::Cancelled`].
    pub fn end(&self) -> End {
        self.end.0.end
    }

    /// How, with the failure behind it.
    pub fn verdict(&self) -> Verdict {
        self.end.0
    }

    /// When asking again may help, if that is known: when the first breaker lets a probe through, or the time that a provider
    /// stated.
    pub fn retry_at(&self) -> Option<Instant> {
        self.end.0.retry_at
    }

    /// The error of the last attempt. `None` when nothing was asked, or when the last attempt was given up on at its limit.
    pub fn last(&self) -> Option<&E> {
        self.last.as_ref()
    }

    /// The original error, unchanged, of a failure that asking again cannot help.
    ///
    /// # Errors
    /// Itself, for every other end.
    pub fn into_original(self) -> Result<E, Self> {
        match (self.end.0.end, self.last) {
            (End::Permanent, Some(error)) => Ok(error),
            (_, last) => Err(Self { last, ..self }),
        }
    }

    /// The one line and the last error, for errors of your own: `anyhow::Error::context`, `eyre::Report::wrap_err`.
    pub fn into_parts(self) -> (String, Option<E>) {
        (self.end.1, self.last)
    }
}

impl<E> fmt::Display for Stopped<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.end.1)
    }
}

impl<E: Error + 'static> Error for Stopped<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.last.as_ref().map(|error| error as _)
    }
}
