//! The second attempt beside a slow one: when it is made, how the two end, and what becomes of the one that is superseded.
//!
//! A call has a hedge only while its state is an attempt, the main one. What ends the main attempt ends the hedge with it or
//! puts it in its place.

use alloc::boxed::Box;
use core::ops::{Deref, DerefMut};
use core::time::Duration;

use super::attempt::InFlight;
use super::leg::Leg;
use super::{Call, State};
use crate::command::{CancelWhy, End, Event, Handled, RouteId, Verdict};
use crate::notice::{Follows, What};
use crate::policy::Policy;
use crate::policy::failure::{Failure, FailureKind, Phase};
use crate::policy::limits::Usage;
use crate::scope::Context;
use crate::session::Live;
use crate::stored::stored;
use crate::time::Instant;
use crate::visit::{Blank, Data, Visitor};

/// A second attempt of a call, beside the main one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hedge {
    pub(super) route: RouteId,
    pub(super) attempt: InFlight,
}

stored! { Hedge { route, attempt } }

/// A place for a hedge. Boxed, for few calls ever have one and all of them are moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beside(pub(super) Option<Box<Hedge>>);

impl Deref for Beside {
    type Target = Option<Box<Hedge>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Beside {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Data for Beside {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        let mut hedge = self.as_deref().copied();
        hedge.visit(visitor);
        self.0 = hedge.map(Box::new);
    }
}

impl Blank for Beside {
    const BLANK: Self = Self(None);
}

impl Call {
    /// Whether a second attempt may ever be made beside one of this call: then it goes the long way.
    #[inline(always)]
    pub(super) fn may_hedge(&self, policy: &Policy, live: &Live) -> bool {
        policy.hedge.is_on() && live.routes.len() > 1 && self.ask.may_be_hedged()
    }

    // ---- When it is made. ----

    /// The host has begun an attempt: from when on it gets another one beside it.
    pub(super) fn await_hedge(&mut self, cx: &mut Context<'_>) {
        let may_hedge = self.may_hedge(cx.policy, cx.live);
        let (State::Attempt(main), Some(route)) = (&mut self.state, self.leg.route) else { return };
        if !may_hedge || main.hedged || main.is_streaming() {
            return;
        }
        if let Some(alone_for) = cx.policy.hedge.alone_for(cx.live.latency(route).as_deref()) {
            main.hedge_at = main.started + alone_for;
        }
    }

    /// The attempt has run alone for long enough: another one beside it, if there is where. It is not looked for twice.
    pub(super) fn begin_hedge(&mut self, cx: &mut Context<'_>, mut main: InFlight) -> State {
        let after = cx.now - main.started;
        (main.hedge_at, main.hedged) = (Instant::NEVER, true);
        if let Some(hedge) = self.beside(cx) {
            cx.note(self.about(hedge.attempt.id), Some(hedge.route), What::Hedged { after });
            self.hedge = Beside(Some(Box::new(hedge)));
        }
        State::Attempt(main)
    }

    /// A second attempt on the next route that is ready, may be asked, and whose deployment has a retry to spare.
    fn beside(&mut self, cx: &mut Context<'_>) -> Option<Hedge> {
        if self.limit_reached(cx).is_some() {
            return None;
        }
        let (main, routes) = (self.leg.route?, self.routes());
        let route = routes.candidates(cx).find(|route| {
            !cx.live.same_deployment(main, *route)
                && !self.ask.streams_on(Some(*route))
                && cx.route(*route).is_some_and(|state| state.ready)
                && routes.cannot_help(cx, *route).is_none()
                && cx.would_admit(*route).is_ok()
                && cx.has_retry(*route)
        })?;
        let grant = self.grant(cx, route);
        cx.takes_retry(route);
        self.tried.insert(route);
        self.asked = self.asked.saturating_add(1);
        let attempt = self.begin_attempt(cx, Some((route, &grant)));
        Some(Hedge { route, attempt: InFlight { hedged: true, ..attempt } })
    }

    // ---- What happens to it. ----

    /// What an event means to it, and to the attempt beside it. `None`: what the main attempt makes of the event counts.
    pub(super) fn handle_hedged(&mut self, cx: &mut Context<'_>, event: Event<'_>) -> Option<Handled> {
        let State::Attempt(main) = self.state else { return None };
        let hedge = self.hedge.as_deref_mut()?;
        let id = hedge.attempt.id;
        match event {
            Event::Taken(of) if of == id && !hedge.attempt.taken => hedge.attempt.taken = true,
            Event::Succeeded(of) | Event::Replied { id: of, .. } if of == id => {
                let hedge = *self.hedge.take()?;
                self.state = self.hedge_won(cx, &main, &hedge);
            }
            Event::Failed { id: of, failure, spent } if of == id => self.hedge_failed(cx, failure, spent),
            Event::Abandoned(of) if of == id => {
                // Who takes back one takes back the call.
                self.drop_hedge(cx, None);
                self.cancel_if(main.taken, cx, main.id, CancelWhy::Superseded);
                self.state = self.abandoned(cx);
            }
            Event::Succeeded(of) | Event::Replied { id: of, .. } if of == main.id => {
                self.drop_hedge(cx, Some(CancelWhy::Superseded));
                return None;
            }
            Event::Interrupted => {
                // A hedge does not outlive the process: the main attempt is made again, and may be hedged again.
                self.drop_hedge(cx, None);
                return None;
            }
            _ => return None,
        }
        Some(Handled::Accepted)
    }

