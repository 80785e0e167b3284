//! Notices: what a turn tells, as data.

use core::time::Duration;

use crate::command::{Id, RouteId, StopReason, WaitWhy};
use crate::names::{named, worded};
use crate::outcome::ToolOutcome;
use crate::policy::approval::Decision;
use crate::policy::failure::{Failure, FailureKind};
use crate::policy::limits::Limit;
use crate::stored::stored;
use crate::time::Instant;

/// Something worth a log line. A first attempt that simply succeeds is counted, and makes no notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// When it happened.
    pub at: Instant,
    /// The first attempt of the call it belongs to; 0 for the turn itself.
    pub call: Id,
    /// The attempt or other command it is about; 0 for none.
    pub id: Id,
    /// The route it is about.
    pub route: Option<RouteId>,
    /// What happened.
    pub what: What,
}

stored! { Notice { at, call, id, route, what } }

worded! {
    /// What happened.
    #[expect(missing_docs, reason = "a field that its name explains")]
    pub enum What {
        /// Attempt `number` on its route failed; `next` follows after `delay`.
        AttemptFailed = "attempt_failed" { number: u32, failure: Failure, next: Follows, delay: Duration },
        /// A call succeeded after `failed` failed attempts.
        Recovered = "recovered" { failed: u32 },
        /// The route was not asked, until then if that is known. `kind` is the failure that began a cooldown.
        Skipped = "skipped" { why: Skip, until: Option<Instant>, kind: Option<FailureKind> },
        /// The call went on to this route.
        MovedOn = "moved_on",
        /// A call begins at the primary again, after a fallback of its turn or of the session.
        Returned = "returned",
        /// An attempt had no answer `after` so long: a hedge is made beside it, on this route.
        Hedged = "hedged" { after: Duration },
        /// The hedge answered first.
        HedgeWon = "hedge_won",
        /// The route's client could not be made ready.
        NotReady = "not_ready",
        /// The route's client was made again.
        Rebuilt = "rebuilt",
        /// The route's client could not be made again.
        NotRebuilt = "not_rebuilt",
        /// The breaker of a scope opened.
        BreakerOpened = "breaker_opened" { scope: Scoped, until: Instant },
        /// The breaker of a scope closed.
        BreakerClosed = "breaker_closed" { scope: Scoped },
        /// The cooldown of a scope began; `stated` says whether the provider named the time.
        Cooldown = "cooldown" { scope: Scoped, until: Instant, stated: bool },
        /// No request can be made now.
        Waiting = "waiting" { why: WaitWhy, until: Instant },
        /// The model replied to step `step`, from 1, with this many tool calls; none is an answer.
        Replied = "replied" { step: u32, tool_calls: u32 },
        /// A person is asked about a tool call; `tool` is a number of the event log's list of names.
        ApprovalAsked = "approval_asked" { tool: u32 },
        /// A person decided about a tool call.
        Decided = "decided" { tool: u32, decision: Decision },
        /// A tool call came to an end.
        Tool = "tool" { tool: u32, outcome: ToolOutcome },
        /// A limit was reached.
        LimitReached = "limit_reached" (limit: Limit),
        /// A model did not report its usage, so the total is unknown from here on.
        UsageUnknown = "usage_unknown",
        /// The turn is over.
        Finished = "finished" (reason: StopReason),
    }
}

impl What {
    /// The place of its word in [`What::NAMES`].
    #[must_use]
    pub fn number(&self) -> usize {
        Self::NAMES.iter().position(|word| *word == self.name()).unwrap_or_default()
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
        /// Its hedge, which is under way, continues.
        Hedge = "hedge",
        /// It was a hedge: the attempt that it was made beside continues.
        First = "first",
        /// Nothing.
        Stop = "stop",
    }
}

named! {
    /// Why a route was skipped.
    pub enum Skip {
        /// Its breaker is open.
        Breaker = "breaker",
        /// A manual override holds its breaker open.
        Isolated = "isolated",
        /// It is in cooldown.
        Cooldown = "cooldown",
        /// Its cooldown, or the open time of its breaker, is over, and another call is the half-open probe.
        Probing = "probing",
        /// It is the deployment that has just failed.
        SameDeployment = "same_deployment",
        /// Its context window is too small for the request.
        ContextWindow = "context_window",
        /// There is no credential to ask it with.
        NoCredential = "no_credential",
        /// Other calls have been making its client for longer than a call waits for that.
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
