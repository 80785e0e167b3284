//! What a host says of a call before it begins.

use super::*;
use crate::value::{Spelling, Value};
use crate::visit::{Limits, Visitor};

impl Call {
    /// Whether it may be made twice.
    #[must_use]
    pub const fn replay(mut self, replay: Replay) -> Self {
        self.replay = replay;
        self
    }

    /// Declares it streaming, whatever route it asks: progress is reported, and the limits on first progress and idle time
    /// apply. `restartable` says whether it may be asked again after it made progress. Asked again is asked from the beginning:
    /// a partial answer is never continued.
    #[must_use]
    pub const fn streaming(self, restartable: bool) -> Self {
        self.streaming_on(RouteSet::all(), restartable)
    }

    /// The same for its attempts on these routes alone; all others bring their answer at once.
    #[must_use]
    pub const fn streaming_on(mut self, routes: RouteSet, restartable: bool) -> Self {
        self.streams = routes;
        self.restartable = restartable || routes.is_empty();
        self
    }

    /// Replaces `attempt.timeout` and the route's for this call.
    #[must_use]
    pub const fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many tokens of context it takes, counted or estimated: a route whose `context_window` is known and smaller is passed
    /// over, the primary too. 0, as from the beginning, passes over none.
    #[must_use]
    pub const fn needs(mut self, tokens: u32) -> Self {
        self.needs = tokens;
        self
    }

    /// The same from plain data; nothing there is nothing known.
    ///
    /// # Errors
    /// What is no whole number from 0 to 4294967295.
    pub fn needs_value(self, tokens: &Value, spelling: Spelling) -> Result<Self, Invalid> {
        let mut needs = 0;
        Visitor::read(tokens, spelling, &spelling.field("context_tokens", false), &[], Limits::Any, &mut needs)?;
        Ok(self.needs(needs))
    }
}
