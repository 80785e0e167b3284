//! How a tool call can end.

use crate::names::worded;
use crate::policy::approval::Decision;
use crate::policy::limits::Limit;

worded! {
    /// How a tool call ended. For all but `Ran` and `Failed` the core supplies the sentence that the model gets.
    pub enum ToolOutcome {
        /// It ran; the host has its result.
        Ran = "ran",
        /// It ran and failed; the host has the error.
        Failed = "failed",
        /// It was begun, and nobody knows whether it had its effect. It is not run again.
        OutcomeUnknown = "outcome_unknown",
        /// A person or a rule said no.
        Denied = "denied",
        /// Nobody answered in time.
        Expired = "expired",
        /// It needs approval and nobody is there to ask.
        NoApprover = "no_approver",
        /// The request for approval was taken back.
        Withdrawn = "withdrawn",
        /// There is no such tool.
        UnknownTool = "unknown_tool",
        /// Its arguments are not an object, or have no exact form.
        BadArguments = "bad_arguments",
        /// A limit of the turn came first.
        NotRun = "not_run" (limit: Limit),
    }
}

impl ToolOutcome {
    /// What a decision makes of the call; `None` when it may run.
    #[must_use]
    pub const fn of(decision: Decision) -> Option<Self> {
        match decision {
            Decision::Once | Decision::Session | Decision::Always => None,
            Decision::Deny => Some(Self::Denied),
            Decision::Withdrawn => Some(Self::Withdrawn),
            Decision::NoApprover => Some(Self::NoApprover),
        }
    }

    /// Whether somebody, or nobody, kept it from running.
    #[must_use]
    pub const fn is_blocked(self) -> bool {
        matches!(self, Self::Denied | Self::Expired | Self::NoApprover | Self::Withdrawn)
    }

    /// Whether the model asked for it badly or it failed: what a model may keep repeating.
    pub(crate) const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::OutcomeUnknown | Self::UnknownTool | Self::BadArguments)
    }
}
