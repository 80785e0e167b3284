//! What a notice tells, and the words for it.

use core::time::Duration;

use crate::command::{StopReason, WaitWhy};
use crate::names::named;
use crate::policy::approval::Decision;
use crate::policy::failure::Failure;
use crate::policy::limits::Limit;
use crate::stored::stored;
use crate::time::Instant;
use crate::turn::ToolOutcome;

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// An attempt failed, and this follows.
    AttemptFailed {
        /// Which attempt on its route, from 1.
        number: u32,
        /// How.
        failure: Failure,
        /// What follows.
        next: Follows,
        /// The wait before it.
        delay: Duration,
    },
    /// A call worked after `failed` failed attempts.
    Recovered {
        /// How many.
        failed: u32,
    },
    /// The route was passed over.
    PassedOver {
        /// Why.
        why: Skip,
        /// Until when, if that is known.
        until: Option<Instant>,
    },
    /// The call went on to this route.
    MovedOn,
    /// A call begins at the primary again, after a fallback of its turn or of the session.
    Returned,
    /// An attempt had no answer after so long: another one is made beside it, on this route.
    Hedged {
        /// How long the first one ran alone.
        after: Duration,
    },
    /// The answer of that second attempt came first.
    HedgeWon,
    /// The route's client could not be made ready.
    NotReady,
    /// The route's client was made again.
    Rebuilt,
    /// The route's client could not be made again.
    NotRebuilt,
    /// A breaker opened.
    BreakerOpened {
        /// Whose.
        scope: Scoped,
        /// Until when.
        until: Instant,
    },
    /// A breaker closed.
    BreakerClosed {
        /// Whose.
        scope: Scoped,
    },
    /// A scope rests.
    Cooling {
        /// Whose.
        scope: Scoped,
        /// Until when.
        until: Instant,
        /// Whether the provider stated the time.
        stated: bool,
    },
    /// Nothing can be asked for now.
    Waiting {
        /// Why.
        why: WaitWhy,
        /// Until when.
        until: Instant,
    },
    /// The model replied to step `step` with this many tool calls; none is an answer.
    Replied {
        /// Which step, from 1.
        step: u32,
        /// How many tool calls.
        tool_calls: u32,
    },
    /// A person is asked about a tool call.
    Asked {
        /// The tool, in the turn's list of names.
        tool: u32,
    },
    /// A person decided.
    Decided {
        /// The tool, in the turn's list of names.
        tool: u32,
        /// What.
        decision: Decision,
    },
    /// A tool call came to an end.
    Tool {
        /// The tool, in the turn's list of names.
        tool: u32,
        /// Which.
        outcome: ToolOutcome,
    },
    /// A limit was reached.
    LimitReached(Limit),
    /// A model did not report its usage, so the total is unknown from here on.
    UsageUnknown,
    /// The turn is over.
    Finished(StopReason),
}

stored! {
    enum What {
        AttemptFailed { number, failure, next, delay },
        Recovered { failed },
        PassedOver { why, until },
        MovedOn,
        Returned,
        Hedged { after },
        HedgeWon,
        NotReady,
        Rebuilt,
        NotRebuilt,
        BreakerOpened { scope, until },
        BreakerClosed { scope },
        Cooling { scope, until, stated },
        Waiting { why, until },
        Replied { step, tool_calls },
        Asked { tool },
        Decided { tool, decision },
        Tool { tool, outcome },
        LimitReached(limit),
        UsageUnknown,
        Finished(reason),
    }
}

impl What {
    /// The word for each variant, in order: the same in every language.
    pub const NAMES: &'static [&'static str] = &[
        "attempt_failed",
        "recovered",
        "passed_over",
        "moved_on",
        "returned",
        "hedged",
        "hedge_won",
        "not_ready",
        "rebuilt",
        "not_rebuilt",
        "breaker_opened",
        "breaker_closed",
        "cooling",
        "waiting",
        "replied",
        "asked",
        "decided",
        "tool",
        "limit_reached",
        "usage_unknown",
        "finished",
    ];

    /// The place of its word in that list.
    #[must_use]
    pub const fn number(&self) -> usize {
        match self {
            Self::AttemptFailed { .. } => 0,
            Self::Recovered { .. } => 1,
            Self::PassedOver { .. } => 2,
            Self::MovedOn => 3,
            Self::Returned => 4,
            Self::Hedged { .. } => 5,
            Self::HedgeWon => 6,
            Self::NotReady => 7,
            Self::Rebuilt => 8,
            Self::NotRebuilt => 9,
            Self::BreakerOpened { .. } => 10,
            Self::BreakerClosed { .. } => 11,
            Self::Cooling { .. } => 12,
            Self::Waiting { .. } => 13,
            Self::Replied { .. } => 14,
            Self::Asked { .. } => 15,
            Self::Decided { .. } => 16,
            Self::Tool { .. } => 17,
            Self::LimitReached(_) => 18,
            Self::UsageUnknown => 19,
            Self::Finished(_) => 20,
        }
    }

    /// Its word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        Self::NAMES.get(self.number()).copied().unwrap_or_default()
    }
}

named! {
    /// What follows a failed attempt.
    pub enum Follows {
        /// The same route again.
        Again = "again",
        /// The client is made again.
        Rebuild = "rebuild",
        /// Another route.
        MoveOn = "move_on",
        /// A wait until some route comes back.
        Wait = "wait",
        /// Another attempt of the call, which is under way beside it.
        Other = "other",
        /// Nothing.
        Stop = "stop",
    }
}

named! {
    /// Why a route was passed over.
    pub enum Skip {
        /// Its breaker refuses.
        Breaker = "breaker",
        /// It was taken out by hand.
        Isolated = "isolated",
        /// It rests.
        Cooling = "cooling",
        /// Its rest, or the open time of its breaker, is over, and another call tests it.
        Probing = "probing",
        /// It is the deployment that has just failed.
        SameDeployment = "same_deployment",
        /// Its context window is too small for the request.
        ContextWindow = "context_window",
        /// There is no credential to ask it with.
        NoCredential = "no_credential",
        /// Others have been making its client for longer than a call waits for that.
        Activating = "activating",
    }
}

named! {
    /// What a breaker or a cooldown belongs to.
    pub enum Scoped {
        /// Provider, endpoint and model.
        Deployment = "deployment",
        /// The endpoint, whatever the model.
        Endpoint = "endpoint",
        /// The credential, wherever it is used.
        Credential = "credential",
        /// The credential at this deployment.
        Limit = "limit",
    }
}
