//! Commands as numbers: the kind is returned, the rest stands in `out`.

use alloc::string::{String, ToString as _};

use failsoft::command::{Command, Event, Id, KeySource};
use failsoft::{Attempt, End, Instant, Verdict, Work};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::out::{at, failure, limit, say, say_text, span};

/// The kind for what is not there any more: none that JavaScript knows.
pub(crate) const GONE: u32 = 7;

/// The kinds, in the order of `names.json`.
pub(crate) fn write(command: Command, now: Instant, message: impl FnOnce() -> String) -> u32 {
    match command {
        Command::Attempt(attempt) => {
            write_attempt(&attempt);
            0
        }
        Command::Wait { id, delay, until, why } => {
            say(0, &[f64::from(id), limit(delay), at(until), f64::from(why as u32)]);
            1
        }
        Command::Switch { id, route, until, why } => {
            say(0, &[f64::from(id), f64::from(route.0), at(until), f64::from(why as u32)]);
            2
        }
        Command::Rebuild { id, route, client, until } => {
            say(0, &[f64::from(id), f64::from(route.0), at(until), f64::from(client)]);
            3
        }
        Command::AskApproval { id, index, digest, until } => {
            say(0, &[f64::from(id), f64::from(index), at(until)]);
            say_text(digest.to_string());
            4
        }
        Command::Cancel { id, why } => {
            say(0, &[f64::from(id), f64::from(why as u32)]);
            5
        }
        Command::Finish(verdict) => {
            write_verdict(&verdict, now);
            say_text(message());
            6
        }
    }
}

pub(crate) fn write_attempt(attempt: &Attempt) {
    let (work, detail, with_tools) = match attempt.work {
        Work::Model { step, with_tools } => (0.0, f64::from(step), with_tools),
        Work::Tool { index } => (1.0, f64::from(index), false),
        Work::Function => (2.0, 0.0, false),
    };
    let [one, other, rest] = attempt.key.to_words();
    let halves = |part: u64| [f64::from((part >> 32) as u32), f64::from(part as u32)];
    let ([first, second], [third, fourth]) = (halves(one), halves(other));
    let numbers = [
        f64::from(attempt.id),
        attempt.route.map_or(-1.0, |route| f64::from(route.0)),
        f64::from(attempt.client),
        work,
        detail,
        f64::from(u8::from(with_tools)),
        f64::from(attempt.number),
        limit(attempt.timeout),
        at(attempt.until),
        span(attempt.first_progress),
        span(attempt.idle),
        first,
        second,
        third,
        fourth,
        // Forty bits, which a number holds exactly.
        rest as f64,
    ];
    say(0, &numbers);
}

fn write_verdict(verdict: &Verdict, now: Instant) {
    let (end, reached) = match verdict.end {
        End::Succeeded => (0.0, -1.0),
        End::Permanent => (1.0, -1.0),
        End::Exhausted => (2.0, -1.0),
        End::NoRoute => (3.0, -1.0),
        End::Limit(reached) => (4.0, f64::from(reached as u32)),
        End::Cancelled => (5.0, -1.0),
    };
    let retry_in = verdict.retry_at.and_then(Instant::known).map(|at| at - now);
    let flags = [
        end,
        reached,
        f64::from(verdict.stop_reason() as u32),
        span(retry_in),
        f64::from(u8::from(verdict.timed_out())),
        f64::from(verdict.raised(false) as u32),
        f64::from(verdict.raised(true) as u32),
    ];
    say(0, &flags);
    say(7, &failure(verdict.failure));
}

/// An idempotency key as text, from the five numbers that an attempt carries.
#[wasm_bindgen(js_name = keyText)]
pub fn key_text(first: u32, second: u32, third: u32, fourth: u32, rest: f64) -> Result<String, JsValue> {
    let whole = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    let source = KeySource::from_words([whole(first, second), whole(third, fourth), rest as u64]);
    source.key().map(|key| key.to_string()).map_err(|none| JsValue::from_str(&none.to_string()))
}

/// An event that is no more than an id, by its place in the list of `names.json`.
pub(crate) fn event(number: u32, id: Id) -> Option<Event<'static>> {
    Some(match number {
        0 => Event::Taken(id),
        1 => Event::Succeeded(id),
        6 => Event::Waited(id),
        7 => Event::Ready(id),
        8 => Event::NotReady(id),
        10 => Event::Abandoned(id),
        11 => Event::Interrupted,
        _ => return None,
    })
}
