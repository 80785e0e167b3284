//! Turns: two verbs, and the short way into a call.

use std::sync::Arc;

use failsoft::command::{Command, Event, Id, Reply, ReplyKind, Risk, ToolCall};
use failsoft::policy::approval::{Decision, Digest};
use failsoft::policy::limits::Limit;
use failsoft::value::{Spelling, Value};
use failsoft::{Call, Inherited, Instant, Invalid, RouteId, Tool, ToolOutcome, Turn, Verdict, Work};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::convert::{event, failure, instant, invalid, maybe_span, named, text, usage};
use crate::forms::{CommandForm, NoticeForm, TallyForm};
use crate::inward::value;
use crate::out::{millis, say_attempt};
use crate::outward::{object, plain};
use crate::session::{OfSession, OfTurn, Session};
use crate::table::Handle;

fn read_tools(rows: &[JsValue]) -> Result<Arc<[Tool]>, JsValue> {
    let mut tools = Vec::new();
    for row in rows {
        tools.push(Tool::from_value(&value(row), Spelling::JavaScript).map_err(invalid)?);
    }
    Ok(tools.into())
}

/// Refuses a tool whose fields are wrong.
#[wasm_bindgen(js_name = toolCheck)]
pub fn check_tool(row: JsValue) -> Result<(), JsValue> {
    read_tools(&[row]).map(drop)
}

/// What a turn hands down to one that begins within it, perhaps of another session.
#[wasm_bindgen]
pub struct Legacy(Inherited);

impl Session {
    fn tell(&mut self, turn: Handle, now: f64, event: Event<'_>) -> bool {
        self.turn(turn, |turn, session| turn.handle(session, instant(now), event).accepted())
    }
}

#[wasm_bindgen(js_class = EngineSession)]
impl Session {
    /// A turn that begins now, without tools.
    #[wasm_bindgen(js_name = turnBegin)]
    pub fn turn_begin(&mut self, now: f64) -> Handle {
        let Self { core, turns, .. } = self;
        let made = turns.insert_with(|| OfSession::new(Turn::new(core, Arc::default(), instant(now))));
        made.map_or(Handle::MAX, |(handle, _)| handle)
    }

    /// A turn that begins now; `tools` are objects of name, risky, replay and timeout.
    #[wasm_bindgen(js_name = turnWithTools)]
    pub fn turn_with_tools(&mut self, tools: Vec<JsValue>, now: f64) -> Result<Handle, JsValue> {
        let core = Turn::new(&mut self.core, read_tools(&tools)?, instant(now));
        Ok(self.turns.insert(OfSession::new(core)))
    }

    /// A turn from its snapshot, its tools given anew.
    #[wasm_bindgen(js_name = turnRestore)]
    pub fn turn_restore(
        &mut self,
        stored: &JsValue,
        tools: Vec<JsValue>,
        now: f64,
        wall: f64,
    ) -> Result<Handle, JsValue> {
        let (stored, tools) = (value(stored), read_tools(&tools)?);
        let core = Turn::restore_value(&stored, &self.core, tools, instant(now), wall as u64).map_err(invalid)?;
        Ok(self.turns.insert(OfSession::new(core)))
    }

    /// Drops a turn with whatever calls of it were never finished.
    #[wasm_bindgen(js_name = turnDrop)]
    pub fn turn_drop(&mut self, turn: Handle) {
        self.turns.remove(turn);
    }

    /// The state as plain data.
    #[wasm_bindgen(js_name = turnSnapshot)]
    pub fn turn_snapshot(&mut self, turn: Handle, now: f64, wall: f64) -> JsValue {
        let stored = self.turn(turn, |turn, session| Some(turn.snapshot_value(session, instant(now), wall as u64)));
        stored.as_ref().map_or(JsValue::NULL, plain)
    }

    /// What to do next; with `take`, what it says is taken in the same breath. An attempt stands in `out` and is undefined here; null
    /// says that the turn is gone.
    #[wasm_bindgen(js_name = turnPoll)]
    pub fn turn_poll(&mut self, turn: Handle, now: f64, take: bool) -> JsValue {
        let now = instant(now);
        let said = self.turn(turn, |turn, session| {
            let next = if take { turn.next(session, now) } else { turn.poll(session, now) };
            Some(said(next, now, |_| turn.detail().to_string()))
        });
        said.unwrap_or(JsValue::NULL)
    }

    /// An event that is no more than an id.
    #[wasm_bindgen(js_name = turnTell)]
    pub fn turn_tell(&mut self, turn: Handle, now: f64, number: u32, id: Id) -> bool {
        event(number, id).is_some_and(|event| self.tell(turn, now, event))
    }

