//! Calls: two verbs each, in the scope of a turn. An attempt that was let through by the short way is a call, too.

use alloc::string::String;

use failsoft::command::{Command, Event, Id};
use failsoft::turn::explain_call;
use failsoft::value::Spelling;
use failsoft::{Call, Replay, Work};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::command::{GONE, event, write};
use crate::convert::{failure, instant, invalid, maybe_span, named};
use crate::plain::value;
use crate::tables::{Guarded, Handle, with};

/// A call that has not begun.
#[wasm_bindgen(js_name = callNew)]
pub fn new(
    turn: Handle,
    replay: &str,
    streaming: bool,
    restartable: bool,
    timeout: f64,
    context_tokens: &JsValue,
) -> Result<Handle, JsValue> {
    let replay = named("replay", replay, Replay::NAMES, Replay::from_name(replay))?;
    let call = Call::new(Work::Function).replay(replay).timeout(maybe_span(timeout));
    let call = call.needs_value(&value(context_tokens), Spelling::JavaScript).map_err(invalid)?;
    let core = if streaming { call.streaming(restartable) } else { call };
    Ok(with(|tables| tables.keep_call(Guarded { turn, core })))
}

/// What to do next; with `take`, what it says is taken in the same breath.
#[wasm_bindgen(js_name = callPoll)]
pub fn poll(call: Handle, now: f64, take: bool) -> u32 {
    let now = instant(now);
    let said = with(|tables| {
        let (call, turn, session) = tables.call(call)?;
        let scope = turn.scope_mut();
        let next = if take { call.next(scope, session, now) } else { call.poll(scope, session, now) };
        Some(write(next, now, || match next {
            Command::Finish(verdict) => explain_call(session, turn.scope(), call.id(), verdict),
            _ => String::new(),
        }))
    });
    said.unwrap_or(GONE)
}

fn tell(call: Handle, now: f64, event: Event<'_>) -> bool {
    with(|tables| {
        let Some((call, turn, session)) = tables.call(call) else { return false };
        call.handle(turn.scope_mut(), session, instant(now), event).accepted()
    })
}

/// An event that is no more than an id.
#[wasm_bindgen(js_name = callTell)]
pub fn tell_plain(call: Handle, now: f64, number: u32, id: Id) -> bool {
    event(number, id).is_some_and(|event| tell(call, now, event))
}

/// The attempt failed.
#[wasm_bindgen(js_name = callFailed)]
#[expect(clippy::too_many_arguments, reason = "a failure crosses as numbers")]
pub fn failed(
    call: Handle,
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
    tell(call, now, Event::Failed { id, failure })
}

/// A stream brought something.
#[wasm_bindgen(js_name = callProgress)]
pub fn progress(call: Handle, now: f64, id: Id, meaningful: bool) -> bool {
    tell(call, now, Event::Progress { id, meaningful })
}
