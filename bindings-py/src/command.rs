//! Commands as frozen classes: what a `match` in Python sees.

use std::sync::{Mutex, OnceLock};

use failsoft::command::{Command, Id};
use failsoft::notice::{self, What};
use failsoft::{End, Instant, Work};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use crate::convert::{Failure, seconds};
use crate::session::{Session, locked};

fn at(instant: Instant) -> Option<f64> {
    instant.known().map(|at| at.as_millis() as f64 / 1000.0)
}

fn span(seconds_of: std::time::Duration) -> f64 {
    if seconds_of.as_millis() > 1 << 50 { f64::INFINITY } else { seconds(seconds_of) }
}

/// Make this request, then report what became of it.
#[pyclass(frozen, module = "failsoft._native")]
pub(crate) struct Attempt {
    pub(crate) core: failsoft::Attempt,
    session: Py<Session>,
    /// The call that it was let through for, to be settled once. Boxed: the attempt of a call that is driven has none.
    call: Mutex<Option<Box<failsoft::Call>>>,
    /// The client as it was first read: an attempt keeps the one that it began with.
    held: OnceLock<Option<Py<PyAny>>>,
}

impl Attempt {
    pub(crate) fn new(core: failsoft::Attempt, session: Py<Session>, call: Option<Box<failsoft::Call>>) -> Self {
        Self { core, session, call: Mutex::new(call), held: OnceLock::new() }
    }

    /// What was let through, to be settled once.
    pub(crate) fn take(&self) -> Option<Box<failsoft::Call>> {
        locked(&self.call).take()
    }
}

#[pymethods]
impl Attempt {
    #[getter]
    fn id(&self) -> Id {
        self.core.id
    }

    /// The route to ask, the very object that the session was made with; None for tools and functions without routes.
    #[getter]
    fn route(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let route = self.core.route?;
        self.session.get().routes.get(usize::from(route.0)).map(|route| route.clone_ref(py))
    }

    /// The route's client: what its `activate` made, or what it was given as `client`; None for a route with neither.
    #[getter]
    fn client(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let route = usize::from(self.core.route?.0);
        let now = || locked(&self.session.get().clients).get(route)?.as_ref().map(|client| client.clone_ref(py));
        self.held.get_or_init(now).as_ref().map(|client| client.clone_ref(py))
    }

    /// Which making of the route's client it is for, counted from 0.
    #[getter]
    fn generation(&self) -> u32 {
        self.core.client
    }

    #[getter]
    fn number(&self) -> u32 {
        self.core.number
    }

    #[getter]
    fn timeout(&self) -> f64 {
        span(self.core.timeout)
    }

    #[getter]
    fn until(&self) -> Option<f64> {
        at(self.core.until)
    }

    #[getter]
    fn first_progress(&self) -> Option<f64> {
        self.core.first_progress.map(seconds)
    }

    #[getter]
    fn idle(&self) -> Option<f64> {
        self.core.idle.map(seconds)
    }

    #[getter]
    fn idempotency_key(&self) -> PyResult<String> {
        let key = self.core.idempotency_key();
        key.map(|key| key.to_string()).map_err(|none| PyOSError::new_err(none.to_string()))
    }

    /// "model", "tool" or "function".
    #[getter]
    fn work(&self) -> &'static str {
        match self.core.work {
            Work::Model { .. } => "model",
            Work::Tool { .. } => "tool",
            Work::Function => "function",
        }
    }

    /// The tool call's place in the model's reply.
    #[getter]
    fn index(&self) -> Option<u32> {
        if let Work::Tool { index } = self.core.work { Some(index) } else { None }
    }

    #[getter]
    fn step(&self) -> Option<u32> {
        if let Work::Model { step, .. } = self.core.work { Some(step) } else { None }
    }

    /// Whether the model may ask for tools.
    #[getter]
    fn with_tools(&self) -> bool {
        matches!(self.core.work, Work::Model { with_tools: true, .. })
    }

    fn __repr__(&self) -> String {
        format!("Attempt(id={}, number={}, timeout={})", self.core.id, self.core.number, self.timeout())
    }
}

macro_rules! command {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty),+ }) => {
        $(#[$meta])*
        #[pyclass(frozen, get_all, module = "failsoft._native")]
        pub(crate) struct $name { $($field: $type),+ }

        #[pymethods]
        impl $name {
            fn __repr__(&self) -> String {
                let fields = [$(format!("{}={:?}", stringify!($field), self.$field)),+];
                format!("{}({})", stringify!($name), fields.join(", "))
            }
        }
    };
}