    /// The attempt failed, and has used this of the model, if that is said.
    #[wasm_bindgen(js_name = turnFailed)]
    pub fn turn_failed(&mut self, turn: Handle, now: f64, id: Id, fields: &JsValue, spent: &JsValue) -> bool {
        self.tell(turn, now, Event::Failed { id, failure: failure(fields), spent: usage(spent) })
    }

    /// A stream brought something, and says to have used this so far, if it does.
    #[wasm_bindgen(js_name = turnProgress)]
    pub fn turn_progress(&mut self, turn: Handle, now: f64, id: Id, meaningful: bool, used: &JsValue) -> bool {
        self.tell(turn, now, Event::Progress { id, meaningful, usage: usage(used) })
    }

    /// The models of these routes stream, for the model requests to come: by their places in the chain.
    #[wasm_bindgen(js_name = turnStreamOn)]
    pub fn turn_stream_on(&mut self, turn: Handle, places: Vec<u8>, restartable: bool) {
        let routes = places.into_iter().map(RouteId).collect();
        self.turn(turn, |turn, _| turn.streams(routes, restartable));
    }

    /// A person decided.
    #[wasm_bindgen(js_name = turnDecided)]
    pub fn turn_decided(
        &mut self,
        turn: Handle,
        now: f64,
        id: Id,
        decision: &str,
        digest: &str,
    ) -> Result<bool, JsValue> {
        let decision = named("decision", decision, Decision::NAMES, Decision::from_name(decision))?;
        let Some(digest) = Digest::from_hex(digest) else { return Ok(false) };
        Ok(self.tell(turn, now, Event::Decided { id, decision, digest }))
    }

    /// The model request brought this; `rows` are objects of name, digest, complaint and risky.
    #[wasm_bindgen(js_name = turnReplied)]
    pub fn turn_replied(
        &mut self,
        turn: Handle,
        now: f64,
        id: Id,
        kind: &str,
        rows: Vec<JsValue>,
        used: &JsValue,
    ) -> Result<bool, JsValue> {
        let kind = named("reply", kind, ReplyKind::NAMES, ReplyKind::from_name(kind))?;
        let rows: Vec<Value> = rows.iter().map(value).collect();
        let calls: Vec<ToolCall<'_>> = rows.iter().map(read_call).collect();
        Ok(self.tell(
            turn,
            now,
            Event::Replied { id, reply: Reply::new(kind, &calls), usage: usage(used).unwrap_or_default() },
        ))
    }

    /// What became of a tool call: the word for it, and the limit if that kept it from running; nothing while it is open.
    #[wasm_bindgen(js_name = turnOutcome)]
    pub fn turn_outcome(&mut self, turn: Handle, index: u32) -> Vec<String> {
        self.turn(turn, |turn, _| {
            let Some(outcome) = turn.outcome(index) else { return Vec::new() };
            let limit = if let ToolOutcome::NotRun(limit) = outcome { Some(limit.name()) } else { None };
            [Some(outcome.name()), limit].into_iter().flatten().map(str::to_string).collect()
        })
    }

    /// What the model is told about a tool call that brought no result of its own.
    #[wasm_bindgen(js_name = turnSentence)]
    pub fn turn_sentence(&mut self, turn: Handle, index: u32) -> Option<String> {
        self.turn(turn, |turn, _| turn.sentence(index))
    }

    /// What the user is told in place of an answer.
    #[wasm_bindgen(js_name = turnDegradedAnswer)]
    pub fn turn_degraded_answer(&mut self, turn: Handle) -> Option<String> {
        self.turn(turn, |turn, _| turn.degraded_answer())
    }

    /// Counts a step; the limit in the way, if there is one.
    #[wasm_bindgen(js_name = turnTakeStep)]
    pub fn turn_take_step(&mut self, turn: Handle, now: f64) -> Option<String> {
        self.turn(turn, |turn, session| {
            turn.take_step(session, instant(now)).err().map(Limit::name).map(str::to_string)
        })
    }

    /// What became of the turn so far.
    #[wasm_bindgen(js_name = turnTally)]
    pub fn turn_tally(&mut self, turn: Handle) -> JsValue {
        self.turn(turn, |turn, session| Some(object(&TallyForm::of(turn, session)))).unwrap_or(JsValue::UNDEFINED)
    }

