//! What was asked: the part of a call that does not change once it has begun.

use core::time::Duration;

use crate::command::{Replay, RouteId, Work};
use crate::route::RouteSet;
use crate::stored::stored;

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
