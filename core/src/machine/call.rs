//! One guarded operation: what is asked, on which route it is, and where it stands.

mod ask;
mod attempt;
mod hedge;
mod ladder;
mod leg;
mod reach;
mod restored;
mod routes;
mod transitions;
mod waits;

use core::time::Duration;

use ask::Ask;
use attempt::InFlight;
use hedge::{Beside, Hedge};
use leg::Leg;
use routes::Routes;
use waits::Waits;

use crate::command::{Attempt, Command, End, Event, Handled, Id, RouteId, SwitchWhy, Verdict, WaitWhy, Work};
use crate::policy::deadline::{Allowance, share};
use crate::policy::failure::Failure;
use crate::route::RouteSet;
use crate::scope::{Context, Scope};
use crate::session::{About, Session, Ticket};
use crate::stored::stored;
use crate::time::Instant;

/// One guarded operation: a model request, a tool run, any function.
///
/// Drive it with two verbs: [`Call::poll`] says what to do, [`Call::handle`] takes what happened. Polling again without an
/// event says the same. Only polling lets time pass, so a success counts however late it is reported, unless a poll had
/// declared the attempt timed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    ask: Ask,
    /// The first id that this call used; 0 before it did. Its idempotency key is made of it.
    first: Id,
    /// The routes that cannot be asked any more by this call.
    tried: RouteSet,
    /// How many routes were asked.
    asked: u32,
    /// How many attempts failed.
    failed: u32,
    /// The last failure.
    failure: Option<Failure>,
    /// Whether that was the death of the process.
    interrupted: bool,
    leg: Leg,
    waits: Waits,
    hedge: Beside,
    state: State,
}

stored! { Call { ask, first, tried, asked, failed, failure, interrupted, leg, waits, hedge, state } }

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    Attempt(InFlight),
    /// `delay` is what was decided: it is said whole until the host takes it.
    Wait {
        id: Id,
        until: Instant,
        delay: Duration,
        why: WaitWhy,
        then: Then,
        taken: bool,
    },
    Rebuild {
        id: Id,
        route: RouteId,
        client: u32,
        until: Instant,
        taken: bool,
        settle: bool,
    },
    Switch {
        id: Id,
        route: RouteId,
        ticket: Ticket,
        until: Instant,
        taken: bool,
        why: SwitchWhy,
    },
    Over(Verdict),
}

stored! {
    enum State {
        Fresh,
        Attempt(attempt),
        Wait { id, until, delay, why, then, taken },
        Rebuild { id, route, client, until, taken, settle },
        Switch { id, route, ticket, until, taken, why },
        Over(verdict),
    }
}

/// What follows a wait. It is decided anew when the wait ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    SameRoute,
    Choose,
    /// The same route, if another call has made this client of it again by then.
    Newer {
        client: u32,
    },
}

stored! { enum Then { SameRoute, Choose, Newer { client } } }

impl Call {
    /// A call that has not begun. Model requests and functions may be repeated; say so of a tool with [`Call::replay`].
    #[must_use]
    pub const fn new(work: Work) -> Self {
        Self {
            ask: Ask::new(work),
            first: 0,
            tried: RouteSet::none(),
            asked: 0,
            failed: 0,
            failure: None,
            interrupted: false,
            leg: Leg::on(None),
            waits: Waits::NONE,
            hedge: Beside(None),
            state: State::Fresh,
        }
    }
}

/// How it is driven.
impl Call {
    /// Says what to do next. The answer stays the same until an event or time changes it.
    pub fn poll(&mut self, scope: &mut Scope, session: &mut Session, now: Instant) -> Command {
        self.poll_in(&mut Context::new(session, scope, now))
    }

    /// As [`Call::poll`], and takes what it says: for hosts that begin at once what they are told.
    pub fn next(&mut self, scope: &mut Scope, session: &mut Session, now: Instant) -> Command {
        let next = self.poll(scope, session, now);
        if let Some(id) = next.to_take() {
            let _ = self.handle(scope, session, now, Event::Taken(id));
        }
        next
    }

