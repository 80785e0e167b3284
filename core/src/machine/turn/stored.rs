//! What of a turn is stored, and how it goes on over another chain and on another clock.

use alloc::sync::Arc;

use super::{AgentLoop, Stage, Turn};
use crate::command::RouteId;
use crate::policy::limits::Usage;
use crate::route::Tool;
use crate::scope::Scope;
use crate::stored::{Blank, Store, Stored};
use crate::time::Instant;

impl Stored for Turn {
    fn stored(&mut self, store: &mut Store<'_>) {
        let Self { conversation, scope, agent } = self;
        store.part("conversation", conversation);
        store.part("scope", scope);
        store.part("agent", agent);
    }
}

impl Stored for AgentLoop {
    fn stored(&mut self, store: &mut Store<'_>) {
        // The tools are the host's, and given anew.
        let Self { tools: _, step, stage, calls, usage, usage_unknown, detail, streams, restartable } = self;
        store.part("step", step);
        store.part("stage", stage);
        store.part("calls", calls);
        store.part("usage", usage);
        store.part("usage_unknown", usage_unknown);
        store.part("detail", detail);
        store.part("streams", streams);
        store.part("restartable", restartable);
    }
}

impl Turn {
    /// A turn of which nothing is known yet but its tools: a snapshot brings the rest.
    pub(crate) fn blank(tools: Arc<[Tool]>) -> Self {
        Self { conversation: None, scope: Scope::BLANK, agent: AgentLoop::new(tools) }
    }

    /// Over another chain: says of every route where it is now.
    pub(crate) fn reroute(&mut self, now_at: &dyn Fn(RouteId) -> Option<RouteId>) {
        self.scope.reroute(now_at);
        self.agent.streams = self.agent.streams.rerouted(now_at);
        if let Stage::Model(call) = &mut self.agent.stage
            && call.reroute(now_at)
        {
            // What that request has used nobody will ever know. A second one beside it goes with it.
            self.scope.spent.add(Usage::default());
        }
    }

    pub(crate) fn shift(&mut self, span: impl Fn(Instant) -> Instant + Copy, wall: impl Fn(Instant) -> Instant + Copy) {
        self.scope.shift(span);
        match &mut self.agent.stage {
            Stage::Model(call) => call.shift(span),
            Stage::Over(verdict) => verdict.retry_at = verdict.retry_at.map(span),
            Stage::Due | Stage::Tools => {}
        }
        self.agent.calls.since_asked = self.agent.calls.since_asked.map(span);
        self.agent.calls.slots.iter_mut().for_each(|slot| slot.shift(span, wall));
    }
}
