//! Runs the vectors of `tests/vectors/reply`: what a reply is taken for, and whether it is whole.

use std::time::Duration;

use failsoft::classify::{is_limit_of_ours, judge_finish};
use failsoft::command::ReplyKind;
use failsoft::policy::failure::FailureKind;
use serde::Deserialize;

use crate::named::{maybe, word};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "name")]
    _name: String,
    #[serde(default)]
    replies: Vec<Read>,
    #[serde(default)]
    finishes: Vec<Finished>,
    #[serde(default)]
    limits: Vec<Limit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    answer: String,
    calls: usize,
    #[serde(deserialize_with = "word")]
    kind: ReplyKind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finished {
    reason: Option<String>,
    refusal: Option<String>,
    #[serde(default)]
    accept_cut: bool,
    #[serde(default, deserialize_with = "maybe")]
    kind: Option<FailureKind>,
    what: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    #[serde(deserialize_with = "word")]
    kind: FailureKind,
    ends_reading: bool,
    waited_ms: u64,
    limit_ms: u64,
    ours: bool,
}

/// Runs a file of replies; returns how many it holds.
///
/// # Errors
/// The first reply that is taken for something else.
pub fn run_reply(text: &str) -> Result<usize, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    for (index, case) in file.replies.iter().enumerate() {
        let found = ReplyKind::read(&case.answer, case.calls);
        if found != case.kind {
            return Err(format!("reply {index}: expected {}, got {found}", case.kind));
        }
    }
    for (index, case) in file.finishes.iter().enumerate() {
        let found = judge_finish(case.reason.as_deref(), case.refusal.as_deref(), case.accept_cut);
        if found.clone().unzip() != (case.kind, case.what.clone()) {
            return Err(format!("finish {index}: expected {:?}, {:?}, got {found:?}", case.kind, case.what));
        }
    }
    for (index, case) in file.limits.iter().enumerate() {
        let [waited, limit] = [case.waited_ms, case.limit_ms].map(Duration::from_millis);
        if is_limit_of_ours(case.kind, case.ends_reading, waited, limit) != case.ours {
            return Err(format!("limit {index}: expected {}", case.ours));
        }
    }
    match file.replies.len() + file.finishes.len() + file.limits.len() {
        0 => Err("no cases".into()),
        cases => Ok(cases),
    }
}
