//! Calls: two verbs each, in the scope of a turn. An attempt that was let through by the short way is a call, too.

use failsoft::command::{Event, Id};
use failsoft::turn::explain_call;
use failsoft::value::Spelling;
use failsoft::{Call, Replay, Work};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::convert::{event, failure, instant, invalid, maybe_span, named};
use crate::inward::value;
use crate::session::{OfTurn, Session};
use crate::table::Handle;
use crate::turn::said;

impl Session {
    fn tell_call(&mut self, turn: Handle, call: Handle, now: f64, event: Event<'_>) -> bool {
        self.call(turn, call)
            .is_some_and(|(call, turn, session)| call.handle(turn.scope_mut(), session, instant(now), event).accepted())
    }
}

#[wasm_bindgen(js_class = EngineSession)]
impl Session {
    /// A call that has not begun.
    #[wasm_bindgen(js_name = callNew)]
    pub fn call_new(
        &mut self,
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
        let turn = self.turns.get_mut(turn).ok_or("turn: it is over, and its place was given back; use another")?;
        Ok(turn.calls.insert(OfTurn::new(core)))
    }

    /// Drops a call, whether it is finished or not.
    #[wasm_bindgen(js_name = callDrop)]
    pub fn call_drop(&mut self, turn: Handle, call: Handle) {
        if let Some(turn) = self.turns.get_mut(turn) {
            turn.calls.remove(call);
        }
    }

    /// What to do next, as `turnPoll` says it.
    #[wasm_bindgen(js_name = callPoll)]
    pub fn call_poll(&mut self, turn: Handle, call: Handle, now: f64, take: bool) -> JsValue {
        let now = instant(now);
        let Some((call, turn, session)) = self.call(turn, call) else { return JsValue::NULL };
        let scope = turn.scope_mut();
        let next = if take { call.next(scope, session, now) } else { call.poll(scope, session, now) };
        said(next, now, |verdict| explain_call(session, turn.scope(), call.id(), verdict))
    }

    /// An event that is no more than an id.
    #[wasm_bindgen(js_name = callTell)]
    pub fn call_tell(&mut self, turn: Handle, call: Handle, now: f64, number: u32, id: Id) -> bool {
        event(number, id).is_some_and(|event| self.tell_call(turn, call, now, event))
    }

    /// The attempt failed.
    #[wasm_bindgen(js_name = callFailed)]
    pub fn call_failed(&mut self, turn: Handle, call: Handle, now: f64, id: Id, fields: &JsValue) -> bool {
        self.tell_call(turn, call, now, Event::Failed { id, failure: failure(fields), spent: None })
    }

    /// A stream brought something.
    #[wasm_bindgen(js_name = callProgress)]
    pub fn call_progress(&mut self, turn: Handle, call: Handle, now: f64, id: Id, meaningful: bool) -> bool {
        self.tell_call(turn, call, now, Event::Progress { id, meaningful, usage: None })
    }
}
