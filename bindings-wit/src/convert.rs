//! Words, numbers and failures, between the WIT and the core.

use std::time::Duration;

use failsoft::Instant;
use failsoft::classify::Facts;
use failsoft::policy::Thousandths;
use failsoft::policy::breaker::Metrics;

use crate::wit;

/// Words that both sides have under one name. The matches are exhaustive: a word that one side lacks does not compile.
macro_rules! words {
    ($($core:path as $word:ident { $($variant:ident),+ })+) => {
        $(
            impl From<$core> for wit::$word {
                fn from(word: $core) -> Self {
                    match word { $(<$core>::$variant => Self::$variant),+ }
                }
            }

            impl From<wit::$word> for $core {
                fn from(word: wit::$word) -> Self {
                    match word { $(wit::$word::$variant => Self::$variant),+ }
                }
            }
        )+
    };
}

words! {
    failsoft::FailureKind as FailureKind {
        Connect, ReadTimeout, TimedOut, RateLimited, QuotaExhausted, Overloaded, ServerError, Malformed, StreamBroken, Auth,
        NotFound, ContextOverflow, ContentRefused, InvalidRequest, Certificate, Bug, Cancelled, Unknown
    }
    failsoft::policy::failure::Phase as FailurePhase { Pool, Connect, Send, FirstProgress, Idle, Total }
    failsoft::policy::failure::Effect as FailureEffect { None, Possible }
    failsoft::Replay as Replay { Idempotent, Keyed, Once }
    failsoft::command::WaitWhy as WaitWhy { Backoff, Rebuilt, Cooldown, Breaker, Activating, Running }
    failsoft::command::SwitchWhy as SwitchWhy { Begin, Fallback }
    failsoft::command::CancelWhy as CancelWhy { TimedOut, Deadline, Superseded }
    failsoft::policy::limits::Limit as Limit { Steps, ToolCalls, Attempts, Tokens, Deadline, SameFailure }
    failsoft::StopReason as StopReason {
        Answered, StepLimit, ToolLimit, TokenLimit, AttemptLimit, Deadline, RepeatedToolFailure,
        ModelUnavailable, NoRoute, Refused, AwaitingApproval, Cancelled, Error
    }
    failsoft::policy::approval::Decision as Decision { Once, Session, Always, Deny, Withdrawn, NoApprover }
    failsoft::command::ReplyKind as ReplyKind { Answer, ToolCalls, Nothing }
    failsoft::stream::Seen as Seen { Nothing, Progress, Finished, Done }
    failsoft::policy::breaker::BreakerState as BreakerState {
        Closed, Open, HalfOpen, Isolated, ForcedOpen, ForcedClosed, MetricsOnly
    }
    failsoft::policy::breaker::Order as BreakerOrder { Automatic, ForceOpen, ForceClosed, MetricsOnly }
}

/// A moment; absent for one that never comes.
pub(crate) fn instant(at: Instant) -> Option<wit::Instant> {
    at.known().map(Instant::as_millis)
}

/// A span.
pub(crate) fn ms(span: Duration) -> wit::Ms {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A span; absent for one without an end.
pub(crate) fn bounded(span: Duration) -> Option<wit::Ms> {
    // The longest span of a policy is 30 days; what is longer than 35,000 years was cut off nowhere.
    Some(ms(span)).filter(|ms| *ms <= 1 << 50)
}

/// What a breaker goes by.
pub(crate) fn breaker_metrics(metrics: Metrics) -> wit::BreakerMetrics {
    let Metrics { state, calls, failed, slow, failure_rate, slow_rate, retry_at } = metrics;
    let thousandths = |rate: Option<Thousandths>| rate.map(|rate| rate.0);
    wit::BreakerMetrics {
        state: state.into(),
        calls,
        failed,
        slow,
        failure_rate: thousandths(failure_rate),
        slow_rate: thousandths(slow_rate),
        retry_at: retry_at.and_then(instant),
    }
}

/// A failure from the host.
pub(crate) fn failure_in(said: wit::Failure) -> failsoft::Failure {
    let mut failure = failsoft::Failure::new(said.kind.into());
    failure.status = said.status;
    failure.retry_after = said.retry_after.map(Duration::from_millis);
    failure.reset_after = said.reset_after.map(Duration::from_millis);
    failure.phase = said.phase.map(Into::into);
    failure.should_retry = said.should_retry;
    failure.effect = said.effect.map_or(failure.effect, Into::into);
    failure
}

/// A failure for the host.
pub(crate) fn failure_out(failure: failsoft::Failure) -> wit::Failure {
    wit::Failure {
        kind: failure.kind.into(),
        status: failure.status,
        retry_after: failure.retry_after.map(ms),
        reset_after: failure.reset_after.map(ms),
        phase: failure.phase.map(Into::into),
        should_retry: failure.should_retry,
        effect: Some(failure.effect.into()),
    }
}

pub(crate) fn explanation_out(told: failsoft::classify::Explanation) -> wit::Explanation {
    let (text, failure) = (told.to_string(), failure_out(told.failure));
    wit::Explanation { rule: told.rule, failure, why: told.why, next: told.next, text }
}

/// Lends the core what a host could tell about an error.
pub(crate) fn with_facts<T>(facts: &wit::Facts, judge: impl FnOnce(&Facts<'_>) -> T) -> T {
    let classes: Vec<&str> = facts.classes.iter().map(String::as_str).collect();
    let headers: Vec<(&str, &str)> =
        facts.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    judge(&Facts {
        status: facts.status,
        headers: &headers,
        body: facts.body.as_deref(),
        code: facts.code.as_deref(),
        error_type: facts.error_type.as_deref(),
        message: facts.message.as_deref(),
        classes: &classes,
        phase: facts.phase.map(Into::into),
        provider: facts.provider.as_deref(),
        wall_ms: facts.wall_ms,
    })
}
