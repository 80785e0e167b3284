//! Turns: two verbs, and the short way into a call.

use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use failsoft::command::{Event, Id, Reply, ReplyKind, Risk, ToolCall};
use failsoft::notice::What;
use failsoft::policy::approval::{Decision, Digest};
use failsoft::policy::limits::{Limit, Usage};
use failsoft::value::{Spelling, Value};
use failsoft::{Call, RouteId, Session, Tool, ToolOutcome, Turn, Work};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::command::{GONE, event, write, write_attempt};
use crate::convert::{failure, instant, invalid, maybe_span, named};
use crate::out::{failure as written, say, span};
use crate::plain::{thing, value};
use crate::tables::{Guarded, Handle, Tables, Within, with};

fn read_tools(rows: Vec<JsValue>) -> Result<Arc<[Tool]>, JsValue> {
    let mut tools = Vec::with_capacity(rows.len());
    for row in &rows {
        tools.push(Tool::from_value(&value(row), Spelling::JavaScript).map_err(invalid)?);
    }
    Ok(tools.into())
}

/// Refuses a tool whose fields are wrong.
#[wasm_bindgen(js_name = toolCheck)]
pub fn check_tool(row: JsValue) -> Result<(), JsValue> {
    read_tools(vec![row]).map(drop)
}

/// A turn that begins now; `tools` are objects of name, risky, replay and timeout.
#[wasm_bindgen(js_name = turnNew)]
pub fn new(session: Handle, tools: Vec<JsValue>, now: f64) -> Result<Handle, JsValue> {
    let tools = read_tools(tools)?;
    with(|tables| {
        let lent = tables.sessions.get_mut(session).ok_or("the session is gone")?;
        let core = Turn::new(lent, tools, instant(now));
        Ok(tables.turns.insert(Within { session, calls: 0, core }))
    })
}

/// A turn from its snapshot, its tools given anew.
#[wasm_bindgen(js_name = turnRestore)]
pub fn restore(session: Handle, stored: &JsValue, tools: Vec<JsValue>, now: f64, wall: f64) -> Result<Handle, JsValue> {
    let tools = read_tools(tools)?;
    let stored = value(stored);
    with(|tables| {
        let lent = tables.sessions.get_mut(session).ok_or("the session is gone")?;
        let core = Turn::restore_value(&stored, lent, tools, instant(now), wall as u64).map_err(invalid)?;
        Ok(tables.turns.insert(Within { session, calls: 0, core }))
    })
}

fn of<R: Default>(turn: Handle, ask: impl FnOnce(&mut Turn, &mut Session) -> R) -> R {
    with(|tables| tables.turn(turn).map(|(turn, session)| ask(turn, session))).unwrap_or_default()
}

/// The state as plain data.
#[wasm_bindgen(js_name = turnSnapshot)]
pub fn snapshot(turn: Handle, now: f64, wall: f64) -> JsValue {
    let stored = of(turn, |turn, session| Some(turn.snapshot_value(session, instant(now), wall as u64)));
    stored.as_ref().map_or(JsValue::NULL, thing)
}

/// What to do next; with `take`, what it says is taken in the same breath.
#[wasm_bindgen(js_name = turnPoll)]
pub fn poll(turn: Handle, now: f64, take: bool) -> u32 {
    let now = instant(now);
    let said = of(turn, |turn, session| {
        let next = if take { turn.next(session, now) } else { turn.poll(session, now) };
        Some(write(next, now, || turn.detail().to_string()))
    });
    said.unwrap_or(GONE)
}

fn tell(turn: Handle, now: f64, event: Event<'_>) -> bool {
    of(turn, |turn, session| turn.handle(session, instant(now), event).accepted())
}

/// An event that is no more than an id.
#[wasm_bindgen(js_name = turnTell)]
pub fn tell_plain(turn: Handle, now: f64, number: u32, id: Id) -> bool {
    event(number, id).is_some_and(|event| tell(turn, now, event))
}

/// The attempt failed.
#[wasm_bindgen(js_name = turnFailed)]
#[expect(clippy::too_many_arguments, reason = "a failure crosses as numbers")]
pub fn failed(
    turn: Handle,
    now: f64,
    id: Id,
    kind: f64,
    status: f64,
    after: f64,
    reset: f64,
    phase: f64,
    hint: f64,
    effect: f64,
) -> bool {
    let failure = failure([kind, status, after, reset, phase, hint, effect]);
    tell(turn, now, Event::Failed { id, failure })
}

/// A stream brought something.
#[wasm_bindgen(js_name = turnProgress)]
pub fn progress(turn: Handle, now: f64, id: Id, meaningful: bool) -> bool {
    tell(turn, now, Event::Progress { id, meaningful })
}

