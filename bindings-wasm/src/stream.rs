//! What a stream of chunks comes to. Its words stay in JavaScript, so that the rest of it is one number and nothing has to be freed.

use failsoft::stream::{Chunk, Course, LINGER, TAIL};
use failsoft::text;
use failsoft::value::Spelling;
use wasm_bindgen::prelude::wasm_bindgen;

/// For how many milliseconds a stream is read on: for its usage, and so that its connection can be used again.
#[wasm_bindgen(js_name = streamWaits)]
pub fn waits() -> Vec<u32> {
    [TAIL, LINGER].map(|wait| wait.as_millis() as u32).to_vec()
}

/// A stream of which nothing was read.
#[wasm_bindgen(js_name = streamNew)]
pub fn new(accept_cut: bool, wants_usage: bool) -> u32 {
    Course::new(accept_cut, wants_usage).number()
}

/// What it is after this chunk, in the lower 24 bits, and above them what the chunk was. `holds` has a bit for each field of a
/// chunk, in their order.
#[wasm_bindgen(js_name = streamTake)]
pub fn take(course: u32, holds: u32) -> u32 {
    let bit = |place: u32| holds >> place & 1 == 1;
    let word = |place: u32| bit(place).then_some("?");
    let mut course = Course::from_number(course);
    let seen = course.take(&Chunk {
        text: bit(0),
        tool_call: bit(1),
        reasoning: bit(2),
        finish: word(3),
        refusal: word(4),
        usage: bit(5),
        terminator: bit(6),
        malformed: bit(7),
        other: bit(8),
    });
    course.number() | (seen as u32) << 24
}

/// Why what came may not be taken for a whole answer: the kind and what to say; nothing when it may.
#[wasm_bindgen(js_name = streamEnd)]
pub fn end(course: u32, finish: Option<String>, refusal: Option<String>) -> Vec<String> {
    match Course::from_number(course).end(finish.as_deref(), refusal.as_deref()) {
        Some((kind, what)) => vec![kind.name().to_string(), what],
        None => Vec::new(),
    }
}

/// How far it has come, as a number of the phases; the higher one once a part of the answer has come.
#[wasm_bindgen(js_name = streamPhase)]
pub fn phase(course: u32) -> u32 {
    Course::from_number(course).phase() as u32
}

/// A stream did not bring a whole answer.
#[wasm_bindgen(js_name = streamFailed)]
pub fn failed(route: Option<String>, what: &str) -> String {
    text::stream_failed(route.as_deref(), what)
}

/// A request brought something else than a stream.
#[wasm_bindgen(js_name = noStream)]
pub fn none(found: &str) -> String {
    text::no_stream(found, Spelling::JavaScript)
}
