//! The second attempt beside a slow one: when it is made, how the two end, and what becomes of the one that is not needed.
//!
//! A call has a hedge only while its state is an attempt, the main one. What ends the main attempt ends the hedge with it or
//! puts it in its place.

use core::mem::replace;

use super::*;
use crate::policy::Policy;
use crate::session::Live;

/// A second attempt of a call, beside the main one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hedge {
    /// The main one.
    beside: Id,
    pub(super) route: RouteId,
    pub(super) running: Running,
}

stored! { Hedge { beside, route, running } }

impl Hedge {
    pub(crate) fn shift(&mut self, moved: impl Fn(Instant) -> Instant) {
        self.running.shift(moved);
    }

    /// Says where its route is now. False if that is gone, and the hedge with it.
    pub(crate) fn reroute(&mut self, now_at: &dyn Fn(RouteId) -> Option<RouteId>) -> bool {
        self.running.ticket = self.running.ticket.and_then(|ticket| ticket.rerouted(now_at));
        now_at(self.route).map(|found| self.route = found).is_some()
    }
}

impl Call {
    /// Whether a second attempt may ever be made beside one of this call: then it goes the long way.
    #[inline(always)]
    pub(super) fn may_hedge(&self, policy: &Policy, live: &Live) -> bool {
        policy.hedge.is_on()
            && live.routes.len() > 1
            && !self.is_tool()
            && self.replay != Replay::Once
            && self.streams != RouteSet::all()
    }

