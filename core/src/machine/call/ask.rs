//! What was asked: the part of a call that does not change once it has begun.

use core::time::Duration;

use super::Call;
use crate::command::{Replay, RouteId, Work};
use crate::policy::Invalid;
use crate::route::RouteSet;
use crate::stored::stored;
use crate::value::{Spelling, Value};
use crate::visit::{Limits, Visitor};

/// What a host says of a call before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) work: Work,
    pub(super) replay: Replay,
    /// The routes whose attempts are streams.
    pub(super) streams: RouteSet,
    /// Whether a stream may be asked for again after it made progress.
    pub(super) restartable: bool,
    /// Replaces the limit of each attempt.
    pub(super) timeout: Option<Duration>,
    /// How many tokens of context it takes; 0 where that is not known.
    pub(super) context_tokens: u32,
}

stored! { Ask { work, replay, streams, restartable, timeout, context_tokens } }

impl Ask {
    /// Model requests and functions may be repeated, a tool may not.
    pub(super) const fn new(work: Work) -> Self {
        let replay = if matches!(work, Work::Tool { .. }) { Replay::Once } else { Replay::Idempotent };
        Self { work, replay, streams: RouteSet::none(), restartable: true, timeout: None, context_tokens: 0 }
    }

    pub(super) const fn is_tool(&self) -> bool {
        matches!(self.work, Work::Tool { .. })
    }

    pub(super) const fn is_model(&self) -> bool {
        matches!(self.work, Work::Model { .. })
    }

    /// Whether an attempt on this route is a stream. Without routes there is but one place to ask.
    pub(super) fn streams_on(&self, route: Option<RouteId>) -> bool {
        route.map_or(!self.streams.is_empty(), |route| self.streams.contains(route))
    }

    /// Whether a second request beside a slow one does no harm.
    pub(super) fn may_be_hedged(&self) -> bool {
        !self.is_tool() && self.replay != Replay::Once && self.streams != RouteSet::all()
    }
}

/// What a host says of a call before it begins.
impl Call {
    /// Says whether it may be made twice.
    #[must_use]
    pub fn replay(mut self, replay: Replay) -> Self {
        self.ask.replay = replay;
        self
    }

    /// Declares it streaming, whatever route it asks: progress is reported, and the limits on first progress and idle time
    /// apply. `restartable` says whether it may be asked again after it made progress. Asked again is asked from the beginning:
    /// a partial answer is never continued.
    #[must_use]
    pub fn streaming(self, restartable: bool) -> Self {
        self.streaming_on(RouteSet::all(), restartable)
    }

    /// Declares its attempts on these routes alone streaming; all others bring their answer at once.
    #[must_use]
    pub fn streaming_on(mut self, routes: RouteSet, restartable: bool) -> Self {
        self.ask.streams = routes;
        self.ask.restartable = restartable || routes.is_empty();
        self
    }

    /// Replaces `attempt.timeout` and the route's for this call.
    #[must_use]
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.ask.timeout = timeout;
        self
    }

    /// Says how many tokens of context it takes, counted or estimated: a route whose `context_window` is known and smaller is
    /// skipped, the primary too. 0, as from the beginning, skips none.
    #[must_use]
    pub fn needs(mut self, tokens: u32) -> Self {
        self.ask.context_tokens = tokens;
        self
    }

    /// Says the same from plain data; nothing there is nothing known.
    ///
    /// # Errors
    /// What is no whole number from 0 to 4294967295.
    pub fn needs_value(self, tokens: &Value, spelling: Spelling) -> Result<Self, Invalid> {
        let mut needs = 0;
        Visitor::read(tokens, spelling, &spelling.field("context_tokens", false), &[], Limits::Any, &mut needs)?;
        Ok(self.needs(needs))
    }
}