command! {
    /// Sleep `delay` seconds, then report `waited`; with why "running" wait for a report instead.
    Wait { id: Id, delay: f64, until: Option<f64>, why: &'static str }
}
command! {
    /// Make this route's client ready, then report `ready` or `not_ready`.
    Switch { id: Id, route: u8, until: Option<f64>, timeout: f64, why: &'static str }
}
command! {
    /// Close this route's client and make it again, then report `ready` or `not_ready`.
    Rebuild { id: Id, route: u8, client: u32, until: Option<f64>, timeout: f64 }
}
command! {
    /// Ask a person whether this tool call may run, then report `decided`.
    AskApproval { id: Id, index: u32, digest: String, until: Option<f64> }
}
command! {
    /// Stop what was taken under this id.
    Cancel { id: Id, why: &'static str }
}

command! {
    /// Something worth a log line, `at` so many seconds after the turn began. `attempt`, `kind`, `next` and `delay` are those of an
    /// attempt that failed: which on its route, how, what follows, and the seconds before it.
    Notice {
        at: f64, line: String, what: &'static str, route: Option<String>, attempt: Option<u32>, kind: Option<&'static str>,
        next: Option<&'static str>, delay: Option<f64>
    }
}

/// A notice as the class that Python sees.
pub(crate) fn notice(notice: &notice::Notice, turn: &failsoft::Turn, session: &failsoft::Session) -> Notice {
    let (attempt, kind, next, delay) = match notice.what {
        What::AttemptFailed { number, failure, next, delay } => {
            (Some(number), Some(failure.kind.name()), Some(next.name()), Some(seconds(delay)))
        }
        _ => (None, None, None, None),
    };
    Notice {
        at: seconds(notice.at - turn.scope().started()),
        line: turn.scope().event_log().line(session, notice),
        what: notice.what.name(),
        route: notice.route.map(|route| session.route_name(route).to_string()),
        attempt,
        kind,
        next,
        delay,
    }
}

/// It is over.
#[pyclass(frozen, module = "failsoft._native")]
pub(crate) struct Finish {
    verdict: failsoft::Verdict,
    /// What happened, in one line with numbers.
    #[pyo3(get)]
    message: String,
    now: Instant,
}

#[pymethods]
impl Finish {
    /// "succeeded", "permanent", "exhausted", "no_route", "limit" or "cancelled".
    #[getter]
    fn end(&self) -> &'static str {
        match self.verdict.end {
            End::Succeeded => "succeeded",
            End::Permanent => "permanent",
            End::Exhausted => "exhausted",
            End::NoRoute => "no_route",
            End::Limit(_) => "limit",
            End::Cancelled => "cancelled",
        }
    }

    /// Which limit, if that was the end.
    #[getter]
    fn limit(&self) -> Option<&'static str> {
        if let End::Limit(limit) = self.verdict.end { Some(limit.name()) } else { None }
    }

    #[getter]
    fn stop_reason(&self) -> &'static str {
        self.verdict.stop_reason().name()
    }

    #[getter]
    fn failure(&self) -> Option<Failure> {
        self.verdict.failure.map(Failure)
    }

    /// Seconds until asking again may help, if that is known.
    #[getter]
    fn retry_in(&self) -> Option<f64> {
        let at = self.verdict.retry_at?;
        at.known().map(|_| seconds(at - self.now))
    }

    /// Whether the failure behind it was a limit of ours that passed.
    #[getter]
    fn timed_out(&self) -> bool {
        self.verdict.timed_out()
    }

    /// Which error to raise: "original", "deadline_exceeded", "step_limit_exceeded", "breaker_open" or "exhausted".
    fn raised(&self, has_original: bool) -> &'static str {
        self.verdict.raised(has_original).name()
    }

    fn __repr__(&self) -> String {
        format!("Finish(end={:?}, message={:?})", self.end(), self.message)
    }
}

/// A command as the class that Python matches on.
pub(crate) fn command(
    py: Python<'_>,
    command: Command,
    session: &Py<Session>,
    now: Instant,
    message: impl FnOnce() -> String,
) -> PyResult<Py<PyAny>> {
    match command {
        Command::Attempt(attempt) => Attempt::new(attempt, session.clone_ref(py), None).into_py_any(py),
        Command::Wait { id, delay, until, why } => {
            Wait { id, delay: span(delay), until: at(until), why: why.name() }.into_py_any(py)
        }
        Command::Switch { id, route, until, why } => {
            Switch { id, route: route.0, until: at(until), timeout: span(until - now), why: why.name() }.into_py_any(py)
        }
        Command::Rebuild { id, route, client, until } => {
            Rebuild { id, route: route.0, client, until: at(until), timeout: span(until - now) }.into_py_any(py)
        }
        Command::AskApproval { id, index, digest, until } => {
            AskApproval { id, index, digest: digest.to_string(), until: at(until) }.into_py_any(py)
        }
        Command::Cancel { id, why } => Cancel { id, why: why.name() }.into_py_any(py),
        Command::Finish(verdict) => Finish { verdict, message: message(), now }.into_py_any(py),
    }
}
