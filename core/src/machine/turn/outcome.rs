//! What can become of a tool call, and the words for it.

use core::fmt;

use crate::policy::approval::Decision;
use crate::policy::limits::Limit;
use crate::stored::stored;

/// What became of one tool call. For all but `Ran` and `Failed` the core supplies the sentence that the model gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolOutcome {
    /// It ran; the host has its result.
    Ran,
    /// It ran and failed; the host has the error.
    Failed,
    /// It was begun, and nobody knows whether it had its effect. It is not run again.
    OutcomeUnknown,
    /// A person or a rule said no.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// It needs approval and nobody is there to ask.
    NoApprover,
    /// The request for approval was taken back.
    Withdrawn,
    /// There is no such tool.
    UnknownTool,
    /// Its arguments are not an object, or have no exact form.
    BadArguments,
    /// A limit of the turn came first.
    NotRun(Limit),
}

stored! {
    enum ToolOutcome {
        Ran,
        Failed,
        OutcomeUnknown,
        Denied,
        Expired,
        NoApprover,
        Withdrawn,
        UnknownTool,
        BadArguments,
        NotRun(limit),
    }
}

impl ToolOutcome {
    /// The word for it in every language; the limit of `not_run` stands apart.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::Failed => "failed",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::NoApprover => "no_approver",
            Self::Withdrawn => "withdrawn",
            Self::UnknownTool => "unknown_tool",
            Self::BadArguments => "bad_arguments",
            Self::NotRun(_) => "not_run",
        }
    }

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
    pub(super) const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::OutcomeUnknown | Self::UnknownTool | Self::BadArguments)
    }

    pub(crate) const fn phrase(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::Failed => "failed",
            Self::OutcomeUnknown => "outcome unknown, not run again",
            Self::Denied => "not run: denied",
            Self::Expired => "not run: nobody decided in time",
            Self::NoApprover => "not run: there is no approver",
            Self::Withdrawn => "not run: the request for approval was withdrawn",
            Self::UnknownTool => "not run: there is no such tool",
            Self::BadArguments => "not run: bad arguments",
            Self::NotRun(_) => "not run: a limit was reached",
        }
    }
}

impl fmt::Display for ToolOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
