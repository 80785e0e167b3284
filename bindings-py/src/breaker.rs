//! A breaker and a step counter for those who want nothing else.

use std::sync::{Arc, Mutex};

use failsoft::policy::breaker::{Circuit as Core, Outcome};
use pyo3::prelude::*;

use crate::policy::Policy;
use crate::session::{locked, read_clock};

/// One breaker, by the numbers of a policy's `breaker` part.
#[pyclass(frozen, module = "failsoft._native")]
pub(crate) struct Circuit {
    policy: Arc<failsoft::Policy>,
    clock: Option<Py<PyAny>>,
    core: Mutex<Core>,
}

#[pymethods]
impl Circuit {
    #[new]
    fn new(policy: &Policy, clock: Option<Py<PyAny>>) -> Self {
        Self { policy: policy.0.clone(), clock, core: Mutex::new(Core::default()) }
    }

    /// A permit and None, or None and the seconds until asking may be admitted. The permit lapses after `lease` seconds,
    /// without it never.
    #[pyo3(signature = (lease=None))]
    fn admit(&self, py: Python<'_>, lease: Option<f64>) -> PyResult<(Option<u32>, Option<f64>)> {
        let now = read_clock(py, self.clock.as_ref())?;
        let lease = lease.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
        let until = lease.map_or(failsoft::Instant::NEVER, |lease| now + lease);
        Ok(match locked(&self.core).admit(&self.policy.breaker, now, until) {
            Ok(permit) => (Some(permit), None),
            Err(until) => (None, Some(crate::convert::seconds(until - now))),
        })
    }

    /// True counts a success, False a failure, None gives the permit back.
    fn settle(&self, py: Python<'_>, permit: u32, passed: Option<bool>) -> PyResult<()> {
        let now = read_clock(py, self.clock.as_ref())?;
        let outcome = match passed {
            Some(true) => Outcome::Passed,
            Some(false) => Outcome::Failed,
            None => Outcome::Neutral,
        };
        locked(&self.core).settle(&self.policy.breaker, now, permit, outcome);
        Ok(())
    }

    /// "closed", "open" or "half_open".
    fn state(&self, py: Python<'_>) -> PyResult<&'static str> {
        let now = read_clock(py, self.clock.as_ref())?;
        Ok(locked(&self.core).state(now).name())
    }
}

/// Counts steps up to a policy's `turn.steps`.
#[pyclass(frozen, module = "failsoft._native")]
pub(crate) struct StepCounter {
    most: u32,
    taken: Mutex<u32>,
}

#[pymethods]
impl StepCounter {
    #[new]
    fn new(policy: &Policy) -> Self {
        Self { most: policy.0.turn.steps, taken: Mutex::new(0) }
    }

    /// The number of the step that is taken; None when there is none left.
    fn tick(&self) -> Option<u32> {
        let mut taken = locked(&self.taken);
        *taken = failsoft::policy::limits::next_step(*taken, self.most)?;
        Some(*taken)
    }

    #[getter]
    fn taken(&self) -> u32 {
        *locked(&self.taken)
    }
}