    /// The next notice that was not read yet; undefined when all are.
    #[wasm_bindgen(js_name = turnNotice)]
    pub fn turn_notice(&mut self, turn: Handle) -> JsValue {
        let notice = self.turn(turn, |turn, session| {
            let notice = turn.poll_notice()?;
            Some(object(&NoticeForm::of(&notice, turn, session)))
        });
        notice.unwrap_or(JsValue::UNDEFINED)
    }

    /// Milliseconds left until the deadline, if there is one.
    #[wasm_bindgen(js_name = turnTimeLeft)]
    pub fn turn_time_left(&mut self, turn: Handle, now: f64) -> Option<f64> {
        let now = instant(now);
        self.turn(turn, |turn, _| turn.scope().deadline().map(|deadline| millis(deadline - now)))
    }

    /// Brings the deadline forward to so many milliseconds from now.
    #[wasm_bindgen(js_name = turnShorten)]
    pub fn turn_shorten(&mut self, turn: Handle, now: f64, timeout: f64) {
        if let Some(span) = maybe_span(timeout) {
            self.turn(turn, |turn, _| turn.scope_mut().shorten(instant(now) + span));
        }
    }

    /// What a turn hands down: its time left, and, if shared, its budgets.
    #[wasm_bindgen(js_name = turnHandDown)]
    pub fn turn_hand_down(&mut self, turn: Handle, now: f64, share_budgets: bool) -> Legacy {
        Legacy(self.turn(turn, |turn, _| turn.hand_down(instant(now), share_budgets)))
    }

    /// Begins within another turn.
    #[wasm_bindgen(js_name = turnInherit)]
    pub fn turn_inherit(&mut self, turn: Handle, now: f64, legacy: Legacy) {
        self.turn(turn, |turn, _| turn.inherit(legacy.0, instant(now)));
    }

    /// Names the run, so that its idempotency keys repeat when it is run again.
    #[wasm_bindgen(js_name = turnSetRunId)]
    pub fn turn_set_run_id(&mut self, turn: Handle, run_id: &str) -> Result<(), JsValue> {
        let named = |wrong| invalid(Invalid { field: "runId".to_string(), ..wrong });
        self.turn(turn, |turn, _| turn.scope_mut().set_run_id(run_id).err()).map_or(Ok(()), |wrong| Err(named(wrong)))
    }

    /// The short way into a call. The handle of what was let through, its attempt in `out`; or, as `-1 - handle`, of a call to be
    /// driven by `callPoll`.
    #[wasm_bindgen(js_name = enter)]
    pub fn enter(&mut self, turn: Handle, now: f64, streaming: bool, restartable: bool) -> i32 {
        let Some(OfSession { core, calls, .. }) = self.turns.get_mut(turn) else { return i32::MIN };
        let scope = core.scope_mut();
        let call = Call::new(Work::Function);
        let call = if streaming { call.streaming(restartable) } else { call };
        // In its place from the beginning: a call is three hundred bytes.
        let Some((handle, entry)) = calls.insert_with(|| OfTurn::new(call)) else { return i32::MIN };
        let key = i32::try_from(handle).unwrap_or(i32::MAX);
        if !entry.core.enter(scope, &mut self.core, instant(now)) {
            return -1 - key;
        }
        if let Some(attempt) = entry.core.attempted(scope) {
            say_attempt(&attempt);
        }
        key
    }

    /// The attempt that was let through worked; its handle is free again.
    #[wasm_bindgen(js_name = settle)]
    pub fn settle(&mut self, turn: Handle, call: Handle, now: f64) {
        let Some(OfSession { core, calls, .. }) = self.turns.get_mut(turn) else { return };
        if let Some(entry) = calls.get_mut(call) {
            entry.core.settle(core.scope_mut(), &mut self.core, instant(now), Ok(()));
            calls.remove(call);
        }
    }
}

/// A command as it goes out: an attempt in numbers, anything else as an object.
pub(crate) fn said(next: Command, now: Instant, message: impl FnOnce(Verdict) -> String) -> JsValue {
    if let Command::Attempt(attempt) = next {
        say_attempt(&attempt);
    }
    CommandForm::of(next, now, message).as_ref().map_or(JsValue::UNDEFINED, object)
}

fn read_call(row: &Value) -> ToolCall<'_> {
    let complaint = text(row, "complaint").unwrap_or("the arguments have no digest");
    let risky = match row.get("risky") {
        Some(Value::Bool(said)) => Risk::Said(*said),
        Some(Value::Text(_)) => Risk::Unknown,
        _ => Risk::Declared,
    };
    ToolCall {
        name: text(row, "name").unwrap_or_default(),
        arguments: text(row, "digest").and_then(Digest::from_hex).ok_or(complaint),
        risky,
    }
}
