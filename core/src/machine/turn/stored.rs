//! What of a turn is stored, and how it goes on over the chain and on the clock of today.

use alloc::sync::Arc;
use core::time::Duration;

use super::{Course, Phase, Turn};
use crate::policy::limits::Usage;
use crate::route::Tool;
use crate::scope::Scope;
use crate::session::Session;
use crate::stored::stored;
use crate::time::Instant;
use crate::visit::Blank;

stored! { visit Turn { scope, course } }

// The tools are the host's, and given anew.
stored! {
    visit Course {
        step, phase, slots, repeats, tool_calls, usage, usage_unknown, blocked, since_asked, detail, streams, restartable; tools
    }
}

impl Turn {
    /// A turn of which nothing is known yet but its tools: a snapshot brings the rest.
    pub(crate) fn blank(tools: Arc<[Tool]>) -> Self {
        Self { scope: Scope::BLANK, course: Course::new(tools) }
    }

    /// What was read goes on in this session. `lost`: it was about to go to a route that is gone. `asked_for`: how long a person had
    /// been asked when it was stored.
    pub(crate) fn restored(&mut self, session: &Session, lost: bool, asked_for: Duration, now: Instant) {
        let Self { scope, course } = self;
        scope.restored(&session.live);
        if let Phase::Model(call) = &mut course.phase
            && call.restored(lost)
        {
            // What that request has used nobody will ever know. A second one beside it goes with it.
            scope.spent.add(Usage::default());
            scope.hedges.clear();
        }
        // On a clock that is younger than the question the moment of asking would lie before the zero.
        if asked_for > now - Instant::ZERO {
            scope.stand_still(asked_for);
            course.since_asked = Some(now);
        }
    }
}