/// What the attempt has used of the model; a count that is NaN is unknown.
#[wasm_bindgen(js_name = turnSpent)]
pub fn spent(turn: Handle, now: f64, id: Id, input_tokens: f64, output_tokens: f64) -> bool {
    tell(turn, now, Event::Spent { id, usage: usage(input_tokens, output_tokens) })
}

fn usage(input_tokens: f64, output_tokens: f64) -> Usage {
    let count = |tokens: f64| (tokens >= 0.0).then_some(tokens as u64);
    Usage { input_tokens: count(input_tokens), output_tokens: count(output_tokens) }
}

/// The models of these routes stream, for the model requests to come: a bit for each place in the chain, in two halves.
#[wasm_bindgen(js_name = turnStreamOn)]
pub fn stream_on(turn: Handle, low: u32, high: u32, restartable: bool) {
    let bits = u64::from(high) << 32 | u64::from(low);
    let routes = (0..64).filter(|place| bits >> place & 1 == 1).map(RouteId).collect();
    of(turn, |turn, _| turn.streams(routes, restartable));
}

/// A person decided.
#[wasm_bindgen(js_name = turnDecided)]
pub fn decided(turn: Handle, now: f64, id: Id, decision: &str, digest: &str) -> Result<bool, JsValue> {
    let decision = named("decision", decision, Decision::NAMES, Decision::from_name(decision))?;
    let Some(digest) = Digest::from_hex(digest) else { return Ok(false) };
    Ok(tell(turn, now, Event::Decided { id, decision, digest }))
}

/// The model request brought this; `rows` are objects of name, digest, complaint and risky, counts that are NaN are unknown.
#[wasm_bindgen(js_name = turnReplied)]
pub fn replied(
    turn: Handle,
    now: f64,
    id: Id,
    kind: &str,
    rows: Vec<JsValue>,
    input_tokens: f64,
    output_tokens: f64,
) -> Result<bool, JsValue> {
    let kind = named("reply", kind, ReplyKind::NAMES, ReplyKind::from_name(kind))?;
    let usage = usage(input_tokens, output_tokens);
    let rows: Vec<Value> = rows.iter().map(value).collect();
    let calls: Vec<ToolCall<'_>> = rows.iter().map(read_call).collect();
    Ok(tell(turn, now, Event::Replied { id, reply: Reply::new(kind, &calls), usage }))
}

fn read_call(row: &Value) -> ToolCall<'_> {
    let text = |field: &str| match row.get(field) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let complaint = text("complaint").unwrap_or("the arguments have no digest");
    let risky = match row.get("risky") {
        Some(Value::Bool(said)) => Risk::Said(*said),
        Some(Value::Text(_)) => Risk::Unknown,
        _ => Risk::Declared,
    };
    ToolCall {
        name: text("name").unwrap_or_default(),
        arguments: text("digest").and_then(Digest::from_hex).ok_or(complaint),
        risky,
    }
}

/// What became of a tool call: the word for it, and the limit if that kept it from running; nothing while it is open.
#[wasm_bindgen(js_name = turnOutcome)]
pub fn outcome(turn: Handle, index: u32) -> Vec<String> {
    of(turn, |turn, _| {
        let Some(outcome) = turn.outcome(index) else { return Vec::new() };
        let limit = if let ToolOutcome::NotRun(limit) = outcome { Some(limit.name()) } else { None };
        [Some(outcome.name()), limit].into_iter().flatten().map(str::to_string).collect()
    })
}

/// What the model is told about a tool call that brought no result of its own.
#[wasm_bindgen(js_name = turnSentence)]
pub fn sentence(turn: Handle, index: u32) -> Option<String> {
    of(turn, |turn, _| turn.sentence(index))
}

/// What the user is told in place of an answer.
#[wasm_bindgen(js_name = turnDegradedAnswer)]
pub fn degraded_answer(turn: Handle) -> Option<String> {
    of(turn, |turn, _| turn.degraded_answer())
}

/// Counts a step; the limit in the way, if there is one.
#[wasm_bindgen(js_name = turnTakeStep)]
pub fn take_step(turn: Handle, now: f64) -> Option<String> {
    of(turn, |turn, session| turn.take_step(session, instant(now)).err().map(Limit::name).map(str::to_string))
}

/// What became of the turn so far, as numbers in `out`; its route, if it came to one, is what is returned.
#[wasm_bindgen(js_name = turnTally)]
pub fn tally(turn: Handle) -> Option<String> {
    of(turn, |turn, session| {
        let report = turn.report(session);
        let count = |tokens: Option<u64>| tokens.map_or(f64::NAN, |count| count as f64);
        say(0, &written(report.failure));
        let numbers = [
            report.stop_reason.map_or(-1.0, |reason| f64::from(reason as u32)),
            f64::from(u8::from(report.degraded)),
            f64::from(report.steps),
            f64::from(report.attempts),
            f64::from(report.tool_calls),
            count(report.usage.input_tokens),
            count(report.usage.output_tokens),
            count(report.spent.input_tokens),
            count(report.spent.output_tokens),
        ];
        say(7, &numbers);
        turn.scope().answered_by().map(|route| session.route_name(route).to_string())
    })
}

