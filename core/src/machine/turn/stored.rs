//! What of a turn is stored, and how it goes on over another chain and on another clock.

use alloc::sync::Arc;

use super::{Course, Phase, Turn};
use crate::command::RouteId;
use crate::policy::limits::Usage;
use crate::route::Tool;
use crate::scope::Scope;
use crate::stored::{Blank, Store, Stored};
use crate::time::Instant;

impl Stored for Turn {
    fn stored(&mut self, store: &mut Store<'_>) {
        let Self { scope, course } = self;
        store.part("scope", scope);
        store.part("course", course);
    }
}

impl Stored for Course {
    fn stored(&mut self, store: &mut Store<'_>) {
        // The tools are the host's, and given anew.
        let Self {
            tools: _,
            step,
            phase,
            slots,
            repeats,
            tool_calls,
            usage,
            usage_unknown,
            blocked,
            since_asked,
            detail,
            streams,
            restartable,
        } = self;
        store.part("step", step);
        store.part("phase", phase);
        store.part("slots", slots);
        store.part("repeats", repeats);
        store.part("tool_calls", tool_calls);
        store.part("usage", usage);
        store.part("usage_unknown", usage_unknown);
        store.part("blocked", blocked);
        store.part("since_asked", since_asked);
        store.part("detail", detail);
        store.part("streams", streams);
        store.part("restartable", restartable);
    }
}

impl Turn {
    /// A turn of which nothing is known yet but its tools: a snapshot brings the rest.
    pub(crate) fn blank(tools: Arc<[Tool]>) -> Self {
        Self { scope: Scope::BLANK, course: Course::new(tools) }
    }

    /// Over another chain: says of every route where it is now.
    pub(crate) fn reroute(&mut self, now_at: &dyn Fn(RouteId) -> Option<RouteId>) {
        self.scope.reroute(now_at);
        self.course.streams = self.course.streams.rerouted(now_at);
        if let Phase::Model(call) = &mut self.course.phase
            && call.reroute(now_at)
        {
            // What that request has used nobody will ever know. A second one beside it goes with it.
            self.scope.spent.add(Usage::default());
            self.scope.hedges.clear();
        }
    }

    pub(crate) fn shift(&mut self, span: impl Fn(Instant) -> Instant + Copy, wall: impl Fn(Instant) -> Instant + Copy) {
        self.scope.shift(span);
        match &mut self.course.phase {
            Phase::Model(call) => call.shift(span),
            Phase::Over(verdict) => verdict.retry_at = verdict.retry_at.map(span),
            Phase::Due | Phase::Tools => {}
        }
        self.course.since_asked = self.course.since_asked.map(span);
        self.course.slots.iter_mut().for_each(|slot| slot.shift(span, wall));
    }
}
