//! The report of a turn, and why something ended.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::Turn;
use crate::command::{End, Id, StopReason, Verdict};
use crate::policy::Policy;
use crate::policy::failure::Failure;
use crate::policy::limits::{Limit, Usage};
use crate::scope::{Context, Scope};
use crate::session::{Live, Session};
use crate::text::{self, Ending};

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
    /// The whole event log as lines for people.
    pub lines: Vec<String>,
}

#[cfg(feature = "serde")]
crate::stored::stored! {
    visit Report { stop_reason, degraded, steps, attempts, tool_calls, blocked, usage, spent, failure, lines }
}

impl Turn {
    /// Returns what became of it so far.
    #[must_use]
    pub fn report(&self, session: &Session) -> Report {
        let verdict = self.verdict();
        let stop_reason = verdict.map(|verdict| verdict.stop_reason());
        let log = &self.scope.event_log;
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
            lines: log.iter().map(|notice| log.line(session, notice)).collect(),
        }
    }
}

/// Returns why a call ended, in one line with numbers: "gave up after 5 attempts in 41.2 s: primary rate_limited x3, ..". Empty
/// after a success.
#[must_use]
pub fn explain_call(session: &Session, scope: &Scope, call: Id, verdict: Verdict) -> String {
    text::end(&ending(&session.policy, &session.live, scope, Some(call), verdict), session)
}

/// The same for the end of a turn, which may come without a call.
pub(super) fn explain(cx: &Context<'_>, call: Option<Id>, verdict: Verdict) -> String {
    text::end(&ending(cx.policy, cx.live, cx.scope, call, verdict), cx.live)
}

fn ending(policy: &Policy, live: &Live, scope: &Scope, call: Option<Id>, verdict: Verdict) -> Ending {
    let failures = call.map_or_else(Vec::new, |call| scope.event_log.failures(call));
    let none_failed = verdict.end == End::NoRoute && failures.is_empty();
    let limit = if let End::Limit(limit) = verdict.end { Some(limit) } else { None };
    let shared = limit.and_then(|limit| scope.budget.pool()?.reached(limit));
    let own = limit.and_then(|limit| match limit {
        Limit::Steps => Some(policy.turn.steps),
        Limit::ToolCalls => scope.budget.limits.tool_calls,
        Limit::Attempts => scope.budget.limits.attempts,
        Limit::Tokens => scope.budget.limits.tokens,
        Limit::SameFailure => Some(policy.turn.same_failure),
        Limit::Deadline => None,
    });
    // By now the route may be closed for longer: then no name is better than a wrong one.
    let route_back = |at| {
        let until = |route| live.would_admit(policy, route, scope.seen()).err().map(|refusal| refusal.until());
        live.ids().find(|route| !live.without_credential.contains(*route) && until(*route) == Some(at))
    };
    Ending {
        end: verdict.end,
        took: scope.seen() - scope.started(),
        failures,
        unusable: if none_failed { scope.event_log.unusable() } else { Vec::new() },
        most: shared.or(own).unwrap_or(0),
        is_shared: shared.is_some(),
        deadline: scope.deadline().map_or(Duration::ZERO, |deadline| deadline - scope.started()),
        again: verdict.retry_at.map(|at| (at - scope.seen(), route_back(at))),
    }
}
