//! The agent's turn: ask the model, let its tool calls through the gate, run them, ask again, stop. The only place that knows
//! how a turn goes on.

mod nested;
mod report;
mod slot;
mod stored;
mod tools;

use alloc::string::String;
use alloc::sync::Arc;

pub use crate::outcome::ToolOutcome;
pub use report::{Report, explain_call};
use tools::ToolCalls;

use crate::call::Call;
use crate::command::{CancelWhy, Command, End, Event, Handled, Id, Reply, Verdict, WaitWhy, Work};
use crate::conversation::Conversation;
use crate::notice::{Notice, What};
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
    conversation: Option<Conversation>,
    scope: Scope,
    agent: AgentLoop,
}

/// Where the agent's loop stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AgentLoop {
    tools: Arc<[Tool]>,
    step: u32,
    stage: Stage,
    calls: ToolCalls,
    /// What the requests used whose reply was taken.
    usage: Usage,
    /// Whether some model did not report its usage.
    usage_unknown: bool,
    /// Why it ended, in words; empty for an answer.
    detail: String,
    /// The routes whose models stream, and whether a stream that broke may be asked for again.
    streams: RouteSet,
    restartable: bool,
}

/// What a turn is busy with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one lives in each turn; boxing would cost an allocation a step")]
enum Stage {
    /// The next model request is due.
    Due,
    /// The model is asked.
    Model(Call),
    /// Its tool calls are dealt with.
    Tools,
    Over(Verdict),
}

stored! { enum Stage { Due, Model(call), Tools, Over(verdict) } }

impl Turn {
    /// A turn that begins now, with these tools.
    pub fn new(session: &mut Session, tools: Arc<[Tool]>, now: Instant) -> Self {
        Self { conversation: None, scope: Scope::new(session, now), agent: AgentLoop::new(tools) }
    }

    /// Declares that the models of these routes stream: their requests have limits of progress in place of one for the whole.
    /// `restartable` says whether one that broke may be asked for again after it made progress, which a host can bear that shows
    /// nothing before it is whole, or that tells whoever has seen a part to discard it. It holds for the model requests to come.
    pub fn streams(&mut self, routes: RouteSet, restartable: bool) {
        (self.agent.streams, self.agent.restartable) = (routes, restartable);
    }

    /// The conversation that it belongs to, if it was begun in one.
    #[must_use]
    pub fn conversation(&self) -> Option<&Conversation> {
        self.conversation.as_ref()
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
        self.agent.step
    }

    /// What became of tool call `index` of the last reply; `None` while it is open.
    #[must_use]
    pub fn outcome(&self, index: u32) -> Option<ToolOutcome> {
        self.agent.calls.slot(index)?.outcome()
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        if let Stage::Over(verdict) = self.agent.stage { Some(verdict) } else { None }
    }

    /// Counts a step of a host that has its own loop.
    ///
    /// # Errors
    /// The limit that stands in the way: steps, or the deadline.
    pub fn take_step(&mut self, session: &mut Session, now: Instant) -> Result<u32, Limit> {
        let cx = Context::new(session, &mut self.scope, now);
        if cx.scope.is_over_by(cx.now) {
            return Err(Limit::Deadline);
        }
        self.agent.step = next_step(self.agent.step, cx.policy.turn.steps).ok_or(Limit::Steps)?;
        Ok(self.agent.step)
    }

    /// Says what to do next. The answer stays the same until an event or time changes it.
    pub fn poll(&mut self, session: &mut Session, now: Instant) -> Command {
        self.agent.poll(&mut Context::new(session, &mut self.scope, now))
    }

    /// As [`Turn::poll`], and takes what it says: for hosts that begin at once what they are told.
    pub fn next(&mut self, session: &mut Session, now: Instant) -> Command {
        let next = self.poll(session, now);
        if let Some(id) = next.to_take() {
            let _ = self.handle(session, now, Event::Taken(id));
        }
        next
    }

    /// Takes what happened.
    pub fn handle(&mut self, session: &mut Session, now: Instant, event: Event<'_>) -> Handled {
        self.agent.handle(&mut Context::new(session, &mut self.scope, now), event)
    }

    /// The sentence that the model gets for a tool call that brought no result of its own.
    #[must_use]
    pub fn sentence(&self, index: u32) -> Option<String> {
        let slot = self.agent.calls.slot(index)?;
        let tools = self.agent.tools.iter().map(|tool| tool.name.as_str());
        crate::text::tool_ended(self.outcome(index)?, &slot.name, &slot.complaint, tools)
    }

    /// Why it ended otherwise than with an answer, in one line with numbers; empty while it goes on and after an answer.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.agent.detail
    }

    /// What a user is told in place of an answer; `None` while it goes on and after an answer.
    #[must_use]
    pub fn degraded_answer(&self) -> Option<String> {
        crate::text::degraded_answer(self.verdict()?.stop_reason(), &self.agent.detail)
    }
}

impl Conversation {
    /// Begins a turn of it, with these tools.
    #[must_use]
    pub fn turn(&self, session: &mut Session, tools: Arc<[Tool]>, now: Instant) -> Turn {
        Turn { conversation: Some(self.clone()), ..Turn::new(session, tools, now) }
    }
}

