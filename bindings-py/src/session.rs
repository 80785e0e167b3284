//! The session behind one lock, and the clock.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant as SystemInstant;

use failsoft::value::Spelling;
use failsoft::{Instant, RouteId, text};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::breaker::{MetricsRow, metrics_row, order_of};
use crate::convert::{Lossy, invalid, value};
use crate::policy::Policy;

/// Locks for one verb. Nothing of the user's runs under it, so a poisoned lock still guards whole state.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A clock that stands in for the real one everywhere, while tests run on virtual time.
static DEFAULT_CLOCK: Mutex<Option<Py<PyAny>>> = Mutex::new(None);

/// Whether there is one. It is looked at before every decision, and there almost never is.
static HAS_DEFAULT_CLOCK: AtomicBool = AtomicBool::new(false);

/// Counts how often it was replaced.
static ERA: AtomicU32 = AtomicU32::new(0);

/// The host's own clock, or the default one. For one that goes back, time stands still.
pub(crate) struct Clock {
    own: Option<Py<PyAny>>,
    /// By which of the default clocks it was told the time: what the one before said must not hold back its time on this one.
    era: AtomicU32,
    /// The latest time it was told, in milliseconds.
    latest: AtomicU64,
}

impl Clock {
    pub(crate) fn new(own: Option<Py<PyAny>>) -> Self {
        Self { own, era: AtomicU32::new(ERA.load(Ordering::Acquire)), latest: AtomicU64::new(0) }
    }

    /// The time. `on_another` is called first if the default clock is another one now, once.
    pub(crate) fn now(&self, py: Python<'_>, on_another: impl FnOnce()) -> PyResult<Instant> {
        if self.own.is_none() && self.has_changed() {
            self.latest.store(0, Ordering::Release);
            on_another();
        }
        let now = read_clock(py, self.own.as_ref())?;
        if self.own.is_none() && !HAS_DEFAULT_CLOCK.load(Ordering::Acquire) {
            return Ok(now); // the system's never goes back
        }
        let before = self.latest.fetch_max(now.as_millis(), Ordering::AcqRel);
        Ok(now.max(Instant::from_millis(before)))
    }

    fn has_changed(&self) -> bool {
        let now = ERA.load(Ordering::Acquire);
        self.era.load(Ordering::Acquire) != now && self.era.swap(now, Ordering::AcqRel) != now
    }
}

/// Replaces the default clock: a callable that returns seconds, or None for the system's monotonic clock.
#[pyfunction]
pub(crate) fn set_default_clock(clock: Option<Py<PyAny>>) {
    let old = {
        let mut place = locked(&DEFAULT_CLOCK);
        HAS_DEFAULT_CLOCK.store(clock.is_some(), Ordering::Release);
        ERA.fetch_add(1, Ordering::AcqRel);
        std::mem::replace(&mut *place, clock)
    };
    drop(old);
}

/// Seconds on the default clock.
#[pyfunction]
pub(crate) fn monotonic(py: Python<'_>) -> PyResult<f64> {
    read_clock(py, None).map(|now| now.as_millis() as f64 / 1000.0)
}

fn system_clock() -> Instant {
    static ZERO: OnceLock<SystemInstant> = OnceLock::new();
    let passed = ZERO.get_or_init(SystemInstant::now).elapsed();
    // A snapshot may be restored on a young clock: an hour of room lets it keep what lay before.
    Instant::from_millis(3_600_000) + passed
}

fn read_clock(py: Python<'_>, own: Option<&Py<PyAny>>) -> PyResult<Instant> {
    let default = match own {
        None if HAS_DEFAULT_CLOCK.load(Ordering::Acquire) => {
            locked(&DEFAULT_CLOCK).as_ref().map(|clock| clock.clone_ref(py))
        }
        _ => None,
    };
    let Some(clock) = own.or(default.as_ref()) else { return Ok(system_clock()) };
    let seconds: f64 = clock.bind(py).call0()?.extract()?;
    // Saturates: a negative or absurd clock stands still and breaks nothing. Half a millisecond undoes binary fractions.
    Ok(Instant::from_millis((seconds * 1000.0 + 0.5) as u64))
}

/// The process or the conversation: one policy, one chain of routes, and what has been learnt about them.
#[pyclass(frozen, subclass, module = "failsoft._native")]
pub(crate) struct Session {
    pub(crate) core: Arc<Mutex<failsoft::Session>>,
    clock: Clock,
    /// The user's own route objects, in the order of the chain.
    pub(crate) routes: Vec<Py<PyAny>>,
    pub(crate) clients: Mutex<Vec<Option<Py<PyAny>>>>,
}