    /// Its second attempt, if there is one.
    pub(super) fn hedge<'s>(&self, scope: &'s Scope) -> Option<&'s Hedge> {
        let State::Attempt(main) = &self.state else { return None };
        scope.hedges.iter().find(|hedge| hedge.beside == main.id)
    }

    fn take_hedge(&self, cx: &mut Context<'_>) -> Option<Hedge> {
        let State::Attempt(main) = &self.state else { return None };
        let at = cx.scope.hedges.iter().position(|hedge| hedge.beside == main.id)?;
        Some(cx.scope.hedges.swap_remove(at))
    }

    // ---- When it is made. ----

    /// The host has begun an attempt: from when on it gets another one beside it.
    pub(super) fn await_hedge(&mut self, cx: &mut Context<'_>) {
        let (State::Attempt(running), Some(route)) = (&mut self.state, self.route) else { return };
        if running.hedged || running.is_streaming() {
            return;
        }
        if let Some(alone_for) = cx.policy.hedge.alone_for(cx.live.latency(route).as_deref()) {
            running.hedge_at = running.started + alone_for;
        }
    }

    /// The attempt has run alone for long enough: another one beside it, if there is where. It is not looked for twice.
    pub(super) fn begin_hedge(&mut self, cx: &mut Context<'_>, mut running: Running) -> State {
        let after = cx.now - running.started;
        (running.hedge_at, running.hedged) = (Instant::NEVER, true);
        if let Some(hedge) = self.beside(cx, running.id) {
            cx.note(About { call: self.first, id: hedge.running.id }, Some(hedge.route), What::Hedged { after });
            cx.scope.hedges.push(hedge);
        }
        State::Attempt(running)
    }

    /// A second attempt on the next route that is ready, may be asked, and whose deployment has a retry to spare.
    fn beside(&mut self, cx: &mut Context<'_>, beside: Id) -> Option<Hedge> {
        if self.out_of_bounds(cx).is_some() {
            return None;
        }
        let main = self.route?;
        let route = self.candidates(cx).find(|route| {
            let other = !cx.live.same_deployment(main, *route) && !self.is_stream(Some(*route));
            let ready = cx.live.place(*route).is_some_and(|place| place.ready);
            let able = self.cannot_help(cx, *route, self.failure).is_none();
            let admits = other && ready && able && cx.live.would_admit(cx.policy, *route, cx.now).is_ok();
            admits && cx.live.purse(*route).is_some_and(|purse| purse.covers(&cx.policy.budget, cx.now))
        })?;
        let permit = self.permit(cx, route).ok()?;
        if let Some(purse) = cx.live.purse(route) {
            purse.withdraw(&cx.policy.budget, cx.now);
        }
        self.tried.insert(route);
        self.asked = self.asked.saturating_add(1);
        let on_route = replace(&mut self.on_route, 0);
        let running = Running { hedged: true, ..self.run(cx, Some((route, &permit))) };
        self.on_route = on_route;
        Some(Hedge { beside, route, running })
    }

    // ---- What happens to it. ----

    /// What an event means to it, and to the attempt beside it. `None`: what the main attempt makes of the event counts.
    pub(super) fn handle_hedged(&mut self, cx: &mut Context<'_>, event: Event<'_>) -> Option<Handled> {
        let State::Attempt(main) = self.state else { return None };
        let hedge = *self.hedge(cx.scope)?;
        let id = hedge.running.id;
        match event {
            Event::Taken(of) if of == id && !hedge.running.taken => {
                let mut mine = cx.scope.hedges.iter_mut().filter(|other| other.running.id == id);
                mine.next()?.running.taken = true;
            }
            Event::Spent { id: of, usage } if of == id && self.is_model() => cx.scope.told = Some(Told { id, usage }),
            Event::Succeeded(of) | Event::Replied { id: of, .. } if of == id => {
                self.take_hedge(cx);
                self.state = self.hedge_won(cx, &main, &hedge);
            }
            Event::Failed { id: of, failure } if of == id => {
                self.take_hedge(cx);
                self.hedge_failed(cx, &hedge, failure);
            }
            Event::Abandoned(of) if of == id => {
                // Who takes back one takes back the call.
                self.drop_hedge(cx, None);
                if main.taken {
                    cx.scope.cancel(self.first, main.id, CancelWhy::Superseded);
                }
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
    pub(super) fn hedge_has_expired(&self, cx: &Context<'_>, main: &Running) -> bool {
        let until = self.hedge(cx.scope).map(|hedge| hedge.running.expiry().0);
        until.is_some_and(|until| cx.now >= until && until < main.expiry().0)
    }

    pub(super) fn hedge_timed_out(&mut self, cx: &mut Context<'_>, main: Running) -> State {
        if let Some(hedge) = self.take_hedge(cx) {
            if hedge.running.taken {
                cx.scope.cancel(self.first, hedge.running.id, CancelWhy::TimedOut);
            }
            let failure = Failure { phase: Some(Phase::Total), ..Failure::new(FailureKind::TimedOut) };
            self.hedge_failed(cx, &hedge, failure);
        }
        State::Attempt(main)
    }

    /// It was first: the main attempt is not needed any more. The calls to come begin where they would have begun.
    fn hedge_won(&mut self, cx: &mut Context<'_>, main: &Running, hedge: &Hedge) -> State {
        let (about, route) = (About { call: self.first, id: hedge.running.id }, hedge.route);
        if let Some(asked) = self.route {
            self.learn(cx, asked, hedge.running.started - main.started);
        }
        self.learn(cx, route, cx.now - hedge.running.started);
        cx.note(about, Some(route), What::HedgeWon);
        if self.failed > 0 {
            self.note(cx, Some(route), What::Recovered { failed: self.failed });
        }
        if let Some(ticket) = hedge.running.ticket {
            let (log, now) = (&mut cx.scope.event_log, cx.now);
            cx.live.passed(cx.policy, ticket, now, |scope, change| note_change(log, about, route, now, scope, change));
        }
        cx.scope.hedge_won = Some(route);
        if main.taken {
            cx.scope.cancel(self.first, main.id, CancelWhy::Superseded);
        }
        self.count_spent(cx, main, None);
        if let Some(ticket) = main.ticket {
            cx.live.give_back(cx.policy, ticket, cx.now);
        }
        State::Over(Verdict::new(End::Succeeded))
    }

    /// It failed while the main attempt runs: whoever the rule names is charged, and its route is left.
    fn hedge_failed(&mut self, cx: &mut Context<'_>, hedge: &Hedge, failure: Failure) {
        let main = (self.route.replace(hedge.route), replace(&mut self.on_route, 1));
        self.charge(cx, &hedge.running, failure);
        cx.scope.event_log.followed(hedge.running.id, Follows::First, Duration::ZERO);
        if let Some(ticket) = hedge.running.ticket {
            self.cool(cx, ticket, failure, true);
        }
        (self.route, self.on_route) = main;
    }

    /// The main attempt failed, and its route is left: the hedge takes its place.
    pub(super) fn promote_hedge(&mut self, cx: &mut Context<'_>) -> Option<State> {
        let hedge = self.take_hedge(cx)?;
        self.cool_down(cx);
        self.settle_on(hedge.route);
        self.on_route = 1;
        self.commit(cx, hedge.route);
        self.note(cx, Some(hedge.route), What::MovedOn);
        Some(State::Attempt(hedge.running))
    }

    /// It is not needed any more, or nobody is there any more to make it: its permit returns, and nobody is charged.
    pub(super) fn drop_hedge(&self, cx: &mut Context<'_>, why: Option<CancelWhy>) {
        let Some(hedge) = self.take_hedge(cx) else { return };
        if hedge.running.taken {
            self.count_spent(cx, &hedge.running, None);
            if let Some(why) = why {
                cx.scope.cancel(self.first, hedge.running.id, why);
            }
        }
        if let Some(ticket) = hedge.running.ticket {
            cx.live.give_back(cx.policy, ticket, cx.now);
        }
    }

    /// An answer came after so long, or, of an attempt that lost to its hedge, had not come before that was made. Seeing nothing of
    /// those, the quantile would sink with each hedge; seeing how long they ran in all, it would rise with each.
    pub(super) fn learn(&self, cx: &mut Context<'_>, route: RouteId, took: Duration) {
        if let Some(latency) = cx.live.latency(route) {
            latency.add(took);
        }
    }
}
