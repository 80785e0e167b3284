//! The core's words and sentences.

use failsoft::command::{CancelWhy, Raised, ReplyKind, SwitchWhy, WaitWhy};
use failsoft::policy::approval::Decision;
use failsoft::policy::failure::{Effect, FailureKind, Phase};
use failsoft::policy::limits::Limit;
use failsoft::{Replay, StopReason, words};
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::convert::maybe_span;

/// The lists that numbers in `out` are places of, by the names of `names.json`.
#[wasm_bindgen(js_name = names)]
pub fn names() -> Object {
    let lists: [(&str, &[&str]); 12] = [
        ("failure_kind", FailureKind::NAMES),
        ("failure_phase", Phase::NAMES),
        ("failure_effect", Effect::NAMES),
        ("stop_reason", StopReason::NAMES),
        ("limit", Limit::NAMES),
        ("wait_why", WaitWhy::NAMES),
        ("switch_why", SwitchWhy::NAMES),
        ("cancel_why", CancelWhy::NAMES),
        ("decision", Decision::NAMES),
        ("replay", Replay::NAMES),
        ("raised", Raised::NAMES),
        ("reply_kind", ReplyKind::NAMES),
    ];
    let object = Object::new();
    for (name, list) in lists {
        let list: Array = list.iter().map(|word| JsValue::from_str(word)).collect();
        // A plain new object takes every field.
        let _ = Reflect::set(&object, &JsValue::from_str(name), &list);
    }
    object
}

/// The sentence for a tool that a rule of the policy denies.
#[wasm_bindgen(js_name = deniedByRule)]
pub fn denied_by_rule(tool: &str) -> String {
    words::denied_by_rule(tool)
}

/// What a model is told about a tool that ran and failed.
#[wasm_bindgen(js_name = toolFailed)]
pub fn tool_failed(name: &str, error: &str) -> String {
    words::tool_failed(name, error)
}

/// Something was given up on at its limit.
#[wasm_bindgen(js_name = givenUpOn)]
pub fn given_up_on(what: &str, millis: f64) -> String {
    words::given_up_on(what, maybe_span(millis))
}

/// A breaker lets nothing through.
#[wasm_bindgen(js_name = breakerOpen)]
pub fn breaker_open(retry_in: f64) -> String {
    words::breaker_open(maybe_span(retry_in))
}

/// A reply that is neither an answer nor tool calls.
#[wasm_bindgen(js_name = emptyReply)]
pub fn empty_reply() -> String {
    words::empty_reply().to_string()
}

/// All steps of a limiter are taken.
#[wasm_bindgen(js_name = stepsTaken)]
pub fn steps_taken(most: u32) -> String {
    words::steps_taken(most)
}

/// All steps of a turn are taken.
#[wasm_bindgen(js_name = noStepsLeft)]
pub fn no_steps_left() -> String {
    words::no_steps_left().to_string()
}

/// The deadline of a turn has passed.
#[wasm_bindgen(js_name = deadlinePassed)]
pub fn deadline_passed() -> String {
    words::deadline_passed().to_string()
}
