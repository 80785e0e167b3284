//! The objects that go out: their fields as JavaScript names them, spans in milliseconds.

use failsoft::classify::Explanation;
use failsoft::command::Command;
use failsoft::notice::{Notice, What};
use failsoft::policy::Thousandths;
use failsoft::policy::breaker::Metrics;
use failsoft::{End, Failure, Instant, Session, Turn, Verdict};
use serde::Serialize;

use crate::out::{known, limit, millis};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailureForm {
    kind: &'static str,
    status: Option<u16>,
    retry_after: Option<f64>,
    reset_after: Option<f64>,
    phase: Option<&'static str>,
    should_retry: Option<bool>,
    effect: &'static str,
}

impl FailureForm {
    pub(crate) fn of(failure: Failure) -> Self {
        Self {
            kind: failure.kind.name(),
            status: failure.status,
            retry_after: failure.retry_after.map(millis),
            reset_after: failure.reset_after.map(millis),
            phase: failure.phase.map(|phase| phase.name()),
            should_retry: failure.should_retry,
            effect: failure.effect.name(),
        }
    }
}

/// Every command but an attempt, which goes out as numbers.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(crate) enum CommandForm {
    Wait {
        id: u32,
        delay: f64,
        until: Option<f64>,
        why: &'static str,
    },
    Switch {
        id: u32,
        route: u8,
        until: Option<f64>,
        why: &'static str,
    },
    Rebuild {
        id: u32,
        route: u8,
        until: Option<f64>,
        generation: u32,
    },
    AskApproval {
        id: u32,
        index: u32,
        until: Option<f64>,
        digest: String,
    },
    Cancel {
        id: u32,
        why: &'static str,
    },
    Finish {
        end: &'static str,
        limit: Option<&'static str>,
        stop_reason: &'static str,
        retry_in: Option<f64>,
        timed_out: bool,
        /// Which error this end is, without an original one and with it.
        raises: [&'static str; 2],
        failure: Option<FailureForm>,
        message: String,
    },
}

impl CommandForm {
    /// `None` for an attempt. `message` says what an end comes to.
    pub(crate) fn of(command: Command, now: Instant, message: impl FnOnce(Verdict) -> String) -> Option<Self> {
        Some(match command {
            Command::Attempt(_) => return None,
            Command::Wait { id, delay, until, why } => {
                Self::Wait { id, delay: limit(delay), until: known(until), why: why.name() }
            }
            Command::Switch { id, route, until, why } => {
                Self::Switch { id, route: route.0, until: known(until), why: why.name() }
            }
            Command::Rebuild { id, route, client, until } => {
                Self::Rebuild { id, route: route.0, until: known(until), generation: client }
            }
            Command::AskApproval { id, index, digest, until } => {
                Self::AskApproval { id, index, until: known(until), digest: digest.to_string() }
            }
            Command::Cancel { id, why } => Self::Cancel { id, why: why.name() },
            Command::Finish(verdict) => Self::finish(verdict, now, message(verdict)),
        })
    }

    fn finish(verdict: Verdict, now: Instant, message: String) -> Self {
        let (end, limit) = match verdict.end {
            End::Succeeded => ("succeeded", None),
            End::Permanent => ("permanent", None),
            End::Exhausted => ("exhausted", None),
            End::NoRoute => ("no_route", None),
            End::Limit(reached) => ("limit", Some(reached.name())),
            End::Cancelled => ("cancelled", None),
        };
        Self::Finish {
            end,
            limit,
            stop_reason: verdict.stop_reason().name(),
            retry_in: verdict.retry_at.and_then(Instant::known).map(|at| millis(at - now)),
            timed_out: verdict.timed_out(),
            raises: [false, true].map(|has_original| verdict.raised(has_original).name()),
            failure: verdict.failure.map(FailureForm::of),
            message,
        }
    }
}

/// What became of a turn so far.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TallyForm<'a> {
    route: Option<&'a str>,
    stop_reason: Option<&'static str>,
    degraded: bool,
    steps: u32,
    attempts: u32,
    tool_calls: u32,
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    spent_input_tokens: Option<f64>,
    spent_output_tokens: Option<f64>,
    failure: Option<FailureForm>,
    blocked: Vec<String>,
    lines: Vec<String>,
}

impl<'a> TallyForm<'a> {
    pub(crate) fn of(turn: &Turn, session: &'a Session) -> Self {
        let report = turn.report(session);
        let count = |tokens: Option<u64>| tokens.map(|tokens| tokens as f64);
        Self {
            route: turn.scope().answered_by().map(|route| session.route_name(route)),
            stop_reason: report.stop_reason.map(|reason| reason.name()),
            degraded: report.degraded,
            steps: report.steps,
            attempts: report.attempts,
            tool_calls: report.tool_calls,
            input_tokens: count(report.usage.input_tokens),
            output_tokens: count(report.usage.output_tokens),
            spent_input_tokens: count(report.spent.input_tokens),
            spent_output_tokens: count(report.spent.output_tokens),
            failure: report.failure.map(FailureForm::of),
            blocked: report.blocked,
            lines: report.lines,
        }
    }
}

/// Something worth a log line. The last four are those of an attempt that failed.
#[derive(Serialize)]
pub(crate) struct NoticeForm<'a> {
    at: f64,
    line: String,
    what: &'static str,
    route: Option<&'a str>,
    attempt: Option<u32>,
    kind: Option<&'static str>,
    next: Option<&'static str>,
    delay: Option<f64>,
}

impl<'a> NoticeForm<'a> {
    pub(crate) fn of(notice: &Notice, turn: &Turn, session: &'a Session) -> Self {
        let (attempt, kind, next, delay) = match notice.what {
            What::AttemptFailed { number, failure, next, delay } => {
                (Some(number), Some(failure.kind.name()), Some(next.name()), Some(millis(delay)))
            }
            _ => (None, None, None, None),
        };
        let route = notice.route.map(|route| session.route_name(route));
        let line = turn.scope().event_log().line(session, notice);
        Self {
            at: millis(notice.at - turn.scope().started()),
            line,
            what: notice.what.name(),
            route,
            attempt,
            kind,
            next,
            delay,
        }
    }
}

/// What a breaker goes by.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetricsForm {
    state: &'static str,
    calls: u32,
    failed: u32,
    slow: u32,
    failure_rate: Option<f64>,
    slow_rate: Option<f64>,
    retry_in: Option<f64>,
}

impl MetricsForm {
    pub(crate) fn of(metrics: &Metrics, now: Instant) -> Self {
        let rate = |rate: Option<Thousandths>| rate.map(|rate| f64::from(rate.0) / 1000.0);
        let Metrics { state, calls, failed, slow, failure_rate, slow_rate, retry_at } = *metrics;
        let retry_in = retry_at.map(|at| millis(at - now));
        Self {
            state: state.name(),
            calls,
            failed,
            slow,
            failure_rate: rate(failure_rate),
            slow_rate: rate(slow_rate),
            retry_in,
        }
    }
}

/// What was decided about a failure, and why.
#[derive(Serialize)]
pub(crate) struct ExplanationForm {
    rule: String,
    failure: FailureForm,
    why: String,
    next: String,
    text: String,
}

impl ExplanationForm {
    pub(crate) fn of(explanation: Explanation) -> Self {
        let text = explanation.to_string();
        let Explanation { rule, failure, why, next, .. } = explanation;
        Self { rule, failure: FailureForm::of(failure), why, next, text }
    }
}
