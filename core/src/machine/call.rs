//! One guarded operation: the ladder. The only place that knows the order in which the policies are asked.

mod declared;
mod events;
mod ground;
mod hedge;
mod outcome;
mod quick;
mod restored;
mod rests;
mod rungs;
mod state;

use alloc::format;
use core::time::Duration;

use state::{Running, State, Then};

pub(crate) use hedge::Hedge;
pub use quick::{Admitted, Entered, enter, settle};

use crate::account::{Follows, Skip, What};
use crate::command::{
    Attempt, CancelWhy, Command, End, Event, Handled, Id, Replay, RouteId, SwitchWhy, Verdict, WaitWhy, Work,
};
use crate::policy::Invalid;
use crate::policy::deadline::{Allowance, share};
use crate::policy::failure::{Again, Cool, Effect, Failure, FailureKind, NextRule, Phase, RebuildRule, Rule};
use crate::policy::fallback::{FallbackScope, WhenRefused};
use crate::policy::limits::{Limit, Usage};
use crate::policy::retry::Pause;
use crate::route::RouteSet;
use crate::scope::{Context, Scope, Told};
use crate::session::{About, Refusal, Session, Ticket, note_change};
use crate::stored::stored;
use crate::time::{Instant, span};
use crate::value::Value;

/// How often a call looks whether another one has made the client ready that both want.
const ACTIVATING_PAUSE: Duration = span(100);

/// One guarded operation: a model request, a tool run, any function.
///
/// Drive it with two verbs: [`Call::poll`] says what to do, [`Call::handle`] takes what happened. Polling again without an
/// event says the same. Only polling lets time pass, so a success counts however late it is reported, unless a poll had
/// declared the attempt timed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    work: Work,
    replay: Replay,
    /// The routes whose attempts are streams.
    streams: RouteSet,
    restartable: bool,
    timeout: Option<Duration>,
    /// How many tokens of context it takes; 0 where that is not known.
    needs: u32,
    /// The first id that this call used; 0 before it did. Its idempotency key is made of it.
    first: Id,
    state: State,
    route: Option<RouteId>,
    tried: RouteSet,
    /// How many routes were asked.
    asked: u32,
    /// Attempts on the present route.
    on_route: u32,
    /// Those of them that were made before a new client began them anew.
    before: u32,
    failed: u32,
    /// Whether the one repetition that `Again::Once` allows on a route is used up.
    repeated: bool,
    /// Whether the client was made again: it is not a second time, and but for a new round one more attempt is left on this route.
    last_chance: bool,
    previous: Option<Duration>,
    failure: Option<Failure>,
    /// The generation of the client that it came from.
    client: u32,
    /// Whether the process died over it.
    interrupted: bool,
    /// Until when the route rests by what its own failures stated.
    own_rest: Instant,
    /// How long it has waited in sum, in milliseconds, for rests and breakers to end.
    yielded: u32,
    /// The same in short pauses in a row, for somebody else's test of a route or for a client that somebody else makes.
    paused: u32,
    /// The permit of the attempt that failed, until the ladder leaves its route.
    failed_with: Option<Ticket>,
}

stored! {
    Call {
        work, replay, streams, restartable, timeout, needs, first, state, route, tried, asked, on_route, before, failed, repeated,
        last_chance, previous, failure, client, interrupted, own_rest, yielded, paused, failed_with
    }
}

impl Call {
    /// A call that has not begun. Model requests and functions may be repeated; say so of a tool with [`Call::replay`].
    #[must_use]
    pub const fn new(work: Work) -> Self {
        let replay = if matches!(work, Work::Tool { .. }) { Replay::Once } else { Replay::Idempotent };
        Self {
            work,
            replay,
            streams: RouteSet::none(),
            restartable: true,
            timeout: None,
            needs: 0,
            first: 0,
            state: State::Fresh,
            route: None,
            tried: RouteSet::none(),
            asked: 0,
            on_route: 0,
            before: 0,
            failed: 0,
            repeated: false,
            last_chance: false,
            previous: None,
            failure: None,
            client: 0,
            interrupted: false,
            own_rest: Instant::ZERO,
            yielded: 0,
            paused: 0,
            failed_with: None,
        }
    }

    /// The first id that this call used, under which the account files it; 0 before it began.
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
    pub(crate) fn is_running(&self, scope: &Scope, id: Id) -> bool {
        let main = matches!(self.state, State::Attempt(running) if running.id == id);
        main || self.hedge(scope).is_some_and(|hedge| hedge.running.id == id)
    }

    /// Whether the host has taken something on for it and not reported yet.
    pub(crate) fn is_taken(&self) -> bool {
        match self.state {
            State::Attempt(running) => running.taken,
            State::Rebuild { taken, .. } | State::Switch { taken, .. } => taken,
            _ => false,
        }
    }

    /// Says what to do next. The answer stays the same until an event or time changes it.
    pub fn poll(&mut self, scope: &mut Scope, session: &mut Session, now: Instant) -> Command {
        let mut cx = Context::new(session, scope, now);
        self.poll_in(&mut cx)
    }

    pub(crate) fn poll_in(&mut self, cx: &mut Context<'_>) -> Command {
        self.let_time_pass(cx);
        // Another call's is for whoever drives that one.
        if let Some(cancel) = cx.scope.pending_cancel(Some(self.first)) {
            return cancel;
        }
        self.command(cx)
    }

