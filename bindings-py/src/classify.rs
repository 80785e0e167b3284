//! Facts from Python, judged by the core.

use failsoft::classify::Facts;
use failsoft::policy::failure::Phase;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::{Failure, Lossy, named};
use crate::policy::Policy;

/// The texts that facts borrow from.
struct Owned {
    texts: [Option<String>; 5],
    headers: Vec<(String, String)>,
    classes: Vec<String>,
    status: Option<u16>,
    phase: Option<Phase>,
    wall_ms: Option<u64>,
}

impl Owned {
    fn read(facts: &Bound<'_, PyDict>) -> PyResult<Self> {
        let told = |name: &str| -> PyResult<Option<Bound<'_, PyAny>>> {
            Ok(facts.get_item(name)?.filter(|item| !item.is_none()))
        };
        let text = |name: &str| -> PyResult<Option<String>> {
            told(name)?.map(|item| item.extract::<Lossy>().map(|text| text.0)).transpose()
        };
        let phase = text("phase")?;
        let phase = phase.map(|word| named("facts.phase", &word, Phase::NAMES, Phase::from_name(&word))).transpose()?;
        let mut headers = Vec::new();
        if let Some(map) = told("headers")? {
            for (name, value) in map.cast::<PyDict>()?.iter() {
                headers.push((name.extract::<Lossy>()?.0, value.extract::<Lossy>()?.0));
            }
        }
        Ok(Self {
            texts: [text("body")?, text("code")?, text("error_type")?, text("message")?, text("provider")?],
            headers,
            classes: told("classes")?.map_or(Ok(Vec::new()), |item| item.extract())?,
            status: told("status")?.map(|item| item.extract()).transpose()?,
            phase,
            wall_ms: told("wall_ms")?.map(|item| item.extract()).transpose()?,
        })
    }

    fn judge<T>(&self, judge: impl FnOnce(&Facts<'_>) -> T) -> T {
        let classes: Vec<&str> = self.classes.iter().map(String::as_str).collect();
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let [body, code, error_type, message, provider] = self.texts.each_ref().map(Option::as_deref);
        judge(&Facts {
            status: self.status,
            headers: &headers,
            body,
            code,
            error_type,
            message,
            classes: &classes,
            phase: self.phase,
            provider,
            wall_ms: self.wall_ms,
        })
    }
}

/// What a failure was taken for, and why; as text, a few lines for people.
#[pyclass(frozen, eq, module = "failsoft")]
#[derive(PartialEq, Eq)]
pub(crate) struct Explanation(failsoft::classify::Explanation);

#[pymethods]
impl Explanation {
    #[getter]
    fn rule(&self) -> &str {
        &self.0.rule
    }

    #[getter]
    fn failure(&self) -> Failure {
        Failure(self.0.failure)
    }

    #[getter]
    fn why(&self) -> &str {
        &self.0.why
    }

    #[getter]
    fn next(&self) -> &str {
        &self.0.next
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Explanation: {}, by rule {}>", self.0.failure, self.0.rule)
    }
}

/// The failure that these facts make, by a policy's rules and the built-in ones.
#[pyfunction]
#[pyo3(signature = (facts, policy=None))]
pub(crate) fn classify(facts: &Bound<'_, PyDict>, policy: Option<&Policy>) -> PyResult<Failure> {
    let facts = Owned::read(facts)?;
    Ok(Failure(facts.judge(|facts| match policy {
        Some(policy) => policy.0.classify(facts),
        None => failsoft::classify::classify(facts),
    })))
}

/// The same with the rule, the facts that made it hold, and what follows.
#[pyfunction]
#[pyo3(signature = (facts, policy=None))]
pub(crate) fn explain(facts: &Bound<'_, PyDict>, policy: Option<&Policy>) -> PyResult<Explanation> {
    let facts = Owned::read(facts)?;
    Ok(Explanation(facts.judge(|facts| match policy {
        Some(policy) => policy.0.explain(facts),
        None => failsoft::classify::explain(facts),
    })))
}

/// What follows a failure that an error brings along.
#[pyfunction]
#[pyo3(signature = (failure, policy=None))]
pub(crate) fn explain_failure(failure: &Failure, policy: Option<&Policy>) -> Explanation {
    let policy = policy.map(|policy| policy.0.clone()).unwrap_or_default();
    Explanation(policy.explain_failure(failure.0))
}
