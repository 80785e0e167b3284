//! The tool calls of one reply: each asks, runs, or is told why not.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::running;
use super::slot::{Repeat, Slot, SlotState};
use crate::call::Call;
use crate::command::{Attempt, CancelWhy, Command, End, Event, Handled, Replay, ToolCall, Verdict, WaitWhy, Work};
use crate::notice::What;
use crate::outcome::ToolOutcome;
use crate::policy::approval::{Decision, Gate};
use crate::policy::failure::{Effect, FailureKind};
use crate::policy::limits::Limit;
use crate::route::Tool;
use crate::scope::Context;
use crate::session::About;
use crate::stored::stored;
use crate::time::Instant;

/// The tool calls of the last reply, and what those of the whole turn have come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToolCalls {
    pub(super) slots: Vec<Slot>,
    repeats: Vec<Repeat>,
    /// How many were let run, or ask.
    pub(super) count: u32,
    /// Tools that were not allowed to run, each once, in order.
    pub(super) blocked: Vec<String>,
    /// Since when only a person is awaited.
    pub(super) since_asked: Option<Instant>,
}

stored! { ToolCalls { slots, repeats, count, blocked, since_asked } }

impl ToolCalls {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), repeats: Vec::new(), count: 0, blocked: Vec::new(), since_asked: None }
    }

    pub(super) fn slot(&self, index: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(index).ok()?)
    }

    // ---- A reply brings them. ----

    /// `offered` is false where the model was to answer in words: then none is run.
    pub(super) fn open(&mut self, cx: &mut Context<'_>, tools: &[Tool], offered: bool, calls: &[ToolCall<'_>]) {
        self.slots.clear();
        for (index, call) in (0_u32..).zip(calls) {
            let slot = self.open_slot(cx, tools, offered, index, call);
            self.slots.push(slot);
        }
        // What is over before it began is told now, in order.
        for index in 0..self.slots.len() {
            if let Some(outcome) = self.slots.get(index).and_then(Slot::outcome) {
                self.close(cx, index, outcome);
            }
        }
    }

    fn open_slot(
        &mut self,
        cx: &mut Context<'_>,
        tools: &[Tool],
        offered: bool,
        index: u32,
        call: &ToolCall<'_>,
    ) -> Slot {
        let known = tools.iter().find(|tool| tool.name == call.name);
        let risky = call.risky.is_risky(known.is_some_and(|tool| tool.risky));
        let gate = cx.policy.approval.gate(call.name, risky, &cx.live.standing);
        let room = cx.scope.budget.limits.tool_calls.is_none_or(|most| self.count < most);
        let state = match (known, call.arguments, gate) {
            _ if !offered => SlotState::Done(ToolOutcome::NotRun(Limit::Steps)),
            (None, _, _) => SlotState::Done(ToolOutcome::UnknownTool),
            (_, Err(_), _) => SlotState::Done(ToolOutcome::BadArguments),
            (_, _, Gate::Deny) => SlotState::Done(ToolOutcome::Denied),
            // Taken last of all questions: what is taken of a shared budget is gone for the others.
            (Some(_), Ok(digest), _) if room && cx.takes_tool_call() => {
                self.count += 1;
                if gate == Gate::Ask {
                    SlotState::Asking { id: cx.scope.next_id(), digest, until: Instant::NEVER, taken: false }
                } else {
                    SlotState::Running(tool_run(known, index))
                }
            }
            _ => SlotState::Done(ToolOutcome::NotRun(Limit::ToolCalls)),
        };
        Slot::new(&mut cx.scope.event_log, call, gate == Gate::Ask, state)
    }

    // ---- What to do next. ----

    /// Questions first, then whatever can run, then the wait that ends first. `Finish` when every slot is done.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, tools: &[Tool]) -> Command {
        self.watch_the_clock(cx);
        self.expire_questions(cx);
        let mut waits: Option<Command> = None;
        let mut next = self.first_question(cx);
        let (mut under_way, mut until_first) = (false, Instant::NEVER);
        let open_question = self.slots.iter().any(Slot::is_asking);
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut(index) else { continue };
            match &mut slot.state {
                SlotState::Done(_) => {}
                SlotState::Asking { until, .. } => {
                    until_first = until_first.min(*until);
                    under_way = true;
                }
                SlotState::Running(_) if slot.risky && open_question => {}
                // One at a time: the time of an attempt begins when it is said, not while the host is busy with another.
                SlotState::Running(call) if next.is_some() && !call.is_taken() => {}
                SlotState::Running(call) => match call.poll_in(cx) {
                    Command::Finish(verdict) => self.tool_over(cx, tools, index, verdict),
                    Command::Attempt(attempt) => {
                        slot.key = slot.key.or_else(|| cx.scope.keys.tool(&slot.name, slot.digest));
                        let key = slot.key.unwrap_or(attempt.key);
                        next = next.or(Some(Command::Attempt(Attempt { key, ..attempt })));
                    }
                    Command::Wait { until, why: WaitWhy::Running, .. } => {
                        until_first = until_first.min(until);
                        under_way = true;
                    }
                    wait @ Command::Wait { until, .. } => {
                        if until < until_first || waits.is_none() {
                            waits = Some(wait);
                        }
                        until_first = until_first.min(until);
                    }
                    other => next = next.or(Some(other)),
                },
            }
        }
        self.watch_the_clock(cx);
        if let Some(command) = cx.scope.pending_cancel(None).or(next) {
            return command;
        }
        match waits {
            _ if under_way => running(cx, until_first),
            Some(wait) => wait,
            None => Command::Finish(Verdict::new(End::Succeeded)),
        }
    }

    /// The time for its answer begins when it is said: one person may have to think about several, one after the other.
    fn first_question(&mut self, cx: &Context<'_>) -> Option<Command> {
        (0_u32..).zip(&mut self.slots).find_map(|(index, slot)| match &mut slot.state {
            SlotState::Asking { id, digest, until, taken: false } => {
                *until = until.known().unwrap_or(cx.now + cx.policy.approval.expires);
                Some(Command::AskApproval { id: *id, index, digest: *digest, until: *until })
            }
            _ => None,
        })
    }

    fn expire_questions(&mut self, cx: &mut Context<'_>) {
        for index in 0..self.slots.len() {
            if let Some(&SlotState::Asking { id, until, taken, .. }) = self.slots.get(index).map(|slot| &slot.state)
                && cx.now >= until
            {
                if taken {
                    cx.scope.cancel(0, id, CancelWhy::TimedOut);
                }
                self.refuse(cx, index, ToolOutcome::Expired);
            }
        }
    }

    /// A turn's deadline stands still while only a person is awaited: it moves on by the time that has passed so.
    fn watch_the_clock(&mut self, cx: &mut Context<'_>) {
        if let Some(since) = self.since_asked.take() {
            cx.scope.stand_still(cx.now - since);
        }
        let only_asked = self.slots.iter().any(Slot::is_asked) && !self.slots.iter().any(Slot::is_running);
        self.since_asked = only_asked.then_some(cx.now);
    }

    // ---- What happened. ----

    pub(super) fn handle(&mut self, cx: &mut Context<'_>, tools: &[Tool], event: Event<'_>) -> Handled {
        let mut handled = Handled::Stale;
        self.watch_the_clock(cx);
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut(index) else { continue };
            let one = match &mut slot.state {
                SlotState::Done(_) => Handled::Stale,
                SlotState::Running(call) => call.handle_in(cx, event),
                SlotState::Asking { .. } => self.handle_question(cx, tools, index, event),
            };
            if one.accepted() {
                handled = Handled::Accepted;
                // One death interrupts everything, every other event is about one slot.
                if event != Event::Interrupted {
                    break;
                }
            }
        }
        self.watch_the_clock(cx);
        handled
    }

    fn handle_question(&mut self, cx: &mut Context<'_>, tools: &[Tool], index: usize, event: Event<'_>) -> Handled {
        let Some(slot) = self.slots.get_mut(index) else { return Handled::Stale };
        let SlotState::Asking { id, digest, until, taken } = &mut slot.state else { return Handled::Stale };
        match event {
            // Not before it was said: until then its time has not begun, and nobody could answer it.
            Event::Taken(asked) if asked == *id && !*taken && until.known().is_some() => {
                *taken = true;
                cx.note(About { call: 0, id: *id }, None, What::ApprovalAsked { tool: slot.tool });
            }
            Event::Interrupted if *taken => *taken = false,
            Event::Abandoned(asked) if asked == *id => self.refuse(cx, index, ToolOutcome::Withdrawn),
            Event::Decided { id: asked, decision, digest: of } if asked == *id && of == *digest => {
                if decision != Decision::NoApprover {
                    cx.note(About { call: 0, id: *id }, None, What::Decided { tool: slot.tool, decision });
                }
                self.decided(cx, tools, index, decision);
            }
            _ => return Handled::Stale,
        }
        Handled::Accepted
    }

    fn decided(&mut self, cx: &mut Context<'_>, tools: &[Tool], index: usize, decision: Decision) {
        if let Some(outcome) = ToolOutcome::of(decision) {
            return self.refuse(cx, index, outcome);
        }
        self.let_run(tools, index);
        let Some(name) = self.slots.get(index).map(|slot| slot.name.clone()).filter(|_| decision.stands()) else {
            return;
        };
        // An approval of the tool itself answers its other questions too, unless somebody is already thinking about them.
        for other in 0..self.slots.len() {
            let of_tool = |slot: &&Slot| slot.name == name && slot.is_asking() && !slot.is_asked();
            if self.slots.get(other).filter(of_tool).is_some() {
                self.let_run(tools, other);
            }
        }
        if !cx.live.standing.contains(&name) {
            cx.live.standing.push(name);
        }
    }

    fn let_run(&mut self, tools: &[Tool], index: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let known = tools.iter().find(|known| known.name == slot.name);
        slot.state = SlotState::Running(tool_run(known, u32::try_from(index).unwrap_or(u32::MAX)));
    }

    /// It was counted when it asked, and will not run.
    fn refuse(&mut self, cx: &mut Context<'_>, index: usize, outcome: ToolOutcome) {
        self.count = self.count.saturating_sub(1);
        if let Some(pool) = cx.scope.budget.pool() {
            pool.give_back_tool_call();
        }
        self.close(cx, index, outcome);
    }

    // ---- The end of each, and of all. ----

    fn tool_over(&mut self, cx: &mut Context<'_>, tools: &[Tool], index: usize, verdict: Verdict) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let is_once = tools.iter().any(|tool| tool.name == slot.name && tool.replay == Replay::Once);
        let was_interrupted = matches!(&slot.state, SlotState::Running(call) if call.was_interrupted());
        let kind = verdict.failure.map(|failure| failure.kind);
        let begun = verdict.failure.is_some_and(|failure| failure.effect == Effect::Possible);
        let outcome = match (verdict.end, kind) {
            (End::Succeeded, _) => ToolOutcome::Ran,
            // A `once` tool of whose effect nobody knows: neither a success nor a failure may be claimed.
            (_, Some(FailureKind::TimedOut)) if begun && is_once => ToolOutcome::OutcomeUnknown,
            (_, Some(_)) if is_once && was_interrupted => ToolOutcome::OutcomeUnknown,
            (End::Limit(limit), None) => ToolOutcome::NotRun(limit),
            _ => ToolOutcome::Failed,
        };
        if kind == Some(FailureKind::TimedOut) {
            // Given up on at its limit, it has brought no error of its own that the model could be shown.
            slot.complaint = "it did not report back in time".to_string();
        }
        self.close(cx, index, outcome);
    }

    fn close(&mut self, cx: &mut Context<'_>, index: usize, outcome: ToolOutcome) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.state = SlotState::Done(outcome);
        cx.note(About { call: 0, id: 0 }, None, What::Tool { tool: slot.tool, outcome });
        if outcome.is_blocked() && !self.blocked.contains(&slot.name) {
            self.blocked.push(slot.name.clone());
        }
        if outcome.is_failure() {
            let failed = Repeat::of(slot);
            match self.repeats.iter_mut().find(|known| known.is_same(&failed)) {
                Some(repeat) => repeat.times += 1,
                None => self.repeats.push(failed),
            }
        }
    }

    /// Which limit ends the turn now that every tool call is done.
    pub(super) fn limit_reached(&self, cx: &Context<'_>) -> Option<Limit> {
        let most = cx.policy.turn.same_failure;
        if self.repeats.iter().any(|repeat| repeat.times >= most) {
            return Some(Limit::SameFailure);
        }
        let not_run = |limit: &Limit| self.slots.iter().any(|slot| slot.outcome() == Some(ToolOutcome::NotRun(*limit)));
        [Limit::Steps, Limit::ToolCalls, Limit::Attempts, Limit::Deadline].into_iter().find(not_run)
    }

    pub(super) fn stop(&mut self, cx: &mut Context<'_>) {
        for slot in &mut self.slots {
            match &mut slot.state {
                SlotState::Running(call) => call.stop(cx, CancelWhy::Deadline),
                SlotState::Asking { id, taken: true, .. } => cx.scope.cancel(0, *id, CancelWhy::Deadline),
                SlotState::Asking { .. } | SlotState::Done(_) => {}
            }
        }
    }
}

/// The run of a tool that may be made as its declaration says.
fn tool_run(known: Option<&Tool>, index: u32) -> Call {
    let call = Call::new(Work::Tool { index });
    match known {
        Some(tool) => call.replay(tool.replay).timeout(tool.timeout),
        None => call,
    }
}
