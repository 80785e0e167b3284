//! How calls and turns end, and what a host makes of it.

use crate::names::named;
use crate::policy::failure::{Failure, FailureKind};
use crate::policy::limits::Limit;
use crate::stored::stored;
use crate::time::Instant;

/// How a call or a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// How.
    pub end: End,
    /// The failure behind it.
    pub failure: Option<Failure>,
    /// When asking again may help, if that is known.
    pub retry_at: Option<Instant>,
}

stored! { Verdict { end, failure, retry_at } }

/// The ways to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It worked.
    Succeeded,
    /// It failed and asking again cannot help: the host raises its original error unchanged.
    Permanent,
    /// It failed, and everything that the policy allows has been tried.
    Exhausted,
    /// No route could be asked: every breaker refuses, or the times that the providers stated have not come.
    NoRoute,
    /// A limit of the turn was reached.
    Limit(Limit),
    /// The host took it back.
    Cancelled,
}

stored! { enum End { Succeeded, Permanent, Exhausted, NoRoute, Limit(limit), Cancelled } }

named! {
    /// Why a turn stopped, in one word.
    pub enum StopReason {
        /// The model answered.
        Answered = "answered",
        /// `turn.steps` model requests were made.
        StepLimit = "step_limit",
        /// `turn.tool_calls` tools were run.
        ToolLimit = "tool_limit",
        /// `turn.tokens` tokens were used.
        TokenLimit = "token_limit",
        /// `turn.attempts` attempts were made.
        AttemptLimit = "attempt_limit",
        /// `turn.deadline` has passed.
        Deadline = "deadline",
        /// The same tool call failed `turn.same_failure` times.
        RepeatedToolFailure = "repeated_tool_failure",
        /// Every route failed.
        ModelUnavailable = "model_unavailable",
        /// No route could be asked.
        NoRoute = "no_route",
        /// The provider's content policy refused.
        Refused = "refused",
        /// A person has yet to decide.
        AwaitingApproval = "awaiting_approval",
        /// The host took it back.
        Cancelled = "cancelled",
        /// A permanent error.
        Error = "error",
    }
}

named! {
    /// Which error a host raises when a call or a turn ended without a value.
    pub enum Raised {
        /// The error of the last attempt, unchanged: asking again cannot help, and it says best what is wrong.
        Original = "original",
        /// The time of the turn is over.
        DeadlineExceeded = "deadline_exceeded",
        /// The steps of the turn are taken.
        StepLimitExceeded = "step_limit_exceeded",
        /// Nothing could be asked.
        BreakerOpen = "breaker_open",
        /// Everything that the policy allows was tried.
        Exhausted = "exhausted",
    }
}

impl Verdict {
    /// This end, with nothing else to say.
    #[must_use]
    pub const fn new(end: End) -> Self {
        Self { end, failure: None, retry_at: None }
    }

    /// Which error a host raises for this end; `has_original` is whether it holds an error of the last attempt.
    #[must_use]
    pub const fn raised(&self, has_original: bool) -> Raised {
        match self.end {
            End::Permanent | End::Cancelled if has_original => Raised::Original,
            End::Limit(Limit::Deadline) => Raised::DeadlineExceeded,
            End::Limit(Limit::Steps) => Raised::StepLimitExceeded,
            End::NoRoute => Raised::BreakerOpen,
            _ => Raised::Exhausted,
        }
    }

    /// Whether the failure behind it was a limit of ours that passed: there is no error of the host's own to tell of then.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        let late = self.failure.is_some_and(|failure| failure.kind == FailureKind::TimedOut);
        late && self.raised(false) == Raised::Exhausted
    }

    /// The one word for a turn that ends like this.
    #[must_use]
    pub fn stop_reason(&self) -> StopReason {
        match (self.end, self.failure.map(|failure| failure.kind)) {
            (End::Succeeded, _) => StopReason::Answered,
            (End::Limit(Limit::Steps), _) => StopReason::StepLimit,
            (End::Limit(Limit::ToolCalls), _) => StopReason::ToolLimit,
            (End::Limit(Limit::Attempts), _) => StopReason::AttemptLimit,
            (End::Limit(Limit::Tokens), _) => StopReason::TokenLimit,
            (End::Limit(Limit::Deadline), _) => StopReason::Deadline,
            (End::Limit(Limit::SameFailure), _) => StopReason::RepeatedToolFailure,
            (End::NoRoute, _) => StopReason::NoRoute,
            (End::Cancelled, _) => StopReason::Cancelled,
            (End::Permanent | End::Exhausted, Some(FailureKind::ContentRefused)) => StopReason::Refused,
            (End::Permanent | End::Exhausted, Some(FailureKind::Cancelled)) => StopReason::Cancelled,
            (
                End::Permanent | End::Exhausted,
                Some(
                    FailureKind::InvalidRequest
                    | FailureKind::ContextOverflow
                    | FailureKind::Certificate
                    | FailureKind::Bug,
                ),
            ) => StopReason::Error,
            (End::Permanent | End::Exhausted, _) => StopReason::ModelUnavailable,
        }
    }
}

#[cfg(test)]
mod tests;
