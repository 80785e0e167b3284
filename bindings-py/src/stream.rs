//! What a stream of chunks comes to, and what else hosts say of streams.

use std::sync::Mutex;

use failsoft::stream::{Chunk, LINGER, TAIL};
use failsoft::text;
use failsoft::value::Spelling;
use pyo3::prelude::*;

use crate::convert::{Lossy, seconds};
use crate::session::locked;

/// A stream while it is read: the host says what each chunk holds.
#[pyclass(frozen, module = "failsoft._native")]
pub(crate) struct Stream(Mutex<failsoft::stream::Stream>);

#[pymethods]
impl Stream {
    /// For how many seconds at most a stream is read on after `take` has said "finished".
    #[classattr]
    #[pyo3(name = "TAIL")]
    fn tail() -> f64 {
        seconds(TAIL)
    }

    /// For how many seconds at most a source that has said all is read on, so that its connection can be used again.
    #[classattr]
    #[pyo3(name = "LINGER")]
    fn linger() -> f64 {
        seconds(LINGER)
    }

    #[new]
    #[pyo3(signature = (*, accept_cut=false, wants_usage=false))]
    fn new(accept_cut: bool, wants_usage: bool) -> Self {
        Self(Mutex::new(failsoft::stream::Stream::new(accept_cut, wants_usage)))
    }

    /// Takes the next chunk: "nothing", "progress", "finished" (only the usage is missing) or "done" (read no further).
    #[pyo3(signature = (*, text=false, tool_call=false, reasoning=false, finish=None, refusal=None, usage=false,
        terminator=false, malformed=false, other=false))]
    #[expect(clippy::too_many_arguments, reason = "a chunk crosses as what it holds")]
    fn take(
        &self,
        text: bool,
        tool_call: bool,
        reasoning: bool,
        finish: Option<Lossy>,
        refusal: Option<Lossy>,
        usage: bool,
        terminator: bool,
        malformed: bool,
        other: bool,
    ) -> &'static str {
        let (finish, refusal) = (finish.as_ref().map(|text| &*text.0), refusal.as_ref().map(|text| &*text.0));
        let chunk = Chunk { text, tool_call, reasoning, finish, refusal, usage, terminator, malformed, other };
        locked(&self.0).take(&chunk).name()
    }

    /// Nothing more is read: why it may not be taken for a whole answer, as kind and sentence; None if it may.
    fn end(&self) -> Option<(&'static str, String)> {
        locked(&self.0).end().map(|(kind, what)| (kind.name(), what))
    }

    /// How far it has come, for the classification of an error that is met while it is read.
    #[getter]
    fn phase(&self) -> &'static str {
        locked(&self.0).phase().name()
    }

    /// Whether a part of the answer has come.
    #[getter]
    fn has_progressed(&self) -> bool {
        locked(&self.0).has_progressed()
    }
}

/// The sentence of the error for a stream that did not bring a whole answer; `what` is what `Stream.end` said.
#[pyfunction]
pub(crate) fn stream_failed(route: Option<Lossy>, what: Lossy) -> String {
    text::stream_failed(route.as_ref().map(|route| &*route.0), &what.0)
}

/// The sentence of the error for a request that brought something else than a stream.
#[pyfunction]
pub(crate) fn no_stream(found: Lossy) -> String {
    text::no_stream(&found.0, Spelling::Python)
}
