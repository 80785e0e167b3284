//! What a host brings to a whole turn: a model, tools, a person to ask.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, ready};

use super::Share;
use super::time::Clock;
use crate::command::{Attempt, Event, Handled, Id, Reply, ReplyKind, Risk, RouteId, ToolCall};
use crate::policy::approval::{Decision, Digest};
use crate::policy::failure::{Failure, FailureKind};
use crate::policy::limits::Usage;
use crate::text::tool_failed;
use crate::time::Instant;
use crate::turn::{Report, ToolOutcome, Turn};

/// The host of a blocking turn. It keeps the messages; [`run`](super::run()) keeps the answers and the tools' results until they
/// are wanted.
pub trait Host {
    /// Asks the model: `attempt.route`, within `attempt.timeout`. Without `with_tools` it must answer in words.
    ///
    /// # Errors
    /// What kind of failure it was.
    fn model(&mut self, attempt: &Attempt, with_tools: bool) -> Result<Said, Failure>;

    /// Runs a tool, within `attempt.timeout`, and returns what the model is to see.
    ///
    /// # Errors
    /// What the model is to see instead, and what kind of failure it was.
    fn tool(&mut self, attempt: &Attempt, call: &Wanted) -> Result<String, ToolError>;

    /// Takes what the model is to see of a tool call: its result, its error, or why it was not run. Told in the model's order,
    /// once all calls of a reply are done.
    fn told(&mut self, call: &Wanted, text: String);

    /// Asks a person whether a risky tool call may run. Without this there is no approver, and it does not.
    fn approve(&mut self, call: &Wanted) -> Decision {
        let _ = call;
        Decision::NoApprover
    }

    /// Makes a route's client ready, or, with `rebuild`, closes it and makes it again; false if that did not work. Asked only
    /// for routes with [`Route::activates`](crate::Route::activates).
    fn prepare(&mut self, route: RouteId, rebuild: bool) -> bool {
        let _ = (route, rebuild);
        false
    }
}

/// The host of a turn on any executor. As [`Host`]; write `async fn` in the implementation.
///
/// The tool calls of a reply run together, so everything is borrowed shared. A future whose limit passes is dropped.
pub trait AsyncHost {
    /// Asks the model; see [`Host::model`].
    fn model(&self, attempt: &Attempt, with_tools: bool) -> impl Future<Output = Result<Said, Failure>>;

    /// Runs a tool; see [`Host::tool`].
    fn tool(&self, attempt: &Attempt, call: &Wanted) -> impl Future<Output = Result<String, ToolError>>;

    /// Takes what the model is to see of a tool call; see [`Host::told`].
    fn told(&self, call: &Wanted, text: String);

    /// Asks a person; see [`Host::approve`].
    fn approve(&self, call: &Wanted) -> impl Future<Output = Decision> {
        let _ = call;
        ready(Decision::NoApprover)
    }

    /// Makes a route's client; see [`Host::prepare`].
    fn prepare(&self, route: RouteId, rebuild: bool) -> impl Future<Output = bool> {
        let _ = (route, rebuild);
        ready(false)
    }
}

/// What a model said: an answer, or tool calls (which then count, whatever else it said). Neither is a malformed reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Its words.
    pub answer: Option<String>,
    /// The tools that it wants run, in its order.
    pub calls: Vec<Wanted>,
    /// What it reported to have used.
    pub usage: Usage,
}

impl Said {
    /// An answer.
    #[must_use]
    pub fn answer(text: impl Into<String>) -> Self {
        Self { answer: Some(text.into()), ..Self::default() }
    }

    /// Tool calls.
    #[must_use]
    pub fn calls(calls: impl Into<Vec<Wanted>>) -> Self {
        Self { calls: calls.into(), ..Self::default() }
    }

    /// The same, with what it used.
    #[must_use]
    pub fn using(self, input_tokens: u64, output_tokens: u64) -> Self {
        let usage = Usage { input_tokens: Some(input_tokens), output_tokens: Some(output_tokens) };
        Self { usage, ..self }
    }
}

/// A tool call that a model wants run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The provider's name for this call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, as the model wrote them.
    pub arguments: String,
    /// What an approval is bound to, or what is wrong with the arguments.
    pub digest: Result<Digest, String>,
    /// Whether this very call is risky, where the host has a word on that.
    pub risky: Risk,
}

impl Wanted {
    /// A tool call whose arguments are a JSON object, as text.
    #[cfg(feature = "canonical")]
    #[must_use]
    pub fn json(id: impl Into<String>, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        let (name, arguments) = (name.into(), arguments.into());
        let digest = crate::policy::approval::digest(&name, &arguments);
        Self { id: id.into(), name, arguments, digest, risky: Risk::Declared }
    }
}

/// What went wrong in a tool: the text is for the model, the failure for the engine. Any error becomes one through `?`, of the
/// kind `unknown` unless it is a [`Failure`] itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolError {
    /// What kind of failure it was: tools that may be repeated are, when this kind allows it.
    pub failure: Failure,
    /// What the model is to see.
    pub text: String,
}

impl ToolError {
    /// A failure with a text.
    #[must_use]
    pub fn new(failure: Failure, text: impl Into<String>) -> Self {
        Self { failure, text: text.into() }
    }
}

impl<E: core::error::Error + 'static> From<E> for ToolError {
    fn from(error: E) -> Self {
        let known = (&error as &dyn core::error::Error).downcast_ref::<Failure>().copied();
        Self::new(known.unwrap_or(Failure::new(FailureKind::Unknown)), error.to_string())
    }
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The model's answer, or a degraded answer in its place (`report.degraded` tells which).
    pub answer: String,
    /// What became of the turn.
    pub report: Report,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.answer)
    }
}

