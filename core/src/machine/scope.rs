//! What all calls of one turn share: deadline, attempts, ids, randomness, the committed route, the account.

mod context;

use alloc::vec::Vec;
use core::time::Duration;

pub(crate) use context::Context;

use crate::account::{Account, Notice};
use crate::call::Hedge;
use crate::command::{CancelWhy, Command, Event, Handled, Id, RouteId};
use crate::keys::Keys;
use crate::policy::Invalid;
use crate::policy::limits::{Tally, Usage};
use crate::pool::{Budgets, Inherited, Pool, Shared, Used};
use crate::rng::Rng;
use crate::seed;
use crate::session::{Live, Session};
use crate::stored::stored;
use crate::time::Instant;

/// What all calls of one turn share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub(crate) started: Instant,
    pub(crate) deadline: Option<Instant>,
    /// The deadline that was handed down: it does not stand still, for whoever waits above goes on counting.
    pub(crate) ceiling: Option<Instant>,
    /// The largest `now` seen: a clock that goes back stands still.
    pub(crate) seen: Instant,
    pub(crate) attempts: u32,
    pub(crate) budgets: Budgets,
    /// Where it counts together with other turns.
    pub(crate) pool: Shared,
    /// Whether that holds its own budgets, within those that it was handed down.
    has_own_pool: bool,
    /// Whether the turn's one rebuild of the primary is used up.
    pub(crate) rebuilt: bool,
    /// Whether the turn's one refresh of credentials is used up.
    pub(crate) refreshed: bool,
    pub(crate) route: Option<RouteId>,
    /// Since when that is not the primary, or when it last looked there.
    pub(crate) away: Option<Instant>,
    next_id: Id,
    /// Made at its first draw, unless the session has a seed.
    rng: Option<Rng>,
    pub(crate) keys: Keys,
    /// The session's: after a fork it is another one.
    pub(crate) epoch: u32,
    cancels: Vec<Pending>,
    /// Second attempts beside slow ones. Here and not in their calls, which are copied where nothing is hedged, too.
    pub(crate) hedges: Vec<Hedge>,
    /// The route that answered the last call in place of the one that it went on on.
    pub(crate) hedge_won: Option<RouteId>,
    /// What model requests used that brought nothing.
    pub(crate) spent: Tally,
    /// What the host knows about the one that is about to fail.
    pub(crate) told: Option<Told>,
    pub(crate) account: Account,
}

stored! {
    Scope {
        started, deadline, ceiling, seen, attempts, budgets, pool, has_own_pool, rebuilt, refreshed, route, away, next_id, rng, keys, epoch,
        cancels, hedges, hedge_won, spent, told, account
    }
}

/// What an attempt has used, told before it is reported as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) id: Id,
    pub(crate) usage: Usage,
}

stored! { Told { id, usage } }

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
        Self {
            started: now,
            deadline: limits.deadline.map(|span| now + span),
            ceiling: None,
            seen: now,
            attempts: 0,
            budgets: Budgets::of(limits),
            pool: Shared(None),
            has_own_pool: false,
            rebuilt: false,
            refreshed: false,
            route: None,
            away: None,
            next_id: 1,
            rng: seed.map(|seed| Rng::new(seed, turn)),
            keys: Keys::new(seed, turn, epoch),
            epoch,
            cancels: Vec::new(),
            hedges: Vec::new(),
            hedge_won: None,
            spent: Tally::NOTHING,
            told: None,
            account: Account::default(),
        }
    }

    /// When the scope must be done, if it must.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Sets a deadline, or brings it forward; it never moves back. What is under way keeps the limit that it was given.
    pub fn shorten(&mut self, deadline: Instant) {
        self.deadline = Some(self.deadline.map_or(deadline, |old| old.min(deadline)));
    }

    /// Moves its deadline on by the time that it stood still, as far as the one that was handed down allows.
    pub(crate) fn stand_still(&mut self, span: Duration) {
        let end = self.ceiling.unwrap_or(Instant::NEVER);
        self.deadline = self.deadline.map(|deadline| (deadline + span).min(end));
    }

    /// What it hands down to a turn that begins within it: the time that is left, and, with `share`, its budgets of attempts, tool
    /// calls and tokens, which both then use up together. What it has made itself already counts.
    pub fn hand_down(&mut self, now: Instant, share: bool) -> Inherited {
        let used = Used { attempts: 0, tool_calls: 0, tokens: self.spent.known, usage_unknown: false };
        self.hand_down_used(now, share, used)
    }

    pub(crate) fn hand_down_used(&mut self, now: Instant, share: bool, used: Used) -> Inherited {
        let now = self.tick(now);
        if share && !self.has_own_pool {
            let used = Used { attempts: self.attempts, ..used };
            self.pool = Shared(Pool::of(self.budgets, used, self.pool.0.take()));
            // Without any limit there is nothing to share.
            self.has_own_pool = self.pool.0.is_some();
        }
        let pool = if share { self.pool.0.clone() } else { None };
        Inherited { left: self.deadline.map(|deadline| deadline - now), pool }
    }

    /// Takes what the turn handed down within which it begins: its deadline can only become shorter by that, and does not stand
    /// still while a person is awaited, for the turn above goes on counting. To be said before its first attempt.
    pub fn inherit(&mut self, inherited: Inherited, now: Instant) {
        let now = self.tick(now);
        if let Some(left) = inherited.left {
            let end = now + left;
            self.shorten(end);
            self.ceiling = Some(self.ceiling.map_or(end, |old| old.min(end)));
        }
        if !self.has_own_pool {
            self.pool = Shared(inherited.pool);
        }
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
        self.pool.0.is_some()
    }

    /// Its own limits are what is left of those that it shares: pools do not travel.
    pub(crate) fn stand_alone(&mut self, used: Used) {
        if let Some(pool) = self.pool.0.take() {
            self.budgets = pool.own(self.budgets, Used { attempts: self.attempts, ..used });
        }
        self.has_own_pool = false;
    }

    /// Attempts made so far.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The route that calls of this scope begin with, once one was committed to.
    #[must_use]
    pub fn route(&self) -> Option<RouteId> {
        self.route
    }

    /// The route that answered last, or was asked last: [`Scope::route`], unless a hedge won.
    #[must_use]
    pub fn answered_by(&self) -> Option<RouteId> {
        self.hedge_won.or(self.route)
    }

    /// When the scope began.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The next notice that was not read yet.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.account.poll()
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
        self.seen = self.seen.max(now);
        self.seen
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

    /// Over another chain: says of every route where it is now.
    pub(crate) fn reroute(&mut self, now_at: &dyn Fn(RouteId) -> Option<RouteId>) {
        self.route = self.route.and_then(now_at);
        let is_away = self.route.is_some_and(|route| route != RouteId(0));
        self.away = is_away.then(|| self.away.unwrap_or(self.seen));
        self.hedges.retain_mut(|hedge| hedge.reroute(now_at));
        self.hedge_won = self.hedge_won.and_then(now_at);
        self.account.reroute(now_at);
    }

    pub(crate) fn shift(&mut self, moved: impl Fn(Instant) -> Instant) {
        self.started = moved(self.started);
        self.deadline = self.deadline.map(&moved);
        self.ceiling = self.ceiling.map(&moved);
        self.seen = moved(self.seen);
        self.away = self.away.map(&moved);
        self.hedges.iter_mut().for_each(|hedge| hedge.shift(&moved));
        self.account.shift(moved);
    }
}
