//! The tool calls of one reply: each asks, runs, or is told why not.

use alloc::string::{String, ToString};

use super::outcome::ToolOutcome;
use super::{Course, running};
use crate::account::What;
use crate::call::Call;
use crate::command::{
    Attempt, CancelWhy, Command, End, Event, Handled, Id, KeySource, Replay, ToolCall, Verdict, WaitWhy, Work,
};
use crate::policy::approval::{Decision, Digest, Gate};
use crate::policy::failure::{Effect, FailureKind};
use crate::policy::limits::Limit;
use crate::scope::Context;
use crate::session::About;
use crate::stored::stored;
use crate::time::Instant;

/// One tool call of the last reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) name: String,
    /// Its number in the account's list of names.
    tool: u32,
    digest: Option<Digest>,
    /// What is wrong with its arguments, or with how it ended.
    pub(super) complaint: String,
    risky: bool,
    /// What its idempotency key is made of in a run that has an id, since it may run.
    key: Option<KeySource>,
    pub(super) state: SlotState,
}

stored! { Slot { name, tool, digest, complaint, risky, key, state } }

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a slot lives in a list of a few, and boxing would cost an allocation a call"
)]
pub(super) enum SlotState {
    /// `until` is [`Instant::NEVER`] before it was first said.
    Asking {
        id: Id,
        digest: Digest,
        until: Instant,
        taken: bool,
    },
    Running(Call),
    Done(ToolOutcome),
}

stored! { enum SlotState { Asking { id, digest, until, taken }, Running(call), Done(outcome) } }

impl Slot {
    pub(super) fn shift(&mut self, span: impl Fn(Instant) -> Instant + Copy, wall: impl Fn(Instant) -> Instant) {
        match &mut self.state {
            SlotState::Asking { until, .. } => *until = wall(*until),
            SlotState::Running(call) => call.shift(span),
            SlotState::Done(_) => {}
        }
    }
}

/// How often the same tool call has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repeat {
    name: String,
    /// What tells one call of the tool from another: its arguments, or what is wrong with them.
    digest: Option<Digest>,
    complaint: String,
    times: u32,
}

stored! { Repeat { name, digest, complaint, times } }