    /// Takes what happened.
    pub fn handle(&mut self, scope: &mut Scope, session: &mut Session, now: Instant, event: Event<'_>) -> Handled {
        let mut cx = Context::new(session, scope, now);
        if self.handle_in(&mut cx, event).accepted() {
            return Handled::Accepted;
        }
        cx.scope.handle_cancelled(event)
    }

    pub(crate) fn poll_in(&mut self, cx: &mut Context<'_>) -> Command {
        self.let_time_pass(cx);
        // Another call's is for whoever drives that one.
        cx.scope.pending_cancel(Some(self.first)).unwrap_or_else(|| self.command(cx))
    }

    fn command(&self, cx: &Context<'_>) -> Command {
        let running = |until: Instant| Command::Wait { id: 0, delay: until - cx.now, until, why: WaitWhy::Running };
        match self.state {
            State::Attempt(main) if main.taken => match self.hedge.as_deref() {
                None => running(main.expiry().0.min(main.hedge_at)),
                Some(Hedge { attempt, .. }) if attempt.taken => running(main.expiry().0.min(attempt.expiry().0)),
                Some(Hedge { route, attempt }) => {
                    Command::Attempt(self.announced(cx.scope, cx.now, attempt, Some(*route), 1))
                }
            },
            State::Attempt(attempt) => {
                Command::Attempt(self.announced(cx.scope, cx.now, &attempt, self.leg.route, self.leg.attempts))
            }
            State::Rebuild { taken: true, until, .. } | State::Switch { taken: true, until, .. } => running(until),
            State::Wait { id, until, delay, why, taken, .. } => {
                Command::Wait { id, delay: if taken { until - cx.now } else { delay }, until, why }
            }
            State::Rebuild { id, route, client, until, .. } => Command::Rebuild { id, route, client, until },
            State::Switch { id, route, until, why, .. } => Command::Switch { id, route, until, why },
            State::Over(verdict) => Command::Finish(verdict),
            // `let_time_pass` has begun it.
            State::Fresh => Command::Finish(Verdict::new(End::Cancelled)),
        }
    }

    /// An attempt as the host is told of it.
    fn announced(
        &self,
        scope: &Scope,
        now: Instant,
        attempt: &InFlight,
        route: Option<RouteId>,
        number: u32,
    ) -> Attempt {
        let until = attempt.expiry().0;
        Attempt {
            id: attempt.id,
            route,
            client: attempt.client,
            work: self.ask.work,
            number,
            timeout: until - now,
            until,
            first_progress: attempt.first_progress,
            idle: attempt.idle,
            key: scope.keys.source(self.ask.work, self.first),
        }
    }
}

/// The short way: a call that works at once never becomes a machine. The same functions as the long way, so both leave the same
/// state.
impl Call {
    /// Asks every question that comes before a first attempt, in one go. True if the attempt was let through:
    /// [`Call::attempted`] says what it is, and [`Call::settle`] takes its outcome. If false, something stands in the way, and
    /// the call is driven by `poll` and `handle`.
    #[inline]
    pub fn enter(&mut self, scope: &mut Scope, session: &mut Session, now: Instant) -> bool {
        // What may be hedged is for hosts that can do two things at once.
        if self.state != State::Fresh || self.may_hedge(&session.policy, &session.live) {
            return false;
        }
        self.admit_first(&mut Context::new(session, scope, now))
    }

    /// The attempt that is under way.
    #[must_use]
    pub fn attempted(&self, scope: &Scope) -> Option<Attempt> {
        match &self.state {
            State::Attempt(attempt) => {
                Some(self.announced(scope, scope.seen(), attempt, self.leg.route, self.leg.attempts))
            }
            _ => None,
        }
    }

