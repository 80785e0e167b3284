//! The short way into a call: the first attempt, whole, in one crossing.

use failsoft::Work;
use failsoft::command::Event;
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use crate::call::{Call, needing};
use crate::command::Attempt;
use crate::turn::Turn;

/// Lets the first attempt through, makes it by `request(attempt)`, and settles it. Whatever is not let through or fails goes on
/// in Python, by `_rest` of the turn.
pub(crate) fn call<'py>(
    turn: &Bound<'py, Turn>,
    request: &Bound<'py, PyAny>,
    context_tokens: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, this) = (turn.py(), turn.get());
    let mut call = needing(failsoft::Call::new(Work::Function), context_tokens)?;
    let now = this.now(py)?;
    let entered = this.with(|turn, session| {
        let scope = turn.scope_mut();
        if call.enter(scope, session, now) { call.attempted(scope) } else { None }
    });
    let Some(core) = entered else {
        return turn.call_method1(intern!(py, "_rest"), (request, Call::new(turn, call)));
    };
    let attempt = Bound::new(py, Attempt::new(core, this.session.clone_ref(py), None))?;
    let error = match request.call1((&attempt,)).and_then(plain) {
        Ok(value) => {
            let now = this.now(py)?;
            this.with(|turn, session| call.settle(turn.scope_mut(), session, now, Ok(())));
            return Ok(value);
        }
        Err(error) => error,
    };
    if error.is_instance_of::<PyException>(py) {
        let rest = (request, Call::new(turn, call), attempt, error.into_value(py));
        return turn.call_method1(intern!(py, "_rest"), rest);
    }
    let now = this.now(py)?;
    let _ = this.with(|turn, session| call.handle(turn.scope_mut(), session, now, Event::Abandoned(core.id)));
    Err(error)
}

/// Refuses a coroutine where a value is needed.
fn plain(value: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    static COROUTINE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = value.py();
    if value.is_exact_instance(COROUTINE.import(py, "types", "CoroutineType")?) {
        let functions = py.import(intern!(py, "failsoft._loops.functions"))?;
        return functions.call_method1(intern!(py, "plain"), (value, "the request"));
    }
    Ok(value)
}