impl AgentLoop {
    fn new(tools: Arc<[Tool]>) -> Self {
        Self {
            tools,
            step: 0,
            stage: Stage::Due,
            calls: ToolCalls::new(),
            usage: Usage::NOTHING,
            usage_unknown: false,
            detail: String::new(),
            streams: RouteSet::none(),
            restartable: true,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Command {
        loop {
            // Time first: what it ends may have to be cancelled before anything else is said.
            let command = match &mut self.stage {
                Stage::Due => {
                    self.next_step(cx);
                    continue;
                }
                Stage::Model(call) => call.poll_in(cx),
                Stage::Tools => self.calls.poll(cx, &self.tools),
                Stage::Over(verdict) => cx.scope.pending_cancel(None).unwrap_or(Command::Finish(*verdict)),
            };
            match (command, &self.stage) {
                (Command::Finish(verdict), Stage::Model(_)) => self.finish(cx, verdict),
                (Command::Finish(_), Stage::Tools) => match self.calls.limit_reached(cx) {
                    Some(limit) => self.finish(cx, Verdict::new(End::Limit(limit))),
                    None => self.stage = Stage::Due,
                },
                _ => return command,
            }
        }
    }

    fn handle(&mut self, cx: &mut Context<'_>, event: Event<'_>) -> Handled {
        let handled = match (&mut self.stage, event) {
            (Stage::Model(call), Event::Replied { id, reply, usage }) if call.is_running(id) => {
                self.replied(cx, id, reply, usage)
            }
            (Stage::Model(call), _) => call.handle_in(cx, event),
            (Stage::Tools, _) => self.calls.handle(cx, &self.tools, event),
            (Stage::Due | Stage::Over(_), _) => Handled::Stale,
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

    fn next_step(&mut self, cx: &mut Context<'_>) {
        if let Some(limit) = self.limit_before_step(cx) {
            return self.finish(cx, Verdict::new(End::Limit(limit)));
        }
        self.step += 1;
        let call = Call::new(Work::Model { step: self.step, with_tools: !self.is_for_words(cx) });
        self.stage = Stage::Model(call.streaming_on(self.streams, self.restartable));
    }

    /// Whether the present step is the last one, asked without tools for an answer from what is there.
    fn is_for_words(&self, cx: &Context<'_>) -> bool {
        cx.policy.turn.final_answer && self.step >= cx.policy.turn.steps
    }

    fn limit_before_step(&self, cx: &Context<'_>) -> Option<Limit> {
        if cx.scope.is_over_by(cx.now) {
            return Some(Limit::Deadline);
        }
        if next_step(self.step, cx.policy.turn.steps).is_none() {
            return Some(Limit::Steps);
        }
        if cx.scope.budget.pool().is_some_and(|pool| !pool.has_tokens()) {
            return Some(Limit::Tokens);
        }
        let tokens = cx.scope.budget.limits.tokens?;
        match self.usage.total() {
            // What failed attempts are known to have used is used, too.
            Some(total) => {
                let used = total.saturating_add(cx.scope.spent.known);
                (used >= u64::from(tokens)).then_some(Limit::Tokens)
            }
            None => cx.scope.budget.limits.strict.then_some(Limit::Tokens),
        }
    }

    fn replied(&mut self, cx: &mut Context<'_>, id: Id, reply: Reply<'_>, usage: Usage) -> Handled {
        let tool_calls = match reply {
            Reply::ToolCalls(calls) if !calls.is_empty() => Some(calls),
            Reply::Answer => Some([].as_slice()),
            Reply::Nothing | Reply::ToolCalls(_) => None,
        };
        if tool_calls.is_some() {
            self.count_usage(cx, usage);
        }
        let Stage::Model(call) = &mut self.stage else { return Handled::Stale };
        let Some(tool_calls) = tool_calls else {
            // Neither an answer nor a tool call: the model asked badly for nothing, which is a failure and not a success.
            let failure = Failure::new(FailureKind::Malformed);
            return call.handle_in(cx, Event::Failed { id, failure, spent: Some(usage) });
        };
        let handled = call.handle_in(cx, Event::Succeeded(id));
        let about = About { call: call.id(), id: 0 };
        let many = u32::try_from(tool_calls.len()).unwrap_or(u32::MAX);
        cx.note(about, None, What::Replied { step: self.step, tool_calls: many });
        if tool_calls.is_empty() {
            self.finish(cx, Verdict::new(End::Succeeded));
        } else {
            self.stage = Stage::Tools;
            let offered = !self.is_for_words(cx);
            self.calls.open(cx, &self.tools, offered, tool_calls);
        }
        handled
    }

    fn count_usage(&mut self, cx: &mut Context<'_>, usage: Usage) {
        self.usage = self.usage.plus(usage);
        if let Some(pool) = cx.scope.budget.pool() {
            usage.total().map_or_else(|| pool.spend_unknown(), |total| pool.spend(total));
        }
        if usage.total().is_none() && !self.usage_unknown {
            self.usage_unknown = true;
            if cx.scope.budget.limits.tokens.is_some() {
                cx.note(About { call: 0, id: 0 }, None, What::UsageUnknown);
            }
        }
    }

    fn finish(&mut self, cx: &mut Context<'_>, verdict: Verdict) {
        if let Stage::Over(_) = self.stage {
            return;
        }
        if let Stage::Model(call) = &mut self.stage {
            call.stop(cx, CancelWhy::Deadline);
        }
        let call = if let Stage::Model(call) = &self.stage { Some(call.id()) } else { None };
        self.calls.stop(cx);
        self.detail = report::explain(cx, call, verdict);
        self.stage = Stage::Over(verdict);
        if let End::Limit(limit) = verdict.end {
            cx.note(About { call: 0, id: 0 }, None, What::LimitReached(limit));
        }
        cx.note(About { call: 0, id: 0 }, None, What::Finished(verdict.stop_reason()));
    }
}

fn running(cx: &Context<'_>, until: Instant) -> Command {
    Command::Wait { id: 0, delay: until - cx.now, until, why: WaitWhy::Running }
}