    /// Ends what has run out of time, and begins what has not begun.
    fn let_time_pass(&mut self, cx: &mut Context<'_>) {
        // Every round ends an attempt, a wait, a switch or a rebuild, and each of them is bounded by the policy.
        loop {
            self.state = match self.state {
                State::Fresh => self.begin(cx),
                State::Attempt(running) if self.hedge_has_expired(cx, &running) => self.hedge_timed_out(cx, running),
                State::Attempt(running) if cx.now >= running.expiry().0 => {
                    if running.taken {
                        cx.scope.cancel(self.first, running.id, CancelWhy::TimedOut);
                    }
                    let mut failure =
                        Failure { phase: Some(running.expiry().1), ..Failure::new(FailureKind::TimedOut) };
                    if self.is_tool() && !running.taken {
                        // Hosts take tools before they run them: nobody has begun this one.
                        failure.effect = Effect::None;
                    }
                    self.attempt_failed(cx, running, failure)
                }
                State::Attempt(running) if cx.now >= running.hedge_at => self.begin_hedge(cx, running),
                State::Wait { until, then, .. } if cx.now >= until => self.after_wait(cx, then),
                State::Rebuild { id, route, until, taken, .. } if cx.now >= until => {
                    if taken {
                        self.cancel(cx, id, CancelWhy::TimedOut);
                    }
                    self.not_rebuilt(cx, route)
                }
                State::Switch { id, route, ticket, until, taken, .. } if cx.now >= until => {
                    if taken {
                        self.cancel(cx, id, CancelWhy::TimedOut);
                    }
                    self.not_switched(cx, route, ticket)
                }
                _ => return,
            };
        }
    }

    fn command(&self, cx: &Context<'_>) -> Command {
        let running = |until: Instant| Command::Wait { id: 0, delay: until - cx.now, until, why: WaitWhy::Running };
        match self.state {
            State::Attempt(run) if run.taken => match self.hedge(cx.scope) {
                None => running(run.expiry().0.min(run.hedge_at)),
                Some(Hedge { running: beside, .. }) if beside.taken => running(run.expiry().0.min(beside.expiry().0)),
                Some(hedge) => Command::Attempt(Attempt {
                    route: Some(hedge.route),
                    number: 1,
                    ..self.attempt(cx.scope, cx.now, &hedge.running)
                }),
            },
            State::Rebuild { taken: true, until, .. } | State::Switch { taken: true, until, .. } => running(until),
            State::Attempt(run) => Command::Attempt(self.attempt(cx.scope, cx.now, &run)),
            State::Wait { id, until, why, .. } => Command::Wait { id, delay: until - cx.now, until, why },
            State::Rebuild { id, route, client, until, .. } => Command::Rebuild { id, route, client, until },
            State::Switch { id, route, until, why, .. } => Command::Switch { id, route, until, why },
            State::Over(verdict) => Command::Finish(verdict),
            // `let_time_pass` has begun it.
            State::Fresh => Command::Finish(Verdict::new(End::Cancelled)),
        }
    }

    fn attempt(&self, scope: &Scope, now: Instant, running: &Running) -> Attempt {
        let until = running.expiry().0;
        Attempt {
            id: running.id,
            route: self.route,
            client: running.client,
            work: self.work,
            number: self.on_route,
            timeout: until - now,
            until,
            first_progress: running.first_progress,
            idle: running.idle,
            key: scope.keys.source(self.work, self.first),
        }
    }

    // ---- The ladder. Its rungs are in `call/rungs.rs`, what they stand on in `call/ground.rs`. ----

    /// The first attempt: on the committed route, else the primary, else the first route that may be asked.
    fn begin(&mut self, cx: &mut Context<'_>) -> State {
        if self.admit_first(cx).is_some() {
            return self.state;
        }
        if let Some(over) = self.out_of_bounds(cx) {
            return State::Over(over);
        }
        self.next_route(cx, None).unwrap_or_else(|| self.over(cx, End::NoRoute))
    }

    /// The short way in, shared with `enter`: the first route is ready and nothing stands in the way. The attempt is put where
    /// it stays: to hand it around costs more than to make it.
    #[inline(always)]
    fn admit_first(&mut self, cx: &mut Context<'_>) -> Option<()> {
        if self.out_of_bounds(cx).is_some() {
            return None;
        }
        if self.has_no_routes(cx) {
            self.state = State::Attempt(self.run(cx, None));
            return Some(());
        }
        let route = self.first_route(cx)?;
        let ready = cx.live.place(route)?.ready && self.cannot_work(cx, route).is_none();
        let open = ready && cx.live.would_admit(cx.policy, route, cx.now).is_ok();
        if !open {
            return None;
        }
        let permit = self.take_permit(cx, route);
        self.state = State::Attempt(self.arrive(cx, route, &permit));
        Some(())
    }

    /// What follows a failed attempt: the same route again, a rebuilt client, the next route, or the end.
    fn after_failure(&mut self, cx: &mut Context<'_>, failure: Failure) -> State {
        let rule = cx.policy.failures.rule(failure.kind);
        if let Some(over) = self.may_not_try_again(cx, failure, rule) {
            return self.stop_at(cx, over);
        }
        if let Some(rest) = self.same_route_again(cx, failure, rule) {
            return rest;
        }
        if let Some(rebuild) = self.rebuild_once(cx, rule) {
            return rebuild;
        }
        self.leave(cx)
    }

    /// Away from the route that failed: to the next one, or to the end.
    fn leave(&mut self, cx: &mut Context<'_>) -> State {
        let Some(failure) = self.failure else { return self.over(cx, End::NoRoute) };
        let rule = cx.policy.failures.rule(failure.kind);
        let next = match rule.next {
            NextRule::No => None,
            NextRule::IfRestartable if !self.restartable => None,
            _ => self.next_route(cx, Some(failure)),
        };
        next.unwrap_or_else(|| {
            // Where asking again cannot help and nobody else was asked, the original error says it best.
            let lasting = rule.again == Again::No && (self.asked <= 1 || rule.next != NextRule::Yes);
            self.over(cx, if lasting { End::Permanent } else { End::Exhausted })
        })
    }
}
