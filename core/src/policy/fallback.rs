//! Which route a call begins with, and what happens when every route refuses.

use core::time::Duration;

use super::fields::{Fields, LONGEST, choose, maybe};
use crate::names::named;
use crate::time::span;

named! {
    /// How long a fallback lasts.
    pub enum FallbackScope {
        /// Every call begins at the primary.
        Call = "call",
        /// Every turn begins at the primary; within the turn, calls go on where the last one ended.
        Turn = "turn",
        /// The whole session goes on where the last call ended, until that route fails.
        Session = "session",
    }
}

named! {
    /// What to do when every route's breaker refuses.
    pub enum WhenRefused {
        /// End the call at once and say when to come back.
        Fail = "fail",
        /// Wait for the first breaker to half-open, if the patience and the deadline reach that far.
        Wait = "wait",
    }
}

/// How fallback between routes behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    /// How long a fallback lasts. Default: the turn.
    pub scope: FallbackScope,
    /// What to do when every route's breaker refuses. Default: fail.
    pub when_refused: WhenRefused,
    /// How long a turn (or the session, with that scope) stays off the primary before a call begins there again, if it may be
    /// asked then: counted from when it left, or last looked. Default: not set, so a turn goes on where it is to its end.
    pub recheck: Option<Duration>,
}

impl Default for Fallback {
    fn default() -> Self {
        Self { scope: FallbackScope::Turn, when_refused: WhenRefused::Fail, recheck: None }
    }
}

impl Fallback {
    pub(crate) fn fields(&mut self, fields: &mut dyn Fields) {
        choose!(fields, "scope", self.scope, FallbackScope);
        choose!(fields, "when_refused", self.when_refused, WhenRefused);
        maybe!(fields, span, "recheck", self.recheck, span(60_000), span(1)..=LONGEST);
    }
}