#[pymethods]
impl Session {
    /// `routes` are pairs of the user's object and its fields; an empty list is a session without routes.
    #[new]
    #[pyo3(signature = (policy, routes, clock, seed, one_slot=false))]
    fn new(
        policy: &Policy,
        routes: Vec<(Py<PyAny>, Bound<'_, PyDict>)>,
        clock: Option<Py<PyAny>>,
        seed: Option<u64>,
        one_slot: bool,
    ) -> PyResult<Self> {
        let (objects, chain) = read_chain(routes)?;
        let core = if chain.is_empty() {
            failsoft::Session::without_routes(policy.0.clone())
        } else {
            failsoft::Session::new(policy.0.clone(), chain)
        };
        let core = core.map_err(invalid)?;
        let core = if let Some(seed) = seed { core.with_seed(seed) } else { core };
        Ok(Self::over(core, objects, clock, one_slot))
    }

    /// Whether calls of it may be hedged.
    #[getter]
    fn hedges(&self) -> bool {
        locked(&self.core).hedges()
    }

    /// The state as text; `wall` is seconds since the Unix epoch. Clients and permits do not travel.
    fn snapshot(&self, py: Python<'_>, wall: f64) -> PyResult<String> {
        let now = self.now(py)?;
        Ok(locked(&self.core).snapshot(now, (wall * 1000.0 + 0.5) as u64))
    }

    /// A session from such a text, over a policy and a chain of today. `epoch` differs from those of the processes before.
    #[staticmethod]
    #[pyo3(signature = (text, policy, routes, clock, epoch, wall, one_slot=false))]
    #[expect(clippy::too_many_arguments, reason = "what a session is made of")]
    fn restore(
        py: Python<'_>,
        text: &str,
        policy: &Policy,
        routes: Vec<(Py<PyAny>, Bound<'_, PyDict>)>,
        clock: Option<Py<PyAny>>,
        epoch: u32,
        wall: f64,
        one_slot: bool,
    ) -> PyResult<Self> {
        let (objects, chain) = read_chain(routes)?;
        let now = read_clock(py, clock.as_ref())?;
        let wall = (wall * 1000.0 + 0.5) as u64;
        let core = failsoft::Session::restore(text, policy.0.clone(), chain, epoch, now, wall).map_err(invalid)?;
        Ok(Self::over(core, objects, clock, one_slot))
    }

    /// What the breaker of a route goes by now.
    fn breaker_metrics(&self, py: Python<'_>, route: u8) -> PyResult<MetricsRow> {
        let now = self.now(py)?;
        let metrics = locked(&self.core).breaker_metrics(RouteId(route), now);
        Ok(metrics_row(metrics, now))
    }

    /// Sets a manual override of the breaker of a route; "automatic" ends it.
    fn order_breaker(&self, route: u8, order: &str) -> PyResult<()> {
        let order = order_of(order)?;
        locked(&self.core).order_breaker(RouteId(route), order);
        Ok(())
    }

    /// Takes a route out of use, until each who did so has released it.
    fn isolate_route(&self, route: u8) {
        locked(&self.core).isolate(RouteId(route));
    }

    fn release_route(&self, route: u8) {
        locked(&self.core).release(RouteId(route));
    }

    /// This process is a copy of the one that the session began in: a seed is dropped, and permits of the other mean nothing.
    fn forked(&self) {
        locked(&self.core).forked();
    }

    /// Forgets all that was held against a route.
    fn reset_route(&self, route: u8) {
        locked(&self.core).reset(RouteId(route));
    }

    /// Tools that were approved for longer than one call.
    fn standing_approvals(&self) -> Vec<String> {
        locked(&self.core).standing_approvals().map(str::to_string).collect()
    }

    fn stand_for(&self, tool: &str) {
        locked(&self.core).approve_standing(tool);
    }

    /// Takes back an approval that was given for longer than one call.
    fn withdraw_approval(&self, tool: &str) -> bool {
        locked(&self.core).withdraw_approval(tool)
    }

    /// The warning about a client that repeats its requests by itself; it is for whoever sees it first to say it once.
    fn multiplied(&self, route: Option<Lossy>, retries: u32) -> String {
        let attempts = locked(&self.core).policy().retry.max_attempts;
        text::multiplied(route.as_ref().map(|route| route.0.as_str()), retries, attempts, Spelling::Python)
    }

    /// The host has made or closed a route's client by itself, between turns.
    fn set_ready(&self, route: u8, ready: bool) {
        locked(&self.core).set_ready(RouteId(route), ready);
    }

    fn client_of(&self, py: Python<'_>, route: usize) -> Option<Py<PyAny>> {
        locked(&self.clients).get(route).and_then(|client| client.as_ref().map(|client| client.clone_ref(py)))
    }

    fn set_client(&self, route: usize, client: Option<Py<PyAny>>) {
        let old = locked(&self.clients).get_mut(route).map(|place| std::mem::replace(place, client));
        // Dropped after the lock is free: its destructor is the user's code.
        drop(old);
    }

    #[getter]
    fn policy(&self) -> Policy {
        Policy(locked(&self.core).policy().clone())
    }
}

/// The user's objects, and the chain as the core knows it.
fn read_chain(routes: Vec<(Py<PyAny>, Bound<'_, PyDict>)>) -> PyResult<(Vec<Py<PyAny>>, Vec<failsoft::Route>)> {
    let (mut objects, mut chain) = (Vec::new(), Vec::new());
    for (object, fields) in routes {
        chain.push(failsoft::Route::from_value(&value(fields.as_any())?, Spelling::Python).map_err(invalid)?);
        objects.push(object);
    }
    Ok((objects, chain))
}

impl Session {
    fn over(core: failsoft::Session, routes: Vec<Py<PyAny>>, clock: Option<Py<PyAny>>, one_slot: bool) -> Self {
        let core = if one_slot { core.with_one_slot() } else { core };
        let clients = Mutex::new(routes.iter().map(|_| None).collect());
        Self { core: Arc::new(Mutex::new(core)), clock: Clock::new(clock), routes, clients }
    }

    pub(crate) fn now(&self, py: Python<'_>) -> PyResult<Instant> {
        self.clock.now(py, || locked(&self.core).on_another_clock())
    }
}
