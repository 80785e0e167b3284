//! The agent's turn: ask the model, let its tool calls through the gate, run them, ask again, stop. The only place that knows
//! how a turn goes on.

mod nested;
mod report;
mod stored;
mod tools;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub use report::{Report, explain_call};
use tools::{Repeat, Slot, SlotState};

use crate::call::Call;
use crate::command::{CancelWhy, Command, End, Event, Handled, Id, Reply, Verdict, WaitWhy, Work};
use crate::notice::{Notice, What};
pub use crate::outcome::ToolOutcome;
use crate::policy::failure::{Failure, FailureKind};
use crate::policy::limits::{Limit, Usage, next_step};
use crate::route::{RouteSet, Tool};
use crate::scope::{Context, Scope};
use crate::session::{About, Session};
use crate::stored::stored;
use crate::time::Instant;

/// One request of a user, from the first model request to the last word.
///
/// Drive it with two verbs, as a [`Call`]; or use it only as the scope of your own calls ([`Turn::scope_mut`],
/// [`Turn::take_step`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    scope: Scope,
    course: Course,
}

/// Where the agent loop stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Course {
    tools: Arc<[Tool]>,
    step: u32,
    phase: Phase,
    slots: Vec<Slot>,
    repeats: Vec<Repeat>,
    tool_calls: u32,
    /// What the requests used whose reply was taken.
    usage: Usage,
    /// Whether some model did not report its usage.
    usage_unknown: bool,
    blocked: Vec<String>,
    /// Since when only a person is awaited.
    since_asked: Option<Instant>,
    /// Why it ended, in words; empty for an answer.
    detail: String,
    /// The routes whose models stream, and whether a stream that broke may be asked for again.
    streams: RouteSet,
    restartable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one lives in each turn; boxing would cost an allocation a step")]
enum Phase {
    /// The next model request is due.
    Due,
    /// The model is asked.
    Model(Call),
    /// Its tool calls are dealt with.
    Tools,
    Over(Verdict),
}

stored! { enum Phase { Due, Model(call), Tools, Over(verdict) } }

impl Turn {
    /// A turn that begins now, with these tools.
    pub fn new(session: &mut Session, tools: Arc<[Tool]>, now: Instant) -> Self {
        Self { scope: Scope::new(session, now), course: Course::new(tools) }
    }

    /// Declares that the models of these routes stream: their requests have limits of progress in place of one for the whole.
    /// `restartable` says whether one that broke may be asked for again after it made progress, which a host can bear that shows
    /// nothing before it is whole, or that tells whoever has seen a part to discard it. It holds for the model requests to come.
    pub fn streams(&mut self, routes: RouteSet, restartable: bool) {
        (self.course.streams, self.course.restartable) = (routes, restartable);
    }

    /// What its calls share: for hosts that drive calls of their own in this turn.
    pub fn scope_mut(&mut self) -> &mut Scope {
        &mut self.scope
    }

