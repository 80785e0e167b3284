//! Facts from Python, judged by the core.

use failsoft::classify::Facts;
use failsoft::policy::failure::Phase;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::{Failure, Lossy, named};

/// The texts that facts borrow from.
struct Owned {
    texts: [Option<String>; 6],
    classes: Vec<String>,
    status: Option<u16>,
    phase: Option<Phase>,
    wall_ms: Option<u64>,
}

impl Owned {
    fn read(facts: &Bound<'_, PyDict>) -> PyResult<Self> {
        let text = |name: &str| -> PyResult<Option<String>> {
            facts
                .get_item(name)?
                .map_or(Ok(None), |item| item.extract::<Option<Lossy>>().map(|text| text.map(|text| text.0)))
        };
        let phase = text("phase")?;
        let phase = phase.map(|word| named("facts.phase", &word, Phase::NAMES, Phase::from_name(&word))).transpose()?;
        Ok(Self {
            texts: [
                text("code")?,
                text("error_type")?,
                text("message")?,
                text("retry_after_ms")?,
                text("retry_after")?,
                text("should_retry")?,
            ],
            classes: facts.get_item("classes")?.map_or(Ok(Vec::new()), |item| item.extract())?,
            status: facts.get_item("status")?.map_or(Ok(None), |item| item.extract())?,
            phase,
            wall_ms: facts.get_item("wall_ms")?.map_or(Ok(None), |item| item.extract())?,
        })
    }

    fn judge<T>(&self, judge: impl FnOnce(&Facts<'_>) -> T) -> T {
        let classes: Vec<&str> = self.classes.iter().map(String::as_str).collect();
        let [code, error_type, message, retry_after_ms, retry_after, should_retry] =
            self.texts.each_ref().map(Option::as_deref);
        judge(&Facts {
            status: self.status,
            code,
            error_type,
            message,
            classes: &classes,
            phase: self.phase,
            retry_after_ms,
            retry_after,
            should_retry,
            wall_ms: self.wall_ms,
        })
    }
}

/// The failure that these facts make.
#[pyfunction]
pub(crate) fn classify(facts: &Bound<'_, PyDict>) -> PyResult<Failure> {
    Ok(Failure(Owned::read(facts)?.judge(failsoft::classify::classify)))
}

/// The name of the rule that decides.
#[pyfunction]
pub(crate) fn deciding_rule(facts: &Bound<'_, PyDict>) -> PyResult<&'static str> {
    Ok(Owned::read(facts)?.judge(failsoft::classify::deciding_rule))
}