/// A turn in the hands of a loop, with the values that the core never sees. Dropped over open work, it says `Abandoned`.
pub(super) struct Guide<'a, S: Share, C: Clock> {
    pub(super) share: &'a S,
    pub(super) clock: &'a C,
    pub(super) turn: &'a mut Turn,
    /// What the loop is doing for it.
    open: Vec<Id>,
    answer: Option<String>,
    /// The tool calls of the last reply that the host was not told of yet.
    pub(super) wanted: Arc<[Wanted]>,
    results: Vec<Option<String>>,
}

impl<'a, S: Share, C: Clock> Guide<'a, S, C> {
    pub(super) fn new(share: &'a S, turn: &'a mut Turn, clock: &'a C) -> Self {
        let (wanted, results) = (Arc::new([]), Vec::new());
        Self { share, clock, turn, open: Vec::new(), answer: None, wanted, results }
    }

    pub(super) fn poll(&mut self) -> crate::Command {
        let now = self.clock.now();
        self.share.with(|session| self.turn.poll(session, now))
    }

    /// A sleep until then has ended. A stubbed sleep is a sleep, whatever the clock says.
    pub(super) fn expired(&mut self, until: Instant) {
        let now = self.clock.now().max(until);
        self.share.with(|session| self.turn.poll(session, now));
    }

    /// Says that work begins. From here to its report the turn is told if it is dropped.
    pub(super) fn taken(&mut self, id: Id) {
        let _ = self.handle(id, Event::Taken(id));
        self.open.push(id);
    }

    /// Says that the wait begins; nobody is told of that.
    pub(super) fn waiting(&mut self, id: Id) {
        self.open.push(id);
    }

    /// Says that what was to be stopped has stopped.
    pub(super) fn cancelled(&mut self, id: Id) {
        let _ = self.handle(id, Event::Taken(id));
    }

    pub(super) fn handle(&mut self, id: Id, event: Event<'_>) -> Handled {
        let now = self.clock.now();
        self.open.retain(|open| *open != id);
        self.share.with(|session| self.turn.handle(session, now, event))
    }

    pub(super) fn said(&mut self, id: Id, said: Result<Said, Failure>) {
        let said = match said {
            Ok(said) => said,
            Err(failure) => return self.failed(id, failure),
        };
        let calls: Vec<ToolCall<'_>> = said
            .calls
            .iter()
            .map(|call| ToolCall {
                name: &call.name,
                arguments: call.digest.as_ref().copied().map_err(String::as_str),
                risky: call.risky,
            })
            .collect();
        let kind = ReplyKind::read(said.answer.as_deref().unwrap_or_default(), calls.len());
        let reply = Reply::new(kind, &calls);
        if self.handle(id, Event::Replied { id, reply, usage: said.usage }).accepted() {
            self.answer = said.answer;
            self.results = said.calls.iter().map(|_| None).collect();
            self.wanted = said.calls.into();
        }
    }

    pub(super) fn ran(&mut self, id: Id, index: u32, result: Result<String, ToolError>) {
        let (event, text) = match result {
            Ok(text) => (Event::Succeeded(id), text),
            Err(error) => {
                let name = self.wanted(index).map_or_else(String::new, |call| call.name.clone());
                (Event::Failed { id, failure: error.failure, spent: None }, tool_failed(&name, &error.text))
            }
        };
        if self.handle(id, event).accepted()
            && let Some(slot) = at(index).and_then(|at| self.results.get_mut(at))
        {
            *slot = Some(text);
        }
    }

    pub(super) fn failed(&mut self, id: Id, failure: Failure) {
        let _ = self.handle(id, Event::Failed { id, failure, spent: None });
    }

    pub(super) fn prepared(&mut self, id: Id, ready: bool) {
        let _ = self.handle(id, if ready { Event::Ready(id) } else { Event::NotReady(id) });
    }

    pub(super) fn decided(&mut self, id: Id, digest: Digest, decision: Decision) {
        let _ = self.handle(id, Event::Decided { id, decision, digest });
    }

    pub(super) fn wanted(&self, index: u32) -> Option<&Wanted> {
        self.wanted.get(at(index)?)
    }

    /// Hands out what the model is to see of its tool calls, once, in its order.
    pub(super) fn tell(&mut self, mut told: impl FnMut(&Wanted, String)) {
        let wanted = core::mem::replace(&mut self.wanted, Arc::new([]));
        let results = core::mem::take(&mut self.results);
        for ((index, call), result) in (0_u32..).zip(wanted.iter()).zip(results) {
            let text = match self.turn.outcome(index) {
                None => continue,
                Some(ToolOutcome::Ran) => result,
                Some(_) => self.turn.sentence(index).or(result),
            };
            told(call, text.unwrap_or_default());
        }
    }

    pub(super) fn ended(&mut self) -> Ended {
        let report = self.share.with(|session| self.turn.report(session));
        let answer = self.turn.degraded_answer().or_else(|| self.answer.take()).unwrap_or_default();
        Ended { answer, report }
    }
}

fn at(index: u32) -> Option<usize> {
    usize::try_from(index).ok()
}

impl<S: Share, C: Clock> Drop for Guide<'_, S, C> {
    fn drop(&mut self) {
        for id in core::mem::take(&mut self.open) {
            let _ = self.handle(id, Event::Abandoned(id));
        }
    }
}

/// A tool call whose attempt names none: no such call was made.
pub(super) fn no_such_call(index: u32) -> ToolError {
    ToolError::new(Failure::new(FailureKind::Bug), format!("there is no tool call number {index}"))
}