    /// What its calls share.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The next notice that was not read yet.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.scope.event_log.poll()
    }

    /// Model requests made so far.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.course.step
    }

    /// What became of tool call `index` of the last reply; `None` while it is open.
    #[must_use]
    pub fn outcome(&self, index: u32) -> Option<ToolOutcome> {
        match self.course.slot(index)?.state {
            SlotState::Done(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        if let Phase::Over(verdict) = self.course.phase { Some(verdict) } else { None }
    }

    /// Counts a step of a host that has its own loop.
    ///
    /// # Errors
    /// The limit that stands in the way: steps, or the deadline.
    pub fn take_step(&mut self, session: &mut Session, now: Instant) -> Result<u32, Limit> {
        let cx = Context::new(session, &mut self.scope, now);
        if cx.scope.deadline.is_some_and(|deadline| cx.now >= deadline) {
            return Err(Limit::Deadline);
        }
        self.course.step = next_step(self.course.step, cx.policy.turn.steps).ok_or(Limit::Steps)?;
        Ok(self.course.step)
    }

    /// Says what to do next. The answer stays the same until an event or time changes it.
    pub fn poll(&mut self, session: &mut Session, now: Instant) -> Command {
        self.course.poll(&mut Context::new(session, &mut self.scope, now))
    }

    /// Takes what happened.
    pub fn handle(&mut self, session: &mut Session, now: Instant, event: Event<'_>) -> Handled {
        self.course.handle(&mut Context::new(session, &mut self.scope, now), event)
    }

    /// The sentence that the model gets for a tool call that brought no result of its own.
    #[must_use]
    pub fn sentence(&self, index: u32) -> Option<String> {
        let slot = self.course.slot(index)?;
        let tools = self.course.tools.iter().map(|tool| tool.name.as_str());
        crate::text::tool_ended(self.outcome(index)?, &slot.name, &slot.complaint, tools)
    }

    /// Why it ended otherwise than with an answer, in one line with numbers; empty while it goes on and after an answer.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.course.detail
    }

    /// What a user is told in place of an answer; `None` while it goes on and after an answer.
    #[must_use]
    pub fn degraded_answer(&self) -> Option<String> {
        crate::text::degraded_answer(self.verdict()?.stop_reason(), &self.course.detail)
    }
}