    /// Whether its own limit has passed, before that of the main attempt.
    pub(super) fn hedge_is_first_to_expire(&self, cx: &Context<'_>, main: &InFlight) -> bool {
        let until = self.hedge.as_deref().map(|hedge| hedge.attempt.expiry().0);
        until.is_some_and(|until| cx.now >= until && until < main.expiry().0)
    }

    pub(super) fn hedge_timed_out(&mut self, cx: &mut Context<'_>) {
        if let Some(InFlight { id, taken, .. }) = self.hedge.as_deref().map(|hedge| hedge.attempt) {
            self.cancel_if(taken, cx, id, CancelWhy::TimedOut);
        }
        self.hedge_failed(cx, Failure { phase: Some(Phase::Total), ..Failure::new(FailureKind::TimedOut) }, None);
    }

    /// It was first: the main attempt is superseded. The calls to come begin where they would have begun.
    fn hedge_won(&mut self, cx: &mut Context<'_>, main: &InFlight, hedge: &Hedge) -> State {
        if let Some(asked) = self.leg.route {
            learn(cx, asked, hedge.attempt.started - main.started);
        }
        learn(cx, hedge.route, cx.now - hedge.attempt.started);
        cx.note(self.about(hedge.attempt.id), Some(hedge.route), What::HedgeWon);
        if self.failed > 0 {
            self.note(cx, Some(hedge.route), What::Recovered { failed: self.failed });
        }
        if let Some(ticket) = hedge.attempt.ticket {
            cx.passed(self.about(hedge.attempt.id), ticket);
        }
        cx.scope.hedge_won = Some(hedge.route);
        self.cancel_if(main.taken, cx, main.id, CancelWhy::Superseded);
        self.count_spent(cx, main, None, None);
        if let Some(ticket) = main.ticket {
            cx.give_back(ticket);
        }
        State::Over(Verdict::new(End::Succeeded))
    }

    /// It failed while the main attempt runs: it counts against whoever the rule names, and its route is left.
    fn hedge_failed(&mut self, cx: &mut Context<'_>, failure: Failure, spent: Option<Usage>) {
        let Some(hedge) = self.hedge.take() else { return };
        self.count_spent(cx, &hedge.attempt, Some(failure), spent);
        self.charge(cx, &hedge.attempt, Some(hedge.route), 1, failure);
        cx.scope.event_log.followed(hedge.attempt.id, Follows::First, Duration::ZERO);
        if let Some(ticket) = hedge.attempt.ticket {
            cx.cool(self.about(0), ticket, failure, true);
        }
    }

    /// The main attempt failed, and its route is left: the hedge takes its place.
    pub(super) fn promote_hedge(&mut self, cx: &mut Context<'_>) -> Option<State> {
        let hedge = self.hedge.take()?;
        self.cool_down(cx);
        self.leg = Leg::on(Some(hedge.route));
        self.leg.attempts = 1;
        self.waits.arrived();
        self.commit(cx, hedge.route);
        self.note(cx, Some(hedge.route), What::MovedOn);
        Some(State::Attempt(hedge.attempt))
    }

    /// It is superseded, or nobody is there any more to make it: its permit returns, and nothing is counted.
    pub(super) fn drop_hedge(&mut self, cx: &mut Context<'_>, why: Option<CancelWhy>) {
        let Some(hedge) = self.hedge.take() else { return };
        if hedge.attempt.taken {
            self.count_spent(cx, &hedge.attempt, None, None);
            if let Some(why) = why {
                self.cancel_if(true, cx, hedge.attempt.id, why);
            }
        }
        if let Some(ticket) = hedge.attempt.ticket {
            cx.give_back(ticket);
        }
    }

    /// An answer of the main attempt came: how long its deployment takes.
    pub(super) fn learn_from(&self, cx: &mut Context<'_>, main: &InFlight) {
        if self.may_hedge(cx.policy, cx.live)
            && !main.is_streaming()
            && let Some(route) = self.leg.route
        {
            learn(cx, route, cx.now - main.started);
        }
    }
}

/// An answer came after so long, or, of an attempt that lost to its hedge, had not come before that was made. Seeing nothing of
/// those, the quantile would sink with each hedge; seeing how long they ran in all, it would rise with each.
fn learn(cx: &mut Context<'_>, route: RouteId, took: Duration) {
    if let Some(latency) = cx.live.latency(route) {
        latency.add(took);
    }
}
