//! Policies, and the small questions that need nothing else.

use std::sync::Arc;

use failsoft::policy::approval;
use failsoft::value::{Spelling, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBoolMethods, PyDict, PyString, PyTuple};

use crate::convert::{Lossy, invalid, named, value};

/// Every number and choice of the engine; immutable, validated when it is made.
#[pyclass(frozen, eq, module = "failsoft._native", from_py_object)]
#[derive(Clone, PartialEq)]
pub(crate) struct Policy(pub(crate) Arc<failsoft::Policy>);

#[pymethods]
impl Policy {
    #[new]
    #[pyo3(signature = (**groups))]
    fn new(groups: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let groups = groups.map_or(Ok(Value::Null), |groups| value(groups.as_any()))?;
        failsoft::Policy::from_value(&groups, Spelling::Python).map(|policy| Self(Arc::new(policy))).map_err(invalid)
    }

    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        failsoft::Policy::from_json(text).map(|policy| Self(Arc::new(policy))).map_err(invalid)
    }

    /// The policy behind `retry`.
    #[staticmethod]
    #[pyo3(signature = (**fields))]
    fn for_retry(fields: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let fields = fields.map_or(Ok(Value::Null), |fields| value(fields.as_any()))?;
        failsoft::Policy::for_retry(&fields, Spelling::Python).map(|policy| Self(Arc::new(policy))).map_err(invalid)
    }

    /// The policy behind `fallback`.
    #[staticmethod]
    fn for_fallback() -> Self {
        Self(Arc::new(failsoft::Policy::for_fallback()))
    }

    fn to_json(&self) -> String {
        self.0.to_json()
    }

    fn __repr__(&self) -> String {
        let turn = &self.0.turn;
        format!("Policy(max_attempts={}, steps={}, ..)", self.0.retry.max_attempts, turn.steps)
    }

    fn __hash__(&self) -> isize {
        // Equal policies have equal retry numbers; a better spread is not needed.
        self.0.retry.max_attempts as isize
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let make = slf.get_type().getattr("from_json")?;
        Ok((make, PyTuple::new(slf.py(), [slf.get().to_json()])?))
    }
}

/// The digest of a tool call and None, or None and what is wrong with its arguments.
#[pyfunction]
pub(crate) fn canonical_digest(tool: Lossy, arguments: &str) -> (Option<String>, Option<String>) {
    match approval::digest(&tool.0, arguments) {
        Ok(digest) => (Some(digest.to_string()), None),
        Err(complaint) => (None, Some(complaint)),
    }
}

/// The policy's word on a tool call: "run", "standing", "ask" or "deny".
#[pyfunction]
pub(crate) fn gate(policy: &Policy, tool: &str, risky: bool, standing: Vec<String>) -> &'static str {
    match policy.0.approval.gate(tool, risky, &standing) {
        approval::Gate::Run => "run",
        approval::Gate::Standing => "standing",
        approval::Gate::Ask => "ask",
        approval::Gate::Deny => "deny",
    }
}

/// Every word for why a run stops.
#[pyfunction]
pub(crate) fn stop_reasons() -> Vec<&'static str> {
    failsoft::command::StopReason::NAMES.to_vec()
}

/// An approver's answer as a decision; `failed` if an error came in its place.
#[pyfunction]
#[pyo3(signature = (answer, failed=false))]
pub(crate) fn decision(answer: &Bound<'_, PyAny>, failed: bool) -> &'static str {
    // Text is the word itself; what cannot be read is no word of ours.
    let word = answer.cast::<PyString>().ok().map(|text| text.to_string_lossy().into_owned());
    let answer = match (word.as_deref(), answer.cast_exact::<PyBool>()) {
        _ if failed => approval::Answer::Failed,
        (Some(word), _) => approval::Answer::Word(word),
        (None, Ok(yes)) => approval::Answer::Flag(yes.is_true()),
        (None, Err(_)) => approval::Answer::Other,
    };
    approval::Decision::read(answer).name()
}

/// Why a decision keeps a tool from running: the reason and the sentence; None when it may run.
#[pyfunction]
pub(crate) fn refusal(tool: &str, decision: &str) -> PyResult<Option<(&'static str, String)>> {
    let decision = named("decision", decision, approval::Decision::NAMES, approval::Decision::from_name(decision))?;
    let outcome = failsoft::ToolOutcome::of(decision);
    Ok(outcome.map(|outcome| (outcome.name(), failsoft::text::not_allowed(tool, outcome))))
}

/// Whether a decision covers later calls of the tool too.
#[pyfunction]
pub(crate) fn stands(decision: &str) -> bool {
    approval::Decision::from_name(decision).is_some_and(approval::Decision::stands)
}

/// The sentence for a tool that a rule of the policy denies.
#[pyfunction]
pub(crate) fn denied_by_rule(tool: &str) -> String {
    failsoft::text::denied_by_rule(tool)
}