impl Course {
    fn new(tools: Arc<[Tool]>) -> Self {
        Self {
            tools,
            step: 0,
            phase: Phase::Due,
            slots: Vec::new(),
            repeats: Vec::new(),
            tool_calls: 0,
            usage: Usage::NOTHING,
            usage_unknown: false,
            blocked: Vec::new(),
            since_asked: None,
            detail: String::new(),
            streams: RouteSet::none(),
            restartable: true,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Command {
        loop {
            // Time first: what it ends may have to be cancelled before anything else is said.
            let command = match &mut self.phase {
                Phase::Due => {
                    self.phase = self.next_step(cx);
                    continue;
                }
                Phase::Model(call) => call.poll_in(cx),
                Phase::Tools => self.poll_tools(cx),
                Phase::Over(verdict) => cx.scope.pending_cancel(None).unwrap_or(Command::Finish(*verdict)),
            };
            match (command, &self.phase) {
                (Command::Finish(verdict), Phase::Model(_)) => self.finish(cx, verdict),
                (Command::Finish(_), Phase::Tools) => match self.after_tools(cx) {
                    Some(limit) => self.finish(cx, Verdict::new(End::Limit(limit))),
                    None => self.phase = Phase::Due,
                },
                _ => return command,
            }
        }
    }

    fn handle(&mut self, cx: &mut Context<'_>, event: Event<'_>) -> Handled {
        let handled = match (&mut self.phase, event) {
            (Phase::Model(call), Event::Replied { id, reply, usage }) if call.is_running(cx.scope, id) => {
                let mut call = *call;
                self.replied(cx, &mut call, id, reply, usage)
            }
            (Phase::Model(call), _) => call.handle_in(cx, event),
            (Phase::Tools, _) => self.handle_tools(cx, event),
            (Phase::Due | Phase::Over(_), _) => Handled::Stale,
        };
        if !handled.accepted() {
            return cx.scope.handle_cancelled(event);
        }
        if let Event::Abandoned(_) = event {
            self.finish(cx, Verdict::new(End::Cancelled));
        }
        handled
    }

    // ---- How a turn goes on. ----

    fn next_step(&mut self, cx: &mut Context<'_>) -> Phase {
        if let Some(limit) = self.limit_before_step(cx) {
            self.finish(cx, Verdict::new(End::Limit(limit)));
            return self.phase;
        }
        self.step += 1;
        let last = self.is_for_words(cx);
        let call = Call::new(Work::Model { step: self.step, with_tools: !last });
        Phase::Model(call.streaming_on(self.streams, self.restartable))
    }

    /// Whether the present step is the last one, asked without tools for an answer from what is there.
    fn is_for_words(&self, cx: &Context<'_>) -> bool {
        cx.policy.turn.final_answer && self.step >= cx.policy.turn.steps
    }

    fn limit_before_step(&self, cx: &Context<'_>) -> Option<Limit> {
        if cx.scope.deadline.is_some_and(|deadline| cx.now >= deadline) {
            return Some(Limit::Deadline);
        }
        if next_step(self.step, cx.policy.turn.steps).is_none() {
            return Some(Limit::Steps);
        }
        if cx.scope.pool.0.as_ref().is_some_and(|pool| !pool.has_tokens()) {
            return Some(Limit::Tokens);
        }
        let tokens = cx.scope.budgets.tokens?;
        match self.usage.total() {
            // What failed attempts are known to have used is used, too.
            Some(total) => {
                let used = total.saturating_add(cx.scope.spent.known);
                (used >= u64::from(tokens)).then_some(Limit::Tokens)
            }
            None => cx.scope.budgets.strict.then_some(Limit::Tokens),
        }
    }

    fn replied(&mut self, cx: &mut Context<'_>, call: &mut Call, id: Id, reply: Reply<'_>, usage: Usage) -> Handled {
        let told = match reply {
            Reply::ToolCalls(calls) if !calls.is_empty() => u32::try_from(calls.len()).unwrap_or(u32::MAX),
            Reply::Answer => 0,
            // Neither an answer nor a tool call: the model asked badly for nothing, which is a failure and not a success.
            Reply::Nothing | Reply::ToolCalls(_) => {
                let _ = call.handle_in(cx, Event::Spent { id, usage });
                let handled = call.handle_in(cx, Event::Failed { id, failure: Failure::new(FailureKind::Malformed) });
                self.phase = Phase::Model(*call);
                return handled;
            }
        };
        self.count_usage(cx, usage);
        let handled = call.handle_in(cx, Event::Succeeded(id));
        // It is over, so that nothing is left to stop when the turn is.
        self.phase = Phase::Model(*call);
        cx.note(About { call: call.id(), id: 0 }, None, What::Replied { step: self.step, tool_calls: told });
        match reply {
            Reply::ToolCalls(calls) => {
                self.phase = Phase::Tools;
                self.open_slots(cx, calls);
            }
            _ => self.finish(cx, Verdict::new(End::Succeeded)),
        }
        handled
    }

    fn count_usage(&mut self, cx: &mut Context<'_>, usage: Usage) {
        self.usage = self.usage.plus(usage);
        if let Some(pool) = &cx.scope.pool.0 {
            usage.total().map_or_else(|| pool.spend_unknown(), |total| pool.spend(total));
        }
        if usage.total().is_none() && !self.usage_unknown {
            self.usage_unknown = true;
            if cx.scope.budgets.tokens.is_some() {
                cx.note(About { call: 0, id: 0 }, None, What::UsageUnknown);
            }
        }
    }

    fn finish(&mut self, cx: &mut Context<'_>, verdict: Verdict) {
        if let Phase::Over(_) = self.phase {
            return;
        }
        if let Phase::Model(call) = &mut self.phase {
            call.stop(cx, CancelWhy::Deadline);
        }
        let call = if let Phase::Model(call) = &self.phase { Some(call.id()) } else { None };
        self.stop_tools(cx);
        self.detail = report::explain(cx, call, verdict);
        self.phase = Phase::Over(verdict);
        if let End::Limit(limit) = verdict.end {
            cx.note(About { call: 0, id: 0 }, None, What::LimitReached(limit));
        }
        cx.note(About { call: 0, id: 0 }, None, What::Finished(verdict.stop_reason()));
    }
}

fn running(cx: &Context<'_>, until: Instant) -> Command {
    Command::Wait { id: 0, delay: until - cx.now, until, why: WaitWhy::Running }
}
