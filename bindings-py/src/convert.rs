//! Plain data and failures, between Python and the core.

use std::time::Duration;

use failsoft::command::Risk;
use failsoft::policy::failure::{Effect, FailureKind, Phase};
use failsoft::policy::limits::Usage;
use failsoft::value::Value;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDelta, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

/// Plain data of Python as plain data of the core; anything else is shown as text, so that it is refused by name.
pub(crate) fn value(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    within(object, DEEPEST)
}

/// No policy nests deeper; a map that holds itself would never end.
const DEEPEST: u32 = 16;

fn within(object: &Bound<'_, PyAny>, depth: u32) -> PyResult<Value> {
    if object.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = object.cast::<PyBool>() {
        return Ok(Value::Bool(flag.is_true()));
    }
    if object.is_instance_of::<PyFloat>() || object.is_instance_of::<PyInt>() {
        return Ok(Value::Number(object.extract().unwrap_or(f64::INFINITY)));
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(Value::Text(text.to_string_lossy().into_owned()));
    }
    if object.is_instance_of::<PyDelta>() {
        return Ok(Value::Number(object.call_method0("total_seconds")?.extract()?));
    }
    let Some(deeper) = depth.checked_sub(1) else { return Ok(Value::Text("too deeply nested".into())) };
    if let Ok(map) = object.cast::<PyDict>() {
        let read = |(key, item): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            Ok((key.str()?.to_string_lossy().into_owned(), within(&item, deeper)?))
        };
        return map.iter().map(read).collect::<PyResult<_>>().map(Value::Map);
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return object.try_iter()?.map(|item| within(&item?, deeper)).collect::<PyResult<_>>().map(Value::List);
    }
    Ok(Value::Text(object.repr()?.to_string_lossy().into_owned()))
}

/// Text as the core can hold it: a lone surrogate, which no UTF-8 can say, becomes a replacement character.
pub(crate) struct Lossy(pub(crate) String);

impl<'py> FromPyObject<'_, 'py> for Lossy {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(object.cast::<PyString>()?.to_string_lossy().into_owned()))
    }
}

/// The host's own word on the risk of a tool call: None, a truth value, or "unknown".
pub(crate) struct HostRisk(pub(crate) Risk);

impl<'py> FromPyObject<'_, 'py> for HostRisk {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_none() {
            return Ok(Self(Risk::Declared));
        }
        if let Ok(risky) = object.cast::<PyBool>() {
            return Ok(Self(Risk::Said(risky.is_true())));
        }
        match object.extract::<Lossy>()?.0.as_str() {
            "unknown" => Ok(Self(Risk::Unknown)),
            word => {
                let wrong = format!("tool_call.risky: \"{word}\" is not allowed; use None, true, false or unknown");
                Err(PyValueError::new_err(wrong))
            }
        }
    }
}

/// What the core found wrong, as Python says it.
pub(crate) fn invalid(wrong: failsoft::Invalid) -> PyErr {
    PyValueError::new_err(wrong.to_string())
}

/// Input and output tokens; None is unknown.
pub(crate) type Used = (Option<u64>, Option<u64>);

pub(crate) fn used((input_tokens, output_tokens): Used) -> Usage {
    Usage { input_tokens, output_tokens }
}

/// A span as seconds.
pub(crate) fn seconds(span: Duration) -> f64 {
    // Milliseconds are exact in a float, sums of nanoseconds are not.
    span.as_millis() as f64 / 1000.0
}

/// Seconds as a span; nonsense is none.
fn span(name: &str, seconds: Option<f64>) -> PyResult<Option<Duration>> {
    let Some(seconds) = seconds else { return Ok(None) };
    Duration::try_from_secs_f64(seconds).map(Some).map_err(|_| {
        PyValueError::new_err(format!("failure.{name}: {seconds} s is not allowed; use a span that is not negative"))
    })
}

pub(crate) fn named<T>(field: &str, word: &str, names: &[&str], found: Option<T>) -> PyResult<T> {
    found.ok_or_else(|| {
        PyValueError::new_err(format!("{field}: \"{word}\" is not allowed; use one of {}", names.join(", ")))
    })
}

/// One failure, as the engine sees it: a kind and a few numbers.
#[pyclass(frozen, eq, module = "failsoft._native", from_py_object)]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Failure(pub(crate) failsoft::Failure);

#[pymethods]
impl Failure {
    #[new]
    #[pyo3(signature = (kind, *, status=None, retry_after=None, reset_after=None, phase=None, should_retry=None, effect=None))]
    fn new(
        kind: &str,
        status: Option<u16>,
        retry_after: Option<f64>,
        reset_after: Option<f64>,
        phase: Option<&str>,
        should_retry: Option<bool>,
        effect: Option<&str>,
    ) -> PyResult<Self> {
        let kind = named("failure.kind", kind, FailureKind::NAMES, FailureKind::from_name(kind))?;
        let mut failure = failsoft::Failure::new(kind);
        failure.status = status;
        failure.retry_after = span("retry_after", retry_after)?;
        failure.reset_after = span("reset_after", reset_after)?;
        failure.should_retry = should_retry;
        if let Some(phase) = phase {
            failure.phase = Some(named("failure.phase", phase, Phase::NAMES, Phase::from_name(phase))?);
        }
        if let Some(effect) = effect {
            failure.effect = named("failure.effect", effect, Effect::NAMES, Effect::from_name(effect))?;
        }
        Ok(Self(failure))
    }

    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind.name()
    }

    #[getter]
    fn status(&self) -> Option<u16> {
        self.0.status
    }

    #[getter]
    fn retry_after(&self) -> Option<f64> {
        self.0.retry_after.map(seconds)
    }

    #[getter]
    fn reset_after(&self) -> Option<f64> {
        self.0.reset_after.map(seconds)
    }

    #[getter]
    fn phase(&self) -> Option<&'static str> {
        self.0.phase.map(Phase::name)
    }

    #[getter]
    fn should_retry(&self) -> Option<bool> {
        self.0.should_retry
    }

    #[getter]
    fn effect(&self) -> &'static str {
        self.0.effect.name()
    }

    /// The same failure as a caller's own judgement makes it: worth another attempt, or not.
    fn judged(&self, wanted: bool) -> Self {
        Self(self.0.judged(wanted))
    }

    fn __repr__(&self) -> String {
        format!("Failure({})", self.0)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let (kwargs, failure) = (PyDict::new(py), slf.get());
        kwargs.set_item("status", failure.status())?;
        kwargs.set_item("retry_after", failure.retry_after())?;
        kwargs.set_item("reset_after", failure.reset_after())?;
        kwargs.set_item("phase", failure.phase())?;
        kwargs.set_item("should_retry", failure.should_retry())?;
        kwargs.set_item("effect", failure.effect())?;
        let partial = py.import("functools")?.getattr("partial")?;
        let make = partial.call((slf.get_type(), failure.kind()), Some(&kwargs))?;
        Ok((make, PyTuple::empty(py)))
    }
}
