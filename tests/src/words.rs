//! Every word of the vocabulary, as `tests/vectors/names.json` must list it. The matches are exhaustive: whoever adds a command,
//! an event or a notice is led here, and from here to the file that all languages read.

use failsoft::command::{CancelWhy, Raised, ReplyKind, SwitchWhy, WaitWhy};
use failsoft::notice::{Follows, Scoped, Skip, What};
use failsoft::policy::approval::Decision;
use failsoft::policy::breaker::{BreakerState, Order};
use failsoft::policy::failure::{Again, Charge, Cool, Effect, FailureKind, NextRule, Phase, RebuildRule};
use failsoft::policy::fallback::{FallbackScope, WhenRefused};
use failsoft::policy::limits::Limit;
use failsoft::policy::retry::{Jitter, PastPatience};
use failsoft::stream::Seen;
use failsoft::{Command, End, Event, Replay, StopReason, ToolOutcome};
use std::collections::BTreeMap;

macro_rules! words {
    ($(#[$meta:meta])* $function:ident($type:ty) -> $list:ident { $($pattern:pat => $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[must_use]
        pub const fn $function(of: &$type) -> &'static str {
            match of { $($pattern => $word),+ }
        }

        /// All of them, in order.
        pub const $list: &[&str] = &[$($word),+];
    };
}

words! {
    /// The word for a command.
    command_word(Command) -> COMMANDS {
        Command::Attempt(_) => "attempt",
        Command::Wait { .. } => "wait",
        Command::Switch { .. } => "switch",
        Command::Rebuild { .. } => "rebuild",
        Command::AskApproval { .. } => "ask_approval",
        Command::Cancel { .. } => "cancel",
        Command::Finish(_) => "finish",
    }
}

words! {
    /// The word for an event.
    event_word(Event<'_>) -> EVENTS {
        Event::Taken(_) => "taken",
        Event::Succeeded(_) => "succeeded",
        Event::Replied { .. } => "replied",
        Event::Failed { .. } => "failed",
        Event::Progress { .. } => "progress",
        Event::Waited(_) => "waited",
        Event::Ready(_) => "ready",
        Event::NotReady(_) => "not_ready",
        Event::Decided { .. } => "decided",
        Event::Abandoned(_) => "abandoned",
        Event::Interrupted => "interrupted",
    }
}

words! {
    /// The word for what a notice tells.
    notice_word(What) -> NOTICES {
        What::AttemptFailed { .. } => "attempt_failed",
        What::Recovered { .. } => "recovered",
        What::Skipped { .. } => "skipped",
        What::MovedOn => "moved_on",
        What::Returned => "returned",
        What::Hedged { .. } => "hedged",
        What::HedgeWon => "hedge_won",
        What::NotReady => "not_ready",
        What::Rebuilt => "rebuilt",
        What::NotRebuilt => "not_rebuilt",
        What::BreakerOpened { .. } => "breaker_opened",
        What::BreakerClosed { .. } => "breaker_closed",
        What::Cooldown { .. } => "cooldown",
        What::Waiting { .. } => "waiting",
        What::Replied { .. } => "replied",
        What::ApprovalAsked { .. } => "approval_asked",
        What::Decided { .. } => "decided",
        What::Tool { .. } => "tool",
        What::LimitReached(_) => "limit_reached",
        What::UsageUnknown => "usage_unknown",
        What::Finished(_) => "finished",
    }
}

words! {
    /// The word for an end.
    end_of(End) -> ENDS {
        End::Succeeded => "succeeded",
        End::Permanent => "permanent",
        End::Exhausted => "exhausted",
        End::NoRoute => "no_route",
        End::Limit(_) => "limit",
        End::Cancelled => "cancelled",
    }
}

words! {
    /// The word for what became of a tool call; the core has the same in [`ToolOutcome::name`].
    outcome_word(ToolOutcome) -> OUTCOMES {
        ToolOutcome::Ran => "ran",
        ToolOutcome::Failed => "failed",
        ToolOutcome::OutcomeUnknown => "outcome_unknown",
        ToolOutcome::Denied => "denied",
        ToolOutcome::Expired => "expired",
        ToolOutcome::NoApprover => "no_approver",
        ToolOutcome::Withdrawn => "withdrawn",
        ToolOutcome::UnknownTool => "unknown_tool",
        ToolOutcome::BadArguments => "bad_arguments",
        ToolOutcome::NotRun(_) => "not_run",
    }
}

/// The word for an end.
#[must_use]
pub const fn end_word(end: End) -> &'static str {
    end_of(&end)
}

/// Everything that `tests/vectors/names.json` must say.
#[must_use]
pub fn all() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("command", COMMANDS),
        ("event", EVENTS),
        ("notice", NOTICES),
        ("end", ENDS),
        ("outcome", OUTCOMES),
        ("stop_reason", StopReason::NAMES),
        ("failure_kind", FailureKind::NAMES),
        ("failure_phase", Phase::NAMES),
        ("failure_effect", Effect::NAMES),
        ("limit", Limit::NAMES),
        ("wait_why", WaitWhy::NAMES),
        ("switch_why", SwitchWhy::NAMES),
        ("cancel_why", CancelWhy::NAMES),
        ("replay", Replay::NAMES),
        ("decision", Decision::NAMES),
        ("reply_kind", ReplyKind::NAMES),
        ("raised", Raised::NAMES),
        ("breaker_state", BreakerState::NAMES),
        ("breaker_order", Order::NAMES),
        ("follows", Follows::NAMES),
        ("seen", Seen::NAMES),
        ("skip", Skip::NAMES),
        ("scope", Scoped::NAMES),
        ("jitter", Jitter::NAMES),
        ("past_patience", PastPatience::NAMES),
        ("fallback_scope", FallbackScope::NAMES),
        ("when_refused", WhenRefused::NAMES),
        ("rule_again", Again::NAMES),
        ("rule_rebuild", RebuildRule::NAMES),
        ("rule_next", NextRule::NAMES),
        ("rule_charge", Charge::NAMES),
        ("rule_cool", Cool::NAMES),
    ])
}
