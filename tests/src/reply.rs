//! Runs the vectors of `tests/vectors/reply`: what a reply is taken for, and whether it is whole.

use failsoft::classify::judge_finish;
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
    match file.replies.len() + file.finishes.len() {
        0 => Err("no cases".into()),
        cases => Ok(cases),
    }
}
