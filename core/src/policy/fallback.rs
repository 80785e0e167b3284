//! Which route a call begins with, and what happens when every route refuses.

use core::time::Duration;

use crate::data::LIMITS;
use crate::names::named;
use crate::stored::fields;

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

fields! {
    /// How fallback between routes behaves.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Fallback {
        /// How long a fallback lasts. Default: the turn.
        scope: FallbackScope = FallbackScope::Turn;
        /// What to do when every route's breaker refuses. Default: fail.
        when_refused: WhenRefused = WhenRefused::Fail;
        /// How long a turn (or the session, with that scope) stays off the primary before a call begins there again, if it may be
        /// asked then: counted from when it left, or last looked. Default: not set, so a turn goes on where it is to its end.
        recheck: Option<Duration> = None, LIMITS;
    }
}
