//! What the loops hold while they work: it knows what is under way, and says `Abandoned` when it is dropped over it.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use super::time::Clock;
use super::{Share, Stopped};
use crate::call::Call;
use crate::command::{Attempt, Command, Event, Handled, Id, Verdict, WaitWhy};
use crate::policy::failure::{Failure, FailureKind, Phase};
use crate::scope::Scope;
use crate::time::Instant;
use crate::turn::explain_call;

/// One call, driven by a loop.
pub(super) struct Driver<'a, S: Share, C: Clock> {
    pub(super) share: &'a S,
    pub(super) clock: &'a C,
    pub(super) scope: &'a mut Scope,
    pub(super) call: Call,
    /// What the loop is doing for it.
    pub(super) open: Option<Id>,
}

impl<'a, S: Share, C: Clock> Driver<'a, S, C> {
    pub(super) fn new(share: &'a S, scope: &'a mut Scope, call: Call, clock: &'a C) -> Self {
        Self { share, clock, scope, call, open: None }
    }

    /// The short way in: an attempt, if nothing stands in its way.
    pub(super) fn enter(&mut self) -> Option<Attempt> {
        self.enter_at(None)
    }

    /// As if it had been entered at `began`.
    pub(super) fn enter_at(&mut self, began: Option<Instant>) -> Option<Attempt> {
        let now = began.unwrap_or_else(|| self.clock.now());
        let entered = self.share.with(|session| self.call.enter(self.scope, session, now));
        let attempt = if entered { self.call.attempted(self.scope) } else { None };
        self.open = attempt.map(|attempt| attempt.id);
        attempt
    }

    /// Takes the outcome of the attempt that was entered.
    pub(super) fn settle(&mut self, result: Result<(), Failure>) {
        let now = self.clock.now();
        self.open = None;
        self.share.with(|session| self.call.settle(self.scope, session, now, result));
    }

    pub(super) fn poll(&mut self) -> Command {
        let now = self.clock.now();
        self.poll_at(now)
    }

    fn poll_at(&mut self, now: Instant) -> Command {
        let command = self.share.with(|session| self.call.poll(self.scope, session, now));
        self.open = match command {
            Command::Wait { why: WaitWhy::Running, .. } => self.call.current(),
            Command::Attempt(Attempt { id, .. })
            | Command::Wait { id, .. }
            | Command::Rebuild { id, .. }
            | Command::Switch { id, .. } => Some(id),
            Command::AskApproval { .. } | Command::Cancel { .. } | Command::Finish(_) => None,
        };
        command
    }

    fn handle(&mut self, event: Event<'_>) -> Handled {
        let now = self.clock.now();
        self.open = None;
        self.share.with(|session| self.call.handle(self.scope, session, now, event))
    }

    /// False if it came too late: the value is to be dropped.
    pub(super) fn succeeded(&mut self, id: Id) -> bool {
        self.handle(Event::Succeeded(id)).accepted()
    }

    pub(super) fn failed(&mut self, id: Id, failure: Failure) {
        let _ = self.handle(Event::Failed { id, failure, spent: None });
    }

    pub(super) fn waited(&mut self, id: Id) {
        let _ = self.handle(Event::Waited(id));
    }

    pub(super) fn prepared(&mut self, id: Id, ready: bool) {
        let _ = self.handle(if ready { Event::Ready(id) } else { Event::NotReady(id) });
    }

    pub(super) fn taken(&mut self, id: Id) {
        let _ = self.handle(Event::Taken(id));
    }

    /// A sleep until `until` has ended, and with it what was under way. A stubbed sleep is a sleep, whatever the clock says.
    pub(super) fn expired(&mut self, until: Instant) {
        let now = self.clock.now().max(until);
        self.poll_at(now);
    }

    pub(super) fn stopped<E>(&mut self, verdict: Verdict, last: Option<E>) -> Stopped<E> {
        let why = self.share.with(|session| explain_call(session, self.scope, self.call.id(), verdict));
        Stopped::new(verdict, why, last)
    }
}

impl<S: Share, C: Clock> Drop for Driver<'_, S, C> {
    fn drop(&mut self) {
        if let Some(id) = self.open {
            let _ = self.handle(Event::Abandoned(id));
        }
        // What ran beside it was dropped with the loop.
        self.scope.stopped(self.call.id());
    }
}

/// Our own limit passed before anything came.
pub(super) fn timed_out() -> Failure {
    Failure { phase: Some(Phase::Total), ..Failure::new(FailureKind::TimedOut) }
}

/// What the future brings, or `None` if the limit comes first; the future is dropped with this one. The limit is made only if
/// the future does not end at once.
pub(super) async fn race<F: Future, L: Future>(future: F, limit: impl FnOnce() -> L) -> Option<F::Output> {
    let (mut future, mut sleep, mut limit) = (pin!(future), pin!(None), Some(limit));
    poll_fn(|cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(value));
        }
        if let Some(limit) = limit.take() {
            sleep.set(Some(limit()));
        }
        sleep.as_mut().as_pin_mut().map_or(Poll::Pending, |sleep| sleep.poll(cx).map(|_| None))
    })
    .await
}
