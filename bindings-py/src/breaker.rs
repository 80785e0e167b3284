//! Breakers and a step counter for those who want nothing else.

use std::sync::Mutex;
use std::time::Duration;

use failsoft::Instant;
use failsoft::breakers::{Breakers, KeyPermit, Origin};
use failsoft::policy::Thousandths;
use failsoft::policy::breaker::{Metrics, Order, Outcome};
use failsoft::value::{Spelling, Value};
use pyo3::prelude::*;

use crate::convert::{Lossy, invalid, named, seconds, value};
use crate::policy::Policy;
use crate::session::{Clock, locked};

/// What a breaker goes by: state, calls, failed, slow, the two rates, and the seconds until asking may be admitted.
pub(crate) type MetricsRow = (&'static str, u32, u32, u32, Option<f64>, Option<f64>, Option<f64>);

pub(crate) fn metrics_row(metrics: Metrics, now: Instant) -> MetricsRow {
    let rate = |rate: Option<Thousandths>| rate.map(|rate| f64::from(rate.0) / 1000.0);
    let Metrics { state, calls, failed, slow, failure_rate, slow_rate, retry_at } = metrics;
    (state.name(), calls, failed, slow, rate(failure_rate), rate(slow_rate), retry_at.map(|at| seconds(at - now)))
}

pub(crate) fn order_of(word: &str) -> PyResult<Order> {
    named("order", word, Order::NAMES, Order::from_name(word))
}

/// The right to make one call.
#[pyclass(frozen, module = "failsoft._native")]
pub(crate) struct Permit(KeyPermit);

/// What was taken out of use, to be given back.
#[pyclass(frozen, module = "failsoft._native")]
pub(crate) struct Hold(Origin);

/// One breaker by the numbers of a policy's `breaker` part, and one for each key.
#[pyclass(frozen, weakref, module = "failsoft._native")]
pub(crate) struct Circuit {
    clock: Clock,
    core: Mutex<Breakers>,
}

#[pymethods]
impl Circuit {
    #[new]
    #[pyo3(signature = (policy, clock, max_keys=None))]
    fn new(policy: &Policy, clock: Option<Py<PyAny>>, max_keys: Option<Bound<'_, PyAny>>) -> PyResult<Self> {
        let max_keys = max_keys.map_or(Ok(Value::Null), |number| value(&number))?;
        let core = Breakers::from_value(policy.0.breaker, &max_keys, Spelling::Python).map_err(invalid)?;
        Ok(Self { clock: Clock::new(clock), core: Mutex::new(core) })
    }

    /// A permit and None; or None and the seconds until asking may be admitted, None where a person has to say so. The permit
    /// lapses after `lease` seconds, without it never.
    #[pyo3(signature = (lease=None, key=None))]
    fn admit(&self, py: Python<'_>, lease: Option<f64>, key: Option<Lossy>) -> PyResult<(Option<Permit>, Option<f64>)> {
        let now = self.now(py)?;
        let lease = lease.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let until = lease.map_or(Instant::NEVER, |lease| now + lease);
        Ok(match locked(&self.core).admit(text(key.as_ref()), now, until) {
            Ok(permit) => (Some(Permit(permit)), None),
            Err(until) => (None, until.known().map(|until| seconds(until - now))),
        })
    }

    /// True counts a success, False a failure, None gives the permit back.
    fn settle(&self, py: Python<'_>, permit: &Permit, passed: Option<bool>) -> PyResult<()> {
        let now = self.now(py)?;
        let outcome = match passed {
            Some(true) => Outcome::Passed,
            Some(false) => Outcome::Failed,
            None => Outcome::Neutral,
        };
        locked(&self.core).settle(now, permit.0, outcome);
        Ok(())
    }

    #[pyo3(signature = (key=None))]
    fn metrics(&self, py: Python<'_>, key: Option<Lossy>) -> PyResult<MetricsRow> {
        let now = self.now(py)?;
        let metrics = locked(&self.core).metrics(text(key.as_ref()), now);
        Ok(metrics_row(metrics, now))
    }

    #[pyo3(signature = (order, key=None))]
    fn order(&self, order: &str, key: Option<Lossy>) -> PyResult<()> {
        let order = order_of(order)?;
        locked(&self.core).order(text(key.as_ref()), order);
        Ok(())
    }

    #[pyo3(signature = (key=None))]
    fn isolate(&self, key: Option<Lossy>) -> Hold {
        Hold(locked(&self.core).isolate(text(key.as_ref())))
    }

    /// This process is a copy of the one that it began in: permits that the other gave mean nothing here.
    fn forked(&self) {
        locked(&self.core).forked();
    }

    fn release(&self, held: &Hold) {
        locked(&self.core).release(held.0);
    }

    #[pyo3(signature = (key=None))]
    fn reset(&self, key: Option<Lossy>) {
        locked(&self.core).reset(text(key.as_ref()));
    }
}

impl Circuit {
    fn now(&self, py: Python<'_>) -> PyResult<Instant> {
        self.clock.now(py, || locked(&self.core).on_another_clock())
    }
}

fn text(key: Option<&Lossy>) -> Option<&str> {
    key.map(|key| key.0.as_str())
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
