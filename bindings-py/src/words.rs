//! The core's sentences, and what it takes a model's reply for.

use std::time::Duration;

use failsoft::command::ReplyKind;
use failsoft::policy::failure::FailureKind;
use failsoft::{foreign, text};
use pyo3::prelude::*;

use crate::convert::{Lossy, named};

/// A name that somebody else wrote, on one line, escaped and cut at 64 characters.
#[pyfunction]
pub(crate) fn foreign_name(text: Lossy) -> String {
    foreign::name(&text.0).to_string()
}

/// A text that somebody else wrote, on one line, escaped and cut at 200 characters.
#[pyfunction]
pub(crate) fn foreign_text(text: Lossy) -> String {
    foreign::text(&text.0).to_string()
}

/// A value of an option that somebody else wrote, as a name in quotes.
#[pyfunction]
pub(crate) fn foreign_quoted(text: Lossy) -> String {
    foreign::quoted(&text.0).to_string()
}

/// What a model is told about a tool that ran and failed.
#[pyfunction]
pub(crate) fn tool_failed(name: Lossy, error: Lossy) -> String {
    text::tool_failed(&name.0, &error.0)
}

/// Something was given up on, after so many seconds or at a limit of which nothing more is known.
#[pyfunction]
#[pyo3(signature = (what, after=None))]
pub(crate) fn given_up_on(what: Lossy, after: Option<f64>) -> String {
    text::given_up_on(&what.0, after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}

/// A breaker refuses; when it may be asked again is told where it is known.
#[pyfunction]
pub(crate) fn breaker_open(retry_in: Option<f64>) -> String {
    text::breaker_open(retry_in.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}

/// A limiter of steps has none left.
#[pyfunction]
pub(crate) fn steps_taken(max: u32) -> String {
    text::steps_taken(max)
}

/// A turn has no step left.
#[pyfunction]
pub(crate) fn no_steps_left() -> &'static str {
    text::NO_STEPS_LEFT
}

/// A turn has no time left.
#[pyfunction]
pub(crate) fn deadline_passed() -> &'static str {
    text::DEADLINE_PASSED
}

/// A provider's reply holds nothing that could be used.
#[pyfunction]
pub(crate) fn empty_reply() -> &'static str {
    text::EMPTY_REPLY
}

/// What a reply with this text and so many tool calls is: "answer", "tool_calls" or "nothing".
#[pyfunction]
pub(crate) fn read_reply(answer: Lossy, calls: usize) -> &'static str {
    ReplyKind::read(&answer.0, calls).name()
}

/// Why a provider's reply may not be taken for a whole one: the kind of failure and a sentence; None if it may.
#[pyfunction]
pub(crate) fn judge_finish(
    reason: Option<Lossy>,
    refusal: Option<Lossy>,
    accept_cut: bool,
) -> Option<(&'static str, String)> {
    let (reason, refusal) = (reason.map(|text| text.0), refusal.map(|text| text.0));
    let found = failsoft::classify::judge_finish(reason.as_deref(), refusal.as_deref(), accept_cut);
    found.map(|(kind, what)| (kind.name(), what))
}

/// Whether a client's error of this kind, after so many seconds in which nothing came, is a limit of the engine's own.
#[pyfunction]
pub(crate) fn is_limit_of_ours(kind: &str, ends_reading: bool, waited: f64, limit: f64) -> PyResult<bool> {
    let kind = named("kind", kind, FailureKind::NAMES, FailureKind::from_name(kind))?;
    let span = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    Ok(failsoft::classify::is_limit_of_ours(kind, ends_reading, span(waited), span(limit)))
}
