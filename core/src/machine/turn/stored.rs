//! What of a turn is stored, and how it goes on over the chain and on the clock of today.

use alloc::sync::Arc;

use super::{AgentLoop, Stage, Turn};
use crate::policy::limits::Usage;
use crate::route::Tool;
use crate::scope::Scope;
use crate::session::Session;
use crate::stored::stored;
use crate::time::Instant;
use crate::visit::Blank;

stored! { visit Turn { conversation, scope, agent } }

// The tools are the host's, and given anew.
stored! {
    visit AgentLoop { step, stage, calls, usage, usage_unknown, detail, streams, restartable; tools }
}

impl Turn {
    /// A turn of which nothing is known yet but its tools: a snapshot brings the rest.
    pub(crate) fn blank(tools: Arc<[Tool]>) -> Self {
        Self { conversation: None, scope: Scope::BLANK, agent: AgentLoop::new(tools) }
    }

    /// What was read goes on in this session. `lost`: it was about to go to a route that is gone.
    pub(crate) fn restored(&mut self, session: &Session, lost: bool) {
        let Self { scope, agent, .. } = self;
        scope.restored(&session.live);
        if let Stage::Model(call) = &mut agent.stage
            && call.restored(lost)
        {
            // What that request has used nobody will ever know.
            scope.spent.add(Usage::default());
        }
    }

    /// Counts the time up to now for which its deadline has stood still while a person is asked.
    pub(crate) fn catch_up(&mut self, now: Instant) {
        if let Some(since) = self.agent.calls.since_asked.replace(now) {
            self.scope.stand_still(now - since);
        }
    }
}
