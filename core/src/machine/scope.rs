//! What all calls of one turn share: deadline, attempts, ids, randomness, the committed route, the event log.

mod context;

use alloc::vec::Vec;
use core::time::Duration;

pub(crate) use context::Context;

use super::committed::Committed;
use crate::command::{CancelWhy, Command, Event, Handled, Id, RouteId};
use crate::keys::Keys;
use crate::log::EventLog;
use crate::notice::Notice;
use crate::policy::Invalid;
use crate::policy::limits::{Tally, Usage};
use crate::pool::{Budget, Inherited, Used};
use crate::rng::Rng;
use crate::seed;
use crate::session::{Live, Session};
use crate::stored::stored;
use crate::time::Instant;

/// What all calls of one turn share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub(crate) time: Timing,
    pub(crate) budget: Budget,
    /// What was done about clients.
    pub(crate) renewed: Renewed,
    pub(crate) committed: Committed,
    next_id: Id,
    /// Made at its first draw, unless the session has a seed.
    rng: Option<Rng>,
    pub(crate) keys: Keys,
    /// The session's: after a fork it is another one.
    pub(crate) epoch: u32,
    cancels: Vec<Pending>,
    /// The route that answered the last call in place of the one that it went on on.
    pub(crate) hedge_won: Option<RouteId>,
    /// What model requests used that brought nothing.
    pub(crate) spent: Tally,
    pub(crate) event_log: EventLog,
}

stored! {
    Scope { time, budget, renewed, committed, next_id, rng, keys, epoch, cancels, hedge_won, spent, event_log }
}

/// When a turn began, and when it must be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timing {
    pub(crate) started: Instant,
    /// The largest `now` seen: a clock that goes back stands still.
    pub(crate) seen: Instant,
    pub(crate) deadline: Option<Instant>,
    /// The deadline that was handed down: it does not stand still, for whoever waits above goes on counting.
    pub(crate) ceiling: Option<Instant>,
}

stored! { Timing { started, seen, deadline, ceiling } }

/// Whether the one rebuild of the primary's client, and the one refresh of credentials, that a turn has are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Renewed {
    pub(crate) rebuilt: bool,
    pub(crate) refreshed: bool,
}

stored! { Renewed { rebuilt, refreshed } }

/// What is to be stopped: for which call (0 for the turn itself), under which id, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pending {
    call: Id,
    id: Id,
    why: CancelWhy,
}

stored! { Pending { call, id, why } }

impl Scope {
    /// A scope for a turn, or for a call that stands alone. In sessions of equal seeds equal turns draw equally.
    pub fn new(session: &mut Session, now: Instant) -> Self {
        session.live.turns = session.live.turns.wrapping_add(1);
        let now = session.live.tick(now);
        let (seed, turn, epoch) = (session.live.seed, session.live.turns, session.live.epoch);
        let limits = &session.policy.turn;
        let deadline = limits.deadline.map(|span| now + span);
        Self {
            time: Timing { started: now, seen: now, deadline, ceiling: None },
            budget: Budget::of(limits),
            renewed: Renewed::default(),
            committed: Committed::NOWHERE,
            next_id: 1,
            rng: seed.map(|seed| Rng::new(seed, turn)),
            keys: Keys::new(seed, turn, epoch),
            epoch,
            cancels: Vec::new(),
            hedge_won: None,
            spent: Tally::NOTHING,
            event_log: EventLog::default(),
        }
    }

