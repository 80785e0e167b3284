//! What became of a turn.

use alloc::string::String;
use alloc::vec::Vec;

use super::Turn;
use crate::command::StopReason;
use crate::policy::failure::Failure;
use crate::policy::limits::Usage;
use crate::session::Session;

/// What became of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Why it stopped; `None` while it goes on.
    pub stop_reason: Option<StopReason>,
    /// Whether it ended otherwise than with an answer.
    pub degraded: bool,
    /// Model requests of the agent loop.
    pub steps: u32,
    /// Attempts in all.
    pub attempts: u32,
    /// Tool calls that were let run.
    pub tool_calls: u32,
    /// Tools that were not allowed to run, each once, in order.
    pub blocked: Vec<String>,
    /// What the models reported to have used for the replies that were taken; a part that one of them did not report is unknown.
    pub usage: Usage,
    /// What model requests used that failed, or were dropped; a part that is not known of one of them is unknown. With `usage`
    /// it is what the turn has used in all.
    pub spent: Usage,
    /// The failure behind the end.
    pub failure: Option<Failure>,
    /// The whole account as lines for people.
    pub lines: Vec<String>,
}

#[cfg(feature = "serde")]
crate::stored::stored! {
    visit Report { stop_reason, degraded, steps, attempts, tool_calls, blocked, usage, spent, failure, lines }
}

impl Turn {
    /// What became of it so far.
    #[must_use]
    pub fn report(&self, session: &Session) -> Report {
        let verdict = self.verdict();
        let stop_reason = verdict.map(|verdict| verdict.stop_reason());
        Report {
            stop_reason,
            degraded: stop_reason.is_some_and(|reason| reason != StopReason::Answered),
            steps: self.agent.step,
            attempts: self.scope.budget.attempts,
            tool_calls: self.agent.calls.count,
            blocked: self.agent.calls.blocked.clone(),
            usage: self.agent.usage,
            spent: self.scope.spent.usage,
            failure: verdict.and_then(|verdict| verdict.failure),
            lines: self.scope.account.iter().map(|notice| self.scope.account.line(session, notice)).collect(),
        }
    }
}
