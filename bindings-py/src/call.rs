//! Calls: two verbs each, in the scope of a turn.

use std::sync::Mutex;

use failsoft::command::{Command, Event, Id};
use failsoft::turn::explain_call;
use failsoft::value::Spelling;
use failsoft::{Replay, Work};
use pyo3::prelude::*;

use crate::command::command;
use crate::convert::{Failure, Used, invalid, named, used, value};
use crate::session::locked;
use crate::turn::Turn;

/// One guarded operation within a turn.
#[pyclass(frozen, module = "failsoft._native")]
pub(crate) struct Call {
    turn: Py<Turn>,
    core: Mutex<failsoft::Call>,
}

/// A call that takes so many tokens of context, where the host knows.
pub(crate) fn needing(call: failsoft::Call, tokens: Option<&Bound<'_, PyAny>>) -> PyResult<failsoft::Call> {
    match tokens {
        Some(tokens) => call.needs_value(&value(tokens)?, Spelling::Python).map_err(invalid),
        None => Ok(call),
    }
}

impl Call {
    pub(crate) fn new(turn: &Bound<'_, Turn>, core: failsoft::Call) -> Self {
        Self { turn: turn.clone().unbind(), core: Mutex::new(core) }
    }

    fn handle(&self, py: Python<'_>, event: Event<'_>) -> PyResult<bool> {
        let turn = self.turn.get();
        let now = turn.now(py)?;
        let mut call = locked(&self.core);
        Ok(turn.with(|turn, session| call.handle(turn.scope_mut(), session, now, event)).accepted())
    }

    fn said(&self, py: Python<'_>, take: bool) -> PyResult<Py<PyAny>> {
        let turn = self.turn.get();
        let now = turn.now(py)?;
        let (next, message) = {
            let mut call = locked(&self.core);
            turn.with(|turn, session| {
                let scope = turn.scope_mut();
                let next = if take { call.next(scope, session, now) } else { call.poll(scope, session, now) };
                let message = match next {
                    Command::Finish(verdict) => explain_call(session, turn.scope(), call.id(), verdict),
                    _ => String::new(),
                };
                (next, message)
            })
        };
        command(py, next, &turn.session, now, || message)
    }
}

#[pymethods]
impl Call {
    /// A call that has not begun.
    #[new]
    #[pyo3(signature = (turn, *, replay="idempotent", streaming=false, restartable=true, timeout=None, context_tokens=None))]
    fn make(
        turn: &Bound<'_, Turn>,
        replay: &str,
        streaming: bool,
        restartable: bool,
        timeout: Option<f64>,
        context_tokens: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let replay = named("replay", replay, Replay::NAMES, Replay::from_name(replay))?;
        let timeout = timeout.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
        let call = needing(failsoft::Call::new(Work::Function).replay(replay).timeout(timeout), context_tokens)?;
        Ok(Self::new(turn, if streaming { call.streaming(restartable) } else { call }))
    }

    fn poll(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.said(py, false)
    }

    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.said(py, true)
    }

    fn taken(&self, py: Python<'_>, id: Id) -> PyResult<bool> {
        self.handle(py, Event::Taken(id))
    }

    fn succeeded(&self, py: Python<'_>, id: Id) -> PyResult<bool> {
        self.handle(py, Event::Succeeded(id))
    }

    /// The attempt failed. `spent` is as a turn takes it, and counts nothing: no function is a model.
    #[pyo3(signature = (id, failure, spent=None))]
    fn failed(&self, py: Python<'_>, id: Id, failure: &Failure, spent: Option<Used>) -> PyResult<bool> {
        self.handle(py, Event::Failed { id, failure: failure.0, spent: spent.map(used) })
    }

    /// A stream brought something. `usage` is what it says to have used so far, where it does.
    #[pyo3(signature = (id, meaningful, usage=None))]
    fn progress(&self, py: Python<'_>, id: Id, meaningful: bool, usage: Option<Used>) -> PyResult<bool> {
        self.handle(py, Event::Progress { id, meaningful, usage: usage.map(used) })
    }

    fn waited(&self, py: Python<'_>, id: Id) -> PyResult<bool> {
        self.handle(py, Event::Waited(id))
    }

    fn ready(&self, py: Python<'_>, id: Id) -> PyResult<bool> {
        self.handle(py, Event::Ready(id))
    }

    fn not_ready(&self, py: Python<'_>, id: Id) -> PyResult<bool> {
        self.handle(py, Event::NotReady(id))
    }

    fn abandoned(&self, py: Python<'_>, id: Id) -> PyResult<bool> {
        self.handle(py, Event::Abandoned(id))
    }

    fn interrupted(&self, py: Python<'_>) -> PyResult<bool> {
        self.handle(py, Event::Interrupted)
    }
}
