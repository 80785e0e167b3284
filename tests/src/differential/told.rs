//! What stands in a transcript, beyond the plain words: fields as JSON, in the order of their names.

use std::collections::BTreeMap;
use std::time::Duration;

use failsoft::command::Command;
use failsoft::notice::{Notice, What};
use failsoft::policy::Thousandths;
use failsoft::policy::breaker::Metrics;
use failsoft::policy::failure::Failure;
use failsoft::{Instant, RouteId, Session, Turn, Verdict};
use serde_json::{Map, Value, json};

use crate::said;

/// Tool calls of which outcomes and sentences are told.
const TOOL_CALLS: u32 = 4;

/// A command with all that the classes of Python and JavaScript say of it; `message` is for an end.
pub(crate) fn command(command: &Command, session: &Session, at: Instant, message: String) -> String {
    let mut said = said::command(command, session);
    let Some((word, fields)) = said.as_object_mut().and_then(|said| said.iter_mut().next()) else { return message };
    if let (Command::Finish(verdict), Some(fields)) = (command, fields.as_object_mut()) {
        finish(fields, verdict, at);
        fields.insert("message".into(), message.into());
    }
    format!("{word} {}", sorted(fields))
}

fn finish(fields: &mut Map<String, Value>, verdict: &Verdict, at: Instant) {
    let retry_in = verdict.retry_at.and_then(Instant::known).map(|retry_at| ms(retry_at - at));
    fields.remove("retry_at_ms");
    fields.insert("retry_in_ms".into(), json!(retry_in));
    fields.insert("timed_out".into(), verdict.timed_out().into());
    fields.insert("raised".into(), json!([false, true].map(|original| verdict.raised(original).name())));
    fields.insert("failure".into(), failure(verdict.failure));
}

fn failure(failure: Option<Failure>) -> Value {
    let Some(failure) = failure else { return Value::Null };
    json!([
        failure.kind.name(),
        failure.status,
        failure.retry_after.map(ms),
        failure.reset_after.map(ms),
        failure.phase.map(|phase| phase.name()),
        failure.should_retry,
        failure.effect.name(),
    ])
}

/// What a notice holds beside its moment and its line.
pub(crate) fn notice(notice: &Notice, session: &Session) -> String {
    let failed = match notice.what {
        What::AttemptFailed { number, failure, next, delay } => {
            json!([number, failure.kind.name(), next.name(), ms(delay)])
        }
        _ => json!([null, null, null, null]),
    };
    let route = notice.route.map(|route| session.route_name(route));
    json!([notice.what.name(), route, failed]).to_string()
}

/// What a breaker goes by: a word, and numbers; rates in thousandths, the time when it may be asked in milliseconds.
pub(crate) fn metrics(metrics: &Metrics) -> Value {
    let Metrics { state, calls, failed, slow, failure_rate, slow_rate, retry_at } = metrics;
    let rate = |rate: &Option<Thousandths>| rate.map(|rate| rate.0);
    json!([state.name(), calls, failed, slow, rate(failure_rate), rate(slow_rate), retry_at.map(Instant::as_millis)])
}

/// What is left of a session; with its snapshot where there is a `wall` clock for it.
pub(crate) fn session(session: &Session, at: Instant, wall: Option<u64>) -> String {
    let routes = (0_u8..).zip(session.routes()).map(|(id, _)| RouteId(id));
    sorted(&json!({
        "breakers": routes.map(|route| metrics(&session.breaker_metrics(route, at))).collect::<Vec<_>>(),
        "approvals": session.standing_approvals().collect::<Vec<_>>(),
        "snapshot": wall.map(|wall| content(&session.snapshot(at, wall))),
    }))
}

/// What is left of a turn, likewise.
pub(crate) fn turn(turn: &Turn, session: &Session, at: Instant, wall: Option<u64>) -> String {
    let (scope, report) = (turn.scope(), turn.report(session));
    let outcome = |index| {
        let told = said::outcome(index, turn.outcome(index));
        json!([told["outcome"], told["limit"], turn.sentence(index)])
    };
    sorted(&json!({
        "route": scope.answered_by().map(|route| session.route_name(route)),
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
        "failure": failure(report.failure),
        "lines": report.lines,
        "time_left_ms": scope.deadline().map(|deadline| ms(deadline - at)),
        "degraded_answer": turn.degraded_answer(),
        "outcomes": (0..TOOL_CALLS).map(outcome).collect::<Vec<_>>(),
        "snapshot": wall.map(|wall| content(&turn.snapshot(session, at, wall))),
    }))
}

/// What a snapshot holds: hosts write its fields in orders of their own.
fn content(snapshot: &str) -> Value {
    serde_json::from_str(snapshot).unwrap_or_else(|_| snapshot.into())
}

fn sorted(fields: &Value) -> String {
    ordered(fields).to_string()
}

/// In the order of the names, all the way down, however this build orders its maps.
fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            sorted.into_iter().map(|(name, value)| (name.clone(), ordered(value))).collect()
        }
        Value::Array(items) => items.iter().map(ordered).collect(),
        plain => plain.clone(),
    }
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