/// Tools that were not allowed to run.
#[wasm_bindgen(js_name = turnBlocked)]
pub fn blocked(turn: Handle) -> Vec<String> {
    of(turn, |turn, session| turn.report(session).blocked)
}

/// The whole event log, for people.
#[wasm_bindgen(js_name = turnLines)]
pub fn lines(turn: Handle) -> Vec<String> {
    of(turn, |turn, session| turn.report(session).lines)
}

/// The line of the next notice that was not read yet, its numbers in `out`; nothing when all are.
#[wasm_bindgen(js_name = turnNotice)]
pub fn notice(turn: Handle) -> Option<String> {
    of(turn, |turn, session| {
        let notice = turn.poll_notice()?;
        let at = span(Some(notice.at - turn.scope().started()));
        let route = notice.route.map_or(-1.0, |route| f64::from(route.0));
        say(0, &[at, notice.what.number() as f64, route]);
        say(
            3,
            &match notice.what {
                What::AttemptFailed { number, failure, next, delay } => {
                    [f64::from(number), f64::from(failure.kind as u32), f64::from(next as u32), span(Some(delay))]
                }
                _ => [f64::NAN, -1.0, -1.0, f64::NAN],
            },
        );
        Some(turn.scope().event_log().line(session, &notice))
    })
}

/// Milliseconds left until the deadline; NaN without one.
#[wasm_bindgen(js_name = turnTimeLeft)]
pub fn time_left(turn: Handle, now: f64) -> f64 {
    let now = instant(now);
    span(of(turn, |turn, _| turn.scope().deadline().map(|deadline| deadline - now)))
}

/// Brings the deadline forward to so many milliseconds from now.
#[wasm_bindgen(js_name = turnShorten)]
pub fn shorten(turn: Handle, now: f64, timeout: f64) {
    if let Some(span) = maybe_span(timeout) {
        of(turn, |turn, _| turn.scope_mut().shorten(instant(now) + span));
    }
}

/// Begins within another turn, of whichever session: with its time left at most, and, if shared, within its budgets.
#[wasm_bindgen(js_name = turnInherit)]
pub fn inherit(turn: Handle, now: f64, parent: Handle, there: f64, share_budgets: bool) {
    with(|tables| {
        let Some(parent) = tables.turns.get_mut(parent) else { return };
        let inherited = parent.core.hand_down(instant(there), share_budgets);
        if let Some(turn) = tables.turns.get_mut(turn) {
            turn.core.inherit(inherited, instant(now));
        }
    });
}

/// Names the run, so that its idempotency keys repeat when it is run again.
#[wasm_bindgen(js_name = turnSetRunId)]
pub fn set_run_id(turn: Handle, run_id: &str) -> Result<(), JsValue> {
    let refused = |wrong| invalid(failsoft::Invalid { field: "runId".to_string(), ..wrong });
    let told = of(turn, |turn, _| turn.scope_mut().set_run_id(run_id).err());
    told.map_or(Ok(()), |wrong| Err(refused(wrong)))
}

/// The short way into a call. The handle of what was let through, its attempt in `out`; or, as `-1 - handle`, of a call to be
/// driven by `poll`.
#[wasm_bindgen(js_name = turnEnter)]
pub fn enter_call(turn: Handle, now: f64, streaming: bool, restartable: bool) -> i32 {
    with(|tables| {
        let Tables { turns, sessions, calls, .. } = tables;
        let Some(entering) = turns.get_mut(turn) else { return i32::MIN };
        let Some(session) = sessions.get_mut(entering.session) else { return i32::MIN };
        let scope = entering.core.scope_mut();
        let call = Call::new(Work::Function);
        let call = if streaming { call.streaming(restartable) } else { call };
        // In its place from the beginning: a call is three hundred bytes.
        let Some((handle, guarded)) = calls.insert_with(|| Guarded { turn, core: call }) else { return i32::MIN };
        let (call, key) = (&mut guarded.core, i32::try_from(handle).unwrap_or(i32::MAX));
        entering.calls += 1;
        if !call.enter(scope, session, instant(now)) {
            return -1 - key;
        }
        if let Some(attempt) = call.attempted(scope) {
            write_attempt(&attempt);
        }
        key
    })
}

/// The attempt that was let through worked; its handle is free again.
#[wasm_bindgen(js_name = settle)]
pub fn settled(call: Handle, now: f64) {
    with(|tables| {
        if let Some((call, turn, session)) = tables.call(call) {
            call.settle(turn.scope_mut(), session, instant(now), Ok(()));
        }
        tables.drop_call(call);
    });
}