    /// When the scope must be done, if it must.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.time.deadline
    }

    /// Whether its deadline has passed by then.
    #[inline]
    pub(crate) fn is_over_by(&self, then: Instant) -> bool {
        self.time.deadline.is_some_and(|deadline| then >= deadline)
    }

    /// Sets a deadline, or brings it forward; it never moves back. What is under way keeps the limit that it was given.
    pub fn shorten(&mut self, deadline: Instant) {
        self.time.deadline = Some(self.time.deadline.map_or(deadline, |old| old.min(deadline)));
    }

    /// Moves its deadline on by the time that it stood still, as far as the one that was handed down allows.
    pub(crate) fn stand_still(&mut self, span: Duration) {
        let end = self.time.ceiling.unwrap_or(Instant::NEVER);
        self.time.deadline = self.time.deadline.map(|deadline| (deadline + span).min(end));
    }

    /// What it hands down to a turn that begins within it: the time that is left, and, with `share`, its budgets of attempts, tool
    /// calls and tokens, which both then use up together. What it has made itself already counts.
    pub fn hand_down(&mut self, now: Instant, share: bool) -> Inherited {
        self.hand_down_used(now, share, Used { tokens: self.spent.known, ..Used::default() })
    }

    pub(crate) fn hand_down_used(&mut self, now: Instant, share: bool, used: Used) -> Inherited {
        let now = self.tick(now);
        let pool = if share { self.budget.hand_down(used) } else { None };
        Inherited { left: self.time.deadline.map(|deadline| deadline - now), pool }
    }

    /// Takes what the turn handed down within which it begins: its deadline can only become shorter by that, and does not stand
    /// still while a person is awaited, for the turn above goes on counting. To be said before its first attempt.
    pub fn inherit(&mut self, inherited: Inherited, now: Instant) {
        let now = self.tick(now);
        if let Some(left) = inherited.left {
            let end = now + left;
            self.shorten(end);
            self.time.ceiling = Some(self.time.ceiling.map_or(end, |old| old.min(end)));
        }
        self.budget.inherit(inherited.pool);
    }

    /// Names the run that this is, so that the same run repeats its idempotency keys when it is run again, in whatever process: each
    /// is made of the id and, for a tool, its name, its arguments and how often they came; for a model request, the step; for a
    /// function, how many began before it. A run that goes another way gives no other tool call the same key. To be said before its
    /// first call; a turn within it has keys of its own, or an id of its own.
    ///
    /// # Errors
    /// An empty id, under which all runs would be one.
    pub fn set_run_id(&mut self, id: &str) -> Result<(), Invalid> {
        self.keys.set_run_id(id)
    }

    /// Whether it counts its attempts, tool calls and tokens together with other turns.
    #[must_use]
    pub fn shares_budgets(&self) -> bool {
        self.budget.pool().is_some()
    }

    /// Attempts made so far.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.budget.attempts
    }

    /// The route that calls of this scope begin with, once one was committed to.
    #[must_use]
    pub fn route(&self) -> Option<RouteId> {
        self.committed.route
    }

    /// The route that answered last, or was asked last: [`Scope::route`], unless a hedge won.
    #[must_use]
    pub fn answered_by(&self) -> Option<RouteId> {
        self.hedge_won.or(self.committed.route)
    }

    /// When the scope began.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.time.started
    }

    /// The largest time that it was told.
    pub(crate) fn seen(&self) -> Instant {
        self.time.seen
    }

    /// The event log.
    #[must_use]
    pub fn event_log(&self) -> &EventLog {
        &self.event_log
    }

    /// The next notice that was not read yet.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.event_log.poll()
    }

    pub(crate) fn next_id(&mut self) -> Id {
        let id = self.next_id;
        self.next_id = self.next_id.saturating_add(1);
        id
    }

    /// The process was copied, and both copies go on: what this one begins from now on is another request, and draws otherwise.
    #[cold]
    fn forked(&mut self, live: &Live) {
        self.epoch = live.epoch;
        self.keys.forked(live.seed, live.epoch);
        self.rng = live.seed.map(|seed| Rng::new(seed, live.turns ^ u64::from(live.epoch) << 32));
    }

    /// What its waits are drawn from.
    pub(crate) fn draws(&mut self) -> &mut Rng {
        self.rng.get_or_insert_with(|| seed::rng(seed::next_turn()))
    }

    /// Takes note of the time and returns the largest seen.
    pub(crate) fn tick(&mut self, now: Instant) -> Instant {
        self.time.seen = self.time.seen.max(now);
        self.time.seen
    }

    /// Counts what a model request has used that brought nothing.
    pub(crate) fn spend(&mut self, usage: Usage) {
        let before = self.spent.known;
        self.spent.add(usage);
        if let Some(pool) = self.budget.pool() {
            pool.spend(self.spent.known.saturating_sub(before));
        }
    }

    pub(crate) fn cancel(&mut self, call: Id, id: Id, why: CancelWhy) {
        self.cancels.push(Pending { call, id, why });
    }

    /// What is to be stopped before anything else: of one call, or of all.
    pub(crate) fn pending_cancel(&self, call: Option<Id>) -> Option<Command> {
        let mut pending = self.cancels.iter().filter(|pending| call.is_none_or(|call| call == pending.call));
        pending.next().map(|Pending { id, why, .. }| Command::Cancel { id: *id, why: *why })
    }

    /// All that was to be stopped for a call is.
    pub(crate) fn stopped(&mut self, call: Id) {
        self.cancels.retain(|pending| pending.call != call || call == 0);
    }

    /// The answer to events about what was cancelled: `Taken` acknowledges, anything else comes too late.
    pub(crate) fn handle_cancelled(&mut self, event: Event<'_>) -> Handled {
        if let Event::Taken(id) | Event::Abandoned(id) = event
            && let Some(at) = self.cancels.iter().position(|pending| pending.id == id)
        {
            self.cancels.remove(at);
            return Handled::Accepted;
        }
        Handled::Stale
    }

    /// Over the chain of today the primary may be another route.
    pub(crate) fn restored(&mut self, live: &Live) {
        let is_away = self.committed.route.is_some_and(|route| route != RouteId(0));
        self.committed.away = is_away.then(|| self.committed.away.unwrap_or(self.time.seen));
        // It goes on as it was, keys included.
        self.epoch = live.epoch;
        self.keys.restored();
    }
}