impl Course {
    pub(super) fn slot(&self, index: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(index).ok()?)
    }

    pub(super) fn open_slots(&mut self, cx: &mut Context<'_>, calls: &[ToolCall<'_>]) {
        self.slots.clear();
        for (index, call) in (0_u32..).zip(calls) {
            let slot = self.open_slot(cx, index, call);
            self.slots.push(slot);
        }
        // What is over before it began is told now, in order.
        for index in 0..self.slots.len() {
            if let Some(SlotState::Done(outcome)) = self.slots.get(index).map(|slot| slot.state) {
                self.close(cx, index, outcome);
            }
        }
    }

    fn open_slot(&mut self, cx: &mut Context<'_>, index: u32, call: &ToolCall<'_>) -> Slot {
        let known = self.tools.iter().find(|tool| tool.name == call.name);
        let risky = call.risky.is_risky(known.is_some_and(|tool| tool.risky));
        let gate = cx.policy.approval.gate(call.name, risky, &cx.live.standing);
        let room = cx.scope.budgets.tool_calls.is_none_or(|most| self.tool_calls < most);
        let state = match (known, call.arguments, gate) {
            // The model was not offered any tool, so none is run.
            _ if self.is_for_words(cx) => SlotState::Done(ToolOutcome::NotRun(Limit::Steps)),
            (None, _, _) => SlotState::Done(ToolOutcome::UnknownTool),
            (_, Err(_), _) => SlotState::Done(ToolOutcome::BadArguments),
            (_, _, Gate::Deny) => SlotState::Done(ToolOutcome::Denied),
            // Taken last of all questions: what is taken of a shared budget is gone for the others.
            (Some(tool), Ok(digest), _) if room && cx.takes_tool_call() => {
                self.tool_calls += 1;
                if gate == Gate::Ask {
                    SlotState::Asking { id: cx.scope.next_id(), digest, until: Instant::NEVER, taken: false }
                } else {
                    SlotState::Running(Call::new(Work::Tool { index }).replay(tool.replay).timeout(tool.timeout))
                }
            }
            _ => SlotState::Done(ToolOutcome::NotRun(Limit::ToolCalls)),
        };
        Slot {
            name: call.name.to_string(),
            tool: cx.scope.account.tool(call.name),
            digest: call.arguments.ok(),
            complaint: call.arguments.err().unwrap_or_default().to_string(),
            risky: gate == Gate::Ask,
            key: None,
            state,
        }
    }

    /// Questions first, then whatever can run, then the wait that ends first. `Finish` when every slot is done.
    pub(super) fn poll_tools(&mut self, cx: &mut Context<'_>) -> Command {
        self.watch_the_clock(cx);
        self.expire_questions(cx);
        let mut waits: Option<Command> = None;
        let mut next = self.first_question(cx);
        let (mut under_way, mut until_first) = (false, Instant::NEVER);
        let open_question = self.slots.iter().any(|slot| matches!(slot.state, SlotState::Asking { .. }));
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
                    Command::Finish(verdict) => self.tool_over(cx, index, verdict),
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
            if let Some(SlotState::Asking { id, until, taken, .. }) = self.slots.get(index).map(|slot| slot.state)
                && cx.now >= until
            {
                if taken {
                    cx.scope.cancel(0, id, CancelWhy::TimedOut);
                }
                self.refuse(cx, index, ToolOutcome::Expired);
            }
        }
    }

    fn tool_over(&mut self, cx: &mut Context<'_>, index: usize, verdict: Verdict) {
        let replay = self
            .slots
            .get(index)
            .and_then(|slot| self.tools.iter().find(|tool| tool.name == slot.name).map(|tool| tool.replay));
        let kind = verdict.failure.map(|failure| failure.kind);
        let begun = verdict.failure.is_some_and(|failure| failure.effect == Effect::Possible);
        let outcome = match (verdict.end, kind) {
            (End::Succeeded, _) => ToolOutcome::Ran,
            // A `once` tool of whose effect nobody knows: neither a success nor a failure may be claimed.
            (_, Some(FailureKind::TimedOut)) if begun && replay == Some(Replay::Once) => ToolOutcome::OutcomeUnknown,
            (_, Some(_)) if replay == Some(Replay::Once) && self.was_interrupted(index) => ToolOutcome::OutcomeUnknown,
            (End::Limit(limit), None) => ToolOutcome::NotRun(limit),
            _ => ToolOutcome::Failed,
        };
        if let (Some(FailureKind::TimedOut), Some(slot)) = (kind, self.slots.get_mut(index)) {
            // Given up on at its limit, it has brought no error of its own that the model could be shown.
            slot.complaint = "it did not report back in time".to_string();
        }
        self.close(cx, index, outcome);
    }

    fn was_interrupted(&self, index: usize) -> bool {
        self.slots
            .get(index)
            .is_some_and(|slot| matches!(slot.state, SlotState::Running(call) if call.was_interrupted()))
    }

    fn close(&mut self, cx: &mut Context<'_>, index: usize, outcome: ToolOutcome) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.state = SlotState::Done(outcome);
        let (name, tool, digest) = (slot.name.clone(), slot.tool, slot.digest);
        let complaint = if digest.is_none() { slot.complaint.clone() } else { String::new() };
        cx.note(About { call: 0, id: 0 }, None, What::Tool { tool, outcome });
        if outcome.is_blocked() && !self.blocked.contains(&name) {
            self.blocked.push(name.clone());
        }
        if outcome.is_failure() {
            let same =
                |known: &&mut Repeat| (&known.name, known.digest, &known.complaint) == (&name, digest, &complaint);
            match self.repeats.iter_mut().find(same) {
                Some(repeat) => repeat.times += 1,
                None => self.repeats.push(Repeat { name, digest, complaint, times: 1 }),
            }
        }
    }

    pub(super) fn handle_tools(&mut self, cx: &mut Context<'_>, event: Event<'_>) -> Handled {
        let mut handled = Handled::Stale;
        self.watch_the_clock(cx);
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut(index) else { continue };
            let one = match &mut slot.state {
                SlotState::Done(_) => Handled::Stale,
                SlotState::Running(call) => call.handle_in(cx, event),
                SlotState::Asking { .. } => self.handle_question(cx, index, event),
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

    fn handle_question(&mut self, cx: &mut Context<'_>, index: usize, event: Event<'_>) -> Handled {
        let Some(slot) = self.slots.get_mut(index) else { return Handled::Stale };
        let SlotState::Asking { id, digest, until, taken } = slot.state else { return Handled::Stale };
        match event {
            // Not before it was said: until then its time has not begun, and nobody could answer it.
            Event::Taken(asked) if asked == id && !taken && until.known().is_some() => {
                slot.state = SlotState::Asking { id, digest, until, taken: true };
                let tool = slot.tool;
                cx.note(About { call: 0, id }, None, What::Asked { tool });
                Handled::Accepted
            }
            Event::Interrupted if taken => {
                slot.state = SlotState::Asking { id, digest, until, taken: false };
                Handled::Accepted
            }
            Event::Abandoned(asked) if asked == id => {
                self.refuse(cx, index, ToolOutcome::Withdrawn);
                Handled::Accepted
            }
            Event::Decided { id: asked, decision, digest: of } if asked == id && of == digest => {
                self.decided(cx, index, decision);
                Handled::Accepted
            }
            _ => Handled::Stale,
        }
    }

    fn decided(&mut self, cx: &mut Context<'_>, index: usize, decision: Decision) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let SlotState::Asking { id, .. } = slot.state else { return };
        let (tool, name) = (slot.tool, slot.name.clone());
        if decision != Decision::NoApprover {
            cx.note(About { call: 0, id }, None, What::Decided { tool, decision });
        }
        let Some(outcome) = ToolOutcome::of(decision) else {
            if decision.stands() && !cx.live.standing.contains(&name) {
                cx.live.standing.push(name.clone());
            }
            self.let_run(index);
            if decision.stands() {
                self.let_others_run(&name);
            }
            return;
        };
        self.refuse(cx, index, outcome);
    }

    fn let_run(&mut self, index: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let known = self.tools.iter().find(|known| known.name == slot.name);
        let call = Call::new(Work::Tool { index: u32::try_from(index).unwrap_or(u32::MAX) });
        slot.state = SlotState::Running(known.map_or(call, |tool| call.replay(tool.replay).timeout(tool.timeout)));
    }

    /// An approval of the tool itself answers its other questions too, unless somebody is already thinking about them.
    fn let_others_run(&mut self, name: &str) {
        for index in 0..self.slots.len() {
            let slot = self.slots.get(index).filter(|slot| slot.name == name);
            if slot.is_some_and(|slot| matches!(slot.state, SlotState::Asking { taken: false, .. })) {
                self.let_run(index);
            }
        }
    }

    /// It was counted when it asked, and will not run.
    fn refuse(&mut self, cx: &mut Context<'_>, index: usize, outcome: ToolOutcome) {
        self.tool_calls = self.tool_calls.saturating_sub(1);
        if let Some(pool) = &cx.scope.pool.0 {
            pool.give_back_tool_call();
        }
        self.close(cx, index, outcome);
    }

    /// A turn's deadline stands still while only a person is awaited: it moves on by the time that has passed so.
    fn watch_the_clock(&mut self, cx: &mut Context<'_>) {
        let asking = self.slots.iter().any(|slot| matches!(slot.state, SlotState::Asking { taken: true, .. }));
        let busy = self.slots.iter().any(|slot| matches!(slot.state, SlotState::Running(call) if call.is_taken()));
        if let Some(since) = self.since_asked.take() {
            cx.scope.stand_still(cx.now - since);
        }
        self.since_asked = (asking && !busy).then_some(cx.now);
    }

    /// Which limit ends the turn now that every tool call is done.
    pub(super) fn after_tools(&self, cx: &Context<'_>) -> Option<Limit> {
        let most = cx.policy.turn.same_failure;
        let not_run = |limit| self.slots.iter().any(|slot| slot.state == SlotState::Done(ToolOutcome::NotRun(limit)));
        if self.repeats.iter().any(|repeat| repeat.times >= most) {
            return Some(Limit::SameFailure);
        }
        [Limit::Steps, Limit::ToolCalls, Limit::Attempts, Limit::Deadline].into_iter().find(|limit| not_run(*limit))
    }

    pub(super) fn stop_tools(&mut self, cx: &mut Context<'_>) {
        for slot in &mut self.slots {
            match &mut slot.state {
                SlotState::Running(call) => call.stop(cx, CancelWhy::Deadline),
                SlotState::Asking { id, taken: true, .. } => cx.scope.cancel(0, *id, CancelWhy::Deadline),
                SlotState::Asking { .. } | SlotState::Done(_) => {}
            }
        }
    }
}
