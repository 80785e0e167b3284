//! Commands as plain data, and how what is expected is compared with them.

use failsoft::command::{Command, Work};
use failsoft::policy::Thousandths;
use failsoft::policy::breaker::Metrics;
use failsoft::time::Instant;
use failsoft::turn::{Report, ToolOutcome};
use failsoft::{Attempt, End, Session, Verdict};
use serde_json::{Value, json};
use std::time::Duration;

use crate::words::{command_word, end_word};

fn ms(span: Duration) -> Value {
    u64::try_from(span.as_millis()).map_or(Value::Null, Value::from)
}

fn at(instant: Instant) -> Value {
    instant.known().map_or(Value::Null, |at| at.as_millis().into())
}

fn work(work: Work) -> String {
    match work {
        Work::Model { step, with_tools: true } => format!("model {step}"),
        Work::Model { step, with_tools: false } => format!("model {step} without tools"),
        Work::Tool { index } => format!("tool {index}"),
        Work::Function => "function".into(),
    }
}

fn attempt(attempt: &Attempt, session: &Session) -> Value {
    json!({
        "id": attempt.id,
        "route": attempt.route.map(|route| session.route_name(route)),
        "client": attempt.client,
        "work": work(attempt.work),
        "number": attempt.number,
        "timeout_ms": ms(attempt.timeout),
        "until_ms": at(attempt.until),
        "first_progress_ms": attempt.first_progress.map(ms),
        "idle_ms": attempt.idle.map(ms),
        "idempotency_key": attempt.idempotency_key().map_or_else(|none| none.to_string(), |key| key.to_string()),
    })
}

fn finish(verdict: &Verdict) -> Value {
    json!({
        "end": end_word(verdict.end),
        "limit": if let End::Limit(limit) = verdict.end { Some(limit.name()) } else { None },
        "stop_reason": verdict.stop_reason().name(),
        "failure": verdict.failure.map(|failure| failure.kind.name()),
        "retry_at_ms": verdict.retry_at.map(at),
    })
}

/// A command as a vector writes it, every field given.
#[must_use]
pub fn command(command: &Command, session: &Session) -> Value {
    let fields = match command {
        Command::Attempt(said) => attempt(said, session),
        Command::Wait { id, delay, until, why } => {
            let delay = if *until == Instant::NEVER { Value::Null } else { ms(*delay) };
            json!({ "id": id, "delay_ms": delay, "until_ms": at(*until), "why": why.name() })
        }
        Command::Switch { id, route, until, why } => {
            json!({ "id": id, "route": session.route_name(*route), "until_ms": at(*until), "why": why.name() })
        }
        Command::Rebuild { id, route, client, until } => {
            json!({ "id": id, "route": session.route_name(*route), "client": client, "until_ms": at(*until) })
        }
        Command::AskApproval { id, index, digest, until } => {
            json!({ "id": id, "index": index, "digest": digest.to_string(), "until_ms": at(*until) })
        }
        Command::Cancel { id, why } => json!({ "id": id, "why": why.name() }),
        Command::Finish(verdict) => finish(verdict),
    };
    json!({ command_word(command): fields })
}

/// What a breaker goes by as a vector writes it, every field given.
#[must_use]
pub fn metrics(metrics: &Metrics) -> Value {
    let rate = |rate: Option<Thousandths>| match rate {
        Some(Thousandths(whole)) if whole % 1000 == 0 => json!(whole / 1000),
        rate => json!(rate.map(|rate| f64::from(rate.0) / 1000.0)),
    };
    json!({
        "state": metrics.state.name(),
        "calls": metrics.calls,
        "failed": metrics.failed,
        "slow": metrics.slow,
        "failure_rate": rate(metrics.failure_rate),
        "slow_rate": rate(metrics.slow_rate),
        "retry_at_ms": metrics.retry_at.map(at),
    })
}

/// A report as a vector writes it, every field given.
#[must_use]
pub fn report(report: &Report) -> Value {
    json!({
        "stop_reason": report.stop_reason.map(|reason| reason.name()),
        "degraded": report.degraded,
        "steps": report.steps,
        "attempts": report.attempts,
        "tool_calls": report.tool_calls,
        "blocked": report.blocked,
        "input_tokens": report.usage.input_tokens,
        "output_tokens": report.usage.output_tokens,
        "spent_input_tokens": report.spent.input_tokens,
        "spent_output_tokens": report.spent.output_tokens,
        "failure": report.failure.map(|failure| failure.kind.name()),
    })
}

/// What became of a tool call, as a vector writes it.
#[must_use]
pub fn outcome(index: u32, outcome: Option<ToolOutcome>) -> Value {
    let limit = if let Some(ToolOutcome::NotRun(limit)) = outcome { Some(limit.name()) } else { None };
    json!({ "index": index, "outcome": outcome.map(|outcome| outcome.name()), "limit": limit })
}

/// Whether `actual` is what was expected: every field that is given must be there and equal, `{"from", "to"}` is a range.
///
/// # Errors
/// The first difference.
pub fn fits(expected: &Value, actual: &Value) -> Result<(), String> {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(given)) => {
            for (key, wanted) in wanted {
                let given = given.get(key).ok_or_else(|| format!("no field {key} in {actual}"))?;
                fits(wanted, given).map_err(|wrong| format!("{key}: {wrong}"))?;
            }
            Ok(())
        }
        (Value::Object(range), Value::Number(number)) => {
            let bound = |name| range.get(name).and_then(Value::as_u64).ok_or_else(|| format!("{range:?} is no range"));
            let (from, to) = (bound("from")?, bound("to")?);
            let within = number.as_u64().is_some_and(|number| (from..=to).contains(&number));
            if within { Ok(()) } else { Err(format!("expected {from} to {to}, got {number}")) }
        }
        (Value::String(short), Value::String(whole)) if short.len() == 2 && *whole == short.repeat(32) => Ok(()),
        _ if expected == actual => Ok(()),
        _ => Err(format!("expected {expected}, got {actual}")),
    }
}
