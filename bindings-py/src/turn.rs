//! Turns: two verbs, the clock read by the binding, one lock held for one verb.

use std::sync::Mutex;

use failsoft::command::{Event, Id, Reply, ReplyKind, ToolCall};
use failsoft::policy::approval::{Decision, Digest};
use failsoft::policy::limits::{Limit, Usage};
use failsoft::{Instant, RouteId, ToolOutcome, Work};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{IntoPyObjectExt, intern};

use crate::call::{Call, needing};
use crate::command::{Attempt, Notice, command, notice};
use crate::convert::{Failure, HostRisk, Lossy, Used, invalid, named, seconds, used};
use crate::first;
use crate::session::{Session, locked};
use crate::tools::{ToolRow, read_tools};

/// One request of a user.
#[pyclass(frozen, subclass, module = "failsoft._native")]
pub(crate) struct Turn {
    pub(crate) session: Py<Session>,
    /// What it was begun on: the session itself, or the host's own that has it as `core`.
    owner: Py<PyAny>,
    core: Mutex<failsoft::Turn>,
}

type CallRow = (Lossy, Option<String>, Option<Lossy>, HostRisk);

#[pymethods]
impl Turn {
    /// `session` is one, or has one as its `core`; `tools` are rows of name, risky, replay and timeout in seconds.
    #[new]
    #[pyo3(signature = (session, tools=None))]
    fn new(session: &Bound<'_, PyAny>, tools: Option<Vec<ToolRow>>) -> PyResult<Self> {
        let py = session.py();
        let core = match session.cast::<Session>() {
            Ok(core) => core.clone().unbind(),
            Err(_) => session.getattr(intern!(py, "core"))?.extract()?,
        };
        let tools = read_tools(tools.unwrap_or_default())?;
        let now = core.get().now(py)?;
        let turn = failsoft::Turn::new(&mut locked(&core.get().core), tools, now);
        Ok(Self { session: core, owner: session.clone().unbind(), core: Mutex::new(turn) })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.session)?;
        visit.call(&self.owner)
    }

    /// The session that it was begun on.
    #[getter]
    fn session(&self, py: Python<'_>) -> Py<PyAny> {
        self.owner.clone_ref(py)
    }

    /// What to do next; the same until an event or time changes it.
    fn poll(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let now = self.now(py)?;
        let (next, detail) = self.with(|turn, session| {
            let next = turn.poll(session, now);
            (next, turn.detail().to_string())
        });
        command(py, next, &self.session, now, || detail)
    }

    /// As `poll`, and takes what it says in the same breath, so that of two threads one does it.
    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let now = self.now(py)?;
        let (next, detail) = self.with(|turn, session| {
            let next = turn.next(session, now);
            (next, turn.detail().to_string())
        });
        command(py, next, &self.session, now, || detail)
    }

    fn taken(&self, py: Python<'_>, id: Id) -> PyResult<bool> {
        self.handle(py, Event::Taken(id))
    }

    fn succeeded(&self, py: Python<'_>, id: Id) -> PyResult<bool> {
        self.handle(py, Event::Succeeded(id))
    }

    /// The attempt failed. `spent` is what it has used of the model, as input and output tokens, where the host can say.
    #[pyo3(signature = (id, failure, spent=None))]
    fn failed(&self, py: Python<'_>, id: Id, failure: &Failure, spent: Option<Used>) -> PyResult<bool> {
        self.handle(py, Event::Failed { id, failure: failure.0, spent: spent.map(used) })
    }

    /// A stream brought something. `usage` is what it says to have used so far, where it does.
    #[pyo3(signature = (id, meaningful, usage=None))]
    fn progress(&self, py: Python<'_>, id: Id, meaningful: bool, usage: Option<Used>) -> PyResult<bool> {
        self.handle(py, Event::Progress { id, meaningful, usage: usage.map(used) })
    }

    /// The models of these routes, by their places in the chain, stream: for the model requests to come.
    fn stream_on(&self, routes: Vec<u8>, restartable: bool) {
        let routes = routes.into_iter().map(RouteId).collect();
        locked(&self.core).streams(routes, restartable);
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

    fn decided(&self, py: Python<'_>, id: Id, decision: &str, digest: &str) -> PyResult<bool> {
        let decision = named("decision", decision, Decision::NAMES, Decision::from_name(decision))?;
        let Some(digest) = Digest::from_hex(digest) else { return Ok(false) };
        self.handle(py, Event::Decided { id, decision, digest })
    }

    /// `kind` is the word of `read_reply`; `rows` are its tool calls: name, digest, complaint about the arguments, and the
    /// host's own word on risk.
    #[pyo3(signature = (id, kind, rows, input_tokens=None, output_tokens=None))]
    fn replied(
        &self,
        py: Python<'_>,
        id: Id,
        kind: &str,
        rows: Vec<CallRow>,
        input_tokens: Option<u64>,
        output_tokens: Option<u64>,
    ) -> PyResult<bool> {
        let usage = Usage { input_tokens, output_tokens };
        let kind = named("reply", kind, ReplyKind::NAMES, ReplyKind::from_name(kind))?;
        let calls: Vec<ToolCall<'_>> = rows
            .iter()
            .map(|(name, digest, complaint, risky)| {
                let complaint = complaint.as_ref().map_or("the arguments have no digest", |text| &text.0);
                let arguments = digest.as_deref().and_then(Digest::from_hex).ok_or(complaint);
                ToolCall { name: &name.0, arguments, risky: risky.0 }
            })
            .collect();
        self.handle(py, Event::Replied { id, reply: Reply::new(kind, &calls), usage })
    }

    /// What became of a tool call: the word for it, and the limit if that kept it from running; None while it is open.
    fn outcome(&self, index: u32) -> Option<(&'static str, Option<&'static str>)> {
        let outcome = locked(&self.core).outcome(index)?;
        let limit = if let ToolOutcome::NotRun(limit) = outcome { Some(limit.name()) } else { None };
        Some((outcome.name(), limit))
    }

    /// What the model is told about a tool call that brought no result of its own.
    fn sentence(&self, index: u32) -> Option<String> {
        locked(&self.core).sentence(index)
    }

    /// What the user is told in place of an answer.
    fn degraded_answer(&self) -> Option<String> {
        locked(&self.core).degraded_answer()
    }

    /// Counts a step; None when it may be taken, else the limit in the way.
    fn take_step(&self, py: Python<'_>) -> PyResult<Option<&'static str>> {
        let now = self.now(py)?;
        Ok(self.with(|turn, session| turn.take_step(session, now)).err().map(Limit::name))
    }

    /// What became of the turn so far, as a dictionary.
    fn tally<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (report, route) = self.with(|turn, session| {
            let route = turn.scope().answered_by().map(|route| session.route_name(route).to_string());
            (turn.report(session), route)
        });
        let dict = PyDict::new(py);
        dict.set_item("route", route)?;
        dict.set_item("stop_reason", report.stop_reason.map(|reason| reason.name()))?;
        dict.set_item("degraded", report.degraded)?;
        dict.set_item("steps", report.steps)?;
        dict.set_item("attempts", report.attempts)?;
        dict.set_item("tool_calls", report.tool_calls)?;
        dict.set_item("blocked", report.blocked)?;
        dict.set_item("input_tokens", report.usage.input_tokens)?;
        dict.set_item("output_tokens", report.usage.output_tokens)?;
        dict.set_item("spent_input_tokens", report.spent.input_tokens)?;
        dict.set_item("spent_output_tokens", report.spent.output_tokens)?;
        dict.set_item("failure", report.failure.map(Failure))?;
        dict.set_item("lines", report.lines)?;
        Ok(dict)
    }

    /// Notices that were not read yet.
    fn notices(&self) -> Vec<Notice> {
        self.with(|turn, session| {
            let mut out = Vec::new();
            while let Some(found) = turn.poll_notice() {
                out.push(notice(&found, turn, session));
            }
            out
        })
    }

    /// Seconds left until the deadline; None without one.
    fn time_left(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        let now = self.now(py)?;
        Ok(locked(&self.core).scope().deadline().map(|deadline| seconds(deadline - now)))
    }

    /// Brings the deadline forward to so many seconds from now.
    fn shorten(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        let now = self.now(py)?;
        if let Ok(span) = std::time::Duration::try_from_secs_f64(timeout) {
            locked(&self.core).scope_mut().shorten(now + span);
        }
        Ok(())
    }

    /// Begins within another turn, of whichever session: with its time left at most, and, if shared, within its budgets.
    /// To be said before its first attempt.
    fn inherit(&self, py: Python<'_>, parent: &Self, share_budgets: bool) -> PyResult<()> {
        let (there, here) = (parent.now(py)?, self.now(py)?);
        // One lock after the other: a turn may be told to begin within itself.
        let inherited = locked(&parent.core).hand_down(there, share_budgets);
        locked(&self.core).inherit(inherited, here);
        Ok(())
    }

    /// Names the run, so that its idempotency keys repeat when it is run again. To be said before its first attempt.
    fn set_run_id(&self, run_id: &str) -> PyResult<()> {
        locked(&self.core).scope_mut().set_run_id(run_id).map_err(invalid)
    }

    /// Makes a request by `request(attempt)`: again, or on another route, as long as the policy allows.
    ///
    /// `attempt.route`, `attempt.client`, `attempt.timeout` and `attempt.idempotency_key` say how to make it. The function
    /// runs inline, so hand `attempt.timeout` to a client that honours it; with `isolate=True` it runs in a thread that is
    /// left behind at the limit. Only there can it be hedged (`policy.hedge`): then two requests are under way at once.
    ///
    /// :param context_tokens: how many tokens of context the request takes, counted or estimated, 0 to 4294967295: routes
    ///     whose `context_window` is known and smaller are skipped. Left out, none is.
    /// :raises Exhausted: everything was tried; the last error is the cause.
    /// :raises BreakerOpen: nothing could be asked; `retry_in` says when to come back.
    /// :raises DeadlineExceeded: the turn's time is over.
    /// :raises Exception: the original error, unchanged, where asking again cannot help.
    #[pyo3(signature = (request, isolate=false, context_tokens=None))]
    fn call<'py>(
        slf: &Bound<'py, Self>,
        request: &Bound<'py, PyAny>,
        isolate: bool,
        context_tokens: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if isolate {
            return slf.call_method1(intern!(slf.py(), "_apart"), (request, context_tokens));
        }
        first::call(slf, request, context_tokens)
    }

    /// The short way into a call whose attempt the host makes itself: that, or a call to be driven by `poll`.
    #[pyo3(signature = (streaming=false, restartable=true, context_tokens=None))]
    fn enter(
        slf: &Bound<'_, Self>,
        streaming: bool,
        restartable: bool,
        context_tokens: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let now = this.now(py)?;
        let call = needing(failsoft::Call::new(Work::Function), context_tokens)?;
        let mut call = if streaming { call.streaming(restartable) } else { call };
        let entered = this.with(|turn, session| {
            let scope = turn.scope_mut();
            if call.enter(scope, session, now) { call.attempted(scope) } else { None }
        });
        match entered {
            Some(core) => Attempt::new(core, this.session.clone_ref(py), Some(Box::new(call))).into_py_any(py),
            None => Call::new(slf, call).into_py_any(py),
        }
    }

    /// The attempt worked.
    fn settle(&self, py: Python<'_>, attempt: &Attempt) -> PyResult<()> {
        let Some(mut call) = attempt.take() else { return Ok(()) };
        let now = self.now(py)?;
        self.with(|turn, session| call.settle(turn.scope_mut(), session, now, Ok(())));
        Ok(())
    }

    /// The attempt failed: the call goes on from there by `poll`.
    fn settle_failed(slf: &Bound<'_, Self>, attempt: &Attempt, failure: &Failure) -> PyResult<Option<Call>> {
        let this = slf.get();
        let Some(mut call) = attempt.take() else { return Ok(None) };
        let now = this.now(slf.py())?;
        let is_over = this.with(|turn, session| call.settle(turn.scope_mut(), session, now, Err(failure.0)));
        Ok((!is_over).then(|| Call::new(slf, *call)))
    }

    /// The attempt was dropped: permits go back, nothing is counted.
    fn settle_abandoned(&self, py: Python<'_>, attempt: &Attempt) -> PyResult<()> {
        let Some(mut call) = attempt.take() else { return Ok(()) };
        let (now, id) = (self.now(py)?, attempt.core.id);
        let _ = self.with(|turn, session| call.handle(turn.scope_mut(), session, now, Event::Abandoned(id)));
        Ok(())
    }

    /// A turn from the text of its snapshot, its tools given anew. After a death, report `interrupted` first.
    #[staticmethod]
    fn restore(py: Python<'_>, session: Py<Session>, text: &str, tools: Vec<ToolRow>, wall: f64) -> PyResult<Self> {
        let now = session.get().now(py)?;
        let (tools, wall) = (read_tools(tools)?, (wall * 1000.0 + 0.5) as u64);
        let core = failsoft::Turn::restore(text, &locked(&session.get().core), tools, now, wall).map_err(invalid)?;
        Ok(Self { owner: session.clone_ref(py).into_any(), session, core: Mutex::new(core) })
    }

    /// The state as text; `wall` is seconds since the Unix epoch.
    fn snapshot(&self, py: Python<'_>, wall: f64) -> PyResult<String> {
        let now = self.now(py)?;
        Ok(self.with(|turn, session| turn.snapshot(session, now, (wall * 1000.0 + 0.5) as u64)))
    }
}

impl Turn {
    pub(crate) fn now(&self, py: Python<'_>) -> PyResult<Instant> {
        self.session.get().now(py)
    }

    /// The turn's lock before the session's, everywhere.
    pub(crate) fn with<R>(&self, decide: impl FnOnce(&mut failsoft::Turn, &mut failsoft::Session) -> R) -> R {
        let mut turn = locked(&self.core);
        decide(&mut turn, &mut locked(&self.session.get().core))
    }

    fn handle(&self, py: Python<'_>, event: Event<'_>) -> PyResult<bool> {
        let now = self.now(py)?;
        Ok(self.with(|turn, session| turn.handle(session, now, event)).accepted())
    }
}
