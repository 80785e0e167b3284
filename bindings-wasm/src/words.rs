//! The core's words and sentences.

use failsoft::command::{CancelWhy, Raised, ReplyKind, SwitchWhy, WaitWhy};
use failsoft::notice::{Follows, What};
use failsoft::policy::approval::Decision;
use failsoft::policy::failure::{Effect, FailureKind, Phase};
use failsoft::policy::limits::Limit;
use failsoft::stream::Seen;
use failsoft::{Replay, StopReason, foreign, text};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::convert::maybe_span;

/// A list that numbers in `out` are places of; `js/words.js` knows which is which.
#[wasm_bindgen(js_name = names)]
pub fn names(list: u32) -> Vec<String> {
    let words = match list {
        0 => FailureKind::NAMES,
        1 => Phase::NAMES,
        2 => Effect::NAMES,
        3 => StopReason::NAMES,
        4 => Limit::NAMES,
        5 => WaitWhy::NAMES,
        6 => SwitchWhy::NAMES,
        7 => CancelWhy::NAMES,
        8 => Decision::NAMES,
        9 => Replay::NAMES,
        10 => Raised::NAMES,
        11 => ReplyKind::NAMES,
        12 => What::NAMES,
        13 => Follows::NAMES,
        14 => Seen::NAMES,
        _ => &[],
    };
    words.iter().map(|word| word.to_string()).collect()
}

/// The sentence for a tool that a rule of the policy denies.
#[wasm_bindgen(js_name = deniedByRule)]
pub fn denied_by_rule(tool: &str) -> String {
    text::denied_by_rule(tool)
}

/// A name that somebody else wrote, on one line, escaped and cut at 64 characters.
#[wasm_bindgen(js_name = foreignName)]
pub fn foreign_name(text: &str) -> String {
    foreign::name(text).to_string()
}

/// A text that somebody else wrote, on one line, escaped and cut at 200 characters.
#[wasm_bindgen(js_name = foreignText)]
pub fn foreign_text(text: &str) -> String {
    foreign::text(text).to_string()
}

/// A value of an option that somebody else wrote, as a name in quotes.
#[wasm_bindgen(js_name = foreignQuoted)]
pub fn foreign_quoted(text: &str) -> String {
    foreign::quoted(text).to_string()
}

/// What a model is told about a tool that ran and failed.
#[wasm_bindgen(js_name = toolFailed)]
pub fn tool_failed(name: &str, error: &str) -> String {
    text::tool_failed(name, error)
}

/// Something was given up on at its limit.
#[wasm_bindgen(js_name = givenUpOn)]
pub fn given_up_on(what: &str, millis: f64) -> String {
    text::given_up_on(what, maybe_span(millis))
}

/// A breaker lets nothing through.
#[wasm_bindgen(js_name = breakerOpen)]
pub fn breaker_open(retry_in: f64) -> String {
    text::breaker_open(maybe_span(retry_in))
}

/// A reply that is neither an answer nor tool calls.
#[wasm_bindgen(js_name = emptyReply)]
pub fn empty_reply() -> String {
    text::EMPTY_REPLY.to_string()
}

/// All steps of a limiter are taken.
#[wasm_bindgen(js_name = stepsTaken)]
pub fn steps_taken(most: u32) -> String {
    text::steps_taken(most)
}

/// All steps of a turn are taken.
#[wasm_bindgen(js_name = noStepsLeft)]
pub fn no_steps_left() -> String {
    text::NO_STEPS_LEFT.to_string()
}

/// The deadline of a turn has passed.
#[wasm_bindgen(js_name = deadlinePassed)]
pub fn deadline_passed() -> String {
    text::DEADLINE_PASSED.to_string()
}