    /// Takes what became of the attempt that [`Call::enter`] let through. True if the call is over; after a failure it goes on
    /// from there by `poll` and `handle`.
    #[inline]
    pub fn settle(
        &mut self,
        scope: &mut Scope,
        session: &mut Session,
        now: Instant,
        result: Result<(), Failure>,
    ) -> bool {
        let State::Attempt(attempt) = &self.state else { return false };
        let mut cx = Context::new(session, scope, now);
        match result {
            Ok(()) => {
                self.succeeded(&mut cx, attempt);
            }
            Err(failure) => {
                let attempt = *attempt;
                self.state = self.attempt_failed(&mut cx, attempt, failure, None);
            }
        }
        result.is_ok()
    }
}

/// What it is and where it stands.
impl Call {
    /// The first id that this call used, under which the event log files it; 0 before it began.
    #[must_use]
    pub const fn id(&self) -> Id {
        self.first
    }

    /// How it ended, if it did.
    #[must_use]
    pub const fn verdict(&self) -> Option<Verdict> {
        if let State::Over(verdict) = self.state { Some(verdict) } else { None }
    }

    /// Whether the process died over it.
    pub(crate) const fn was_interrupted(&self) -> bool {
        self.interrupted
    }

    /// Whether an attempt of it runs under this id.
    pub(crate) fn is_running(&self, id: Id) -> bool {
        let main = matches!(self.state, State::Attempt(attempt) if attempt.id == id);
        main || self.hedge.as_deref().is_some_and(|hedge| hedge.attempt.id == id)
    }

    /// Whether the host has taken something on for it and not reported yet.
    pub(crate) fn is_taken(&self) -> bool {
        match self.state {
            State::Attempt(attempt) => attempt.taken,
            State::Rebuild { taken, .. } | State::Switch { taken, .. } => taken,
            _ => false,
        }
    }

    pub(crate) fn current(&self) -> Option<Id> {
        match self.state {
            State::Attempt(InFlight { id, .. })
            | State::Wait { id, .. }
            | State::Rebuild { id, .. }
            | State::Switch { id, .. } => Some(id),
            State::Fresh | State::Over(_) => None,
        }
    }

    const fn about(&self, id: Id) -> About {
        About { call: self.first, id }
    }

    /// The routes as it sees them.
    #[inline(always)]
    const fn routes(&self) -> Routes<'_> {
        Routes { ask: &self.ask, tried: self.tried, asked: self.asked, present: self.leg.route, failure: self.failure }
    }

    /// How long an attempt on the present route may run now, with what the routes still to come are owed set aside.
    #[inline]
    fn allowance(&self, cx: &Context<'_>) -> Allowance {
        self.allowance_for(cx, self.leg.route, self.leg.route)
    }

    /// The same by the limit of that route, and with all routes but the one `besides` still to come.
    #[inline]
    fn allowance_for(&self, cx: &Context<'_>, route: Option<RouteId>, besides: Option<RouteId>) -> Allowance {
        let deadline = cx.scope.deadline();
        let to_come = if deadline.is_some() { self.routes().left_after(cx, besides) } else { 0 };
        let own = || route.and_then(|route| cx.route(route)).and_then(|state| state.route.timeout);
        let timeout = self.ask.timeout.or_else(own).unwrap_or(cx.policy.attempt.timeout);
        share(cx.now, timeout, deadline, to_come)
    }

    /// A stream that makes progress gets its share of the deadline anew: one that goes on is not cut off in its middle, and one that
    /// stalls leaves time for the next route. Where nobody may be asked after it, it has all that is left.
    fn share_anew(&mut self, cx: &Context<'_>) {
        let all = cx.scope.deadline().unwrap_or(Instant::NEVER);
        let cut = if self.ask.restartable { self.allowance(cx).cut } else { all };
        if let State::Attempt(attempt) = &mut self.state {
            attempt.allowance.cut = cut;
        }
    }
}
