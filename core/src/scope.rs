//! What all calls of one turn share: deadline, attempts, ids, randomness, the committed route, the account.

use alloc::vec::Vec;

use crate::account::{Account, Notice, What};
use crate::command::{CancelWhy, Command, Event, Handled, Id, Key, RouteId};
use crate::policy::Policy;
use crate::policy::limits::{Tally, Usage};
use crate::rng::{Rng, mix};
use crate::session::{About, Live, Session};
use crate::stored::stored;
use crate::time::Instant;

/// What all calls of one turn share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub(crate) started: Instant,
    pub(crate) deadline: Option<Instant>,
    /// The largest `now` seen: a clock that goes back stands still.
    pub(crate) seen: Instant,
    pub(crate) attempts: u32,
    pub(crate) max_attempts: Option<u32>,
    /// Whether the turn's one rebuild of the primary is used up.
    pub(crate) rebuilt: bool,
    /// Whether the turn's one refresh of credentials is used up.
    pub(crate) refreshed: bool,
    pub(crate) route: Option<RouteId>,
    next_id: Id,
    pub(crate) rng: Rng,
    key: u64,
    cancels: Vec<Pending>,
    /// What model requests used that brought nothing.
    pub(crate) spent: Tally,
    /// What the host knows about the one that is about to fail.
    pub(crate) told: Option<Told>,
    pub(crate) account: Account,
}

stored! {
    Scope {
        started, deadline, seen, attempts, max_attempts, rebuilt, refreshed, route, next_id, rng, key, cancels,
        spent, told, account
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
    /// A scope for a turn, or for a call that stands alone. Equal seeds and turn numbers draw equally.
    pub fn new(session: &mut Session, now: Instant) -> Self {
        session.live.turns = session.live.turns.wrapping_add(1);
        let (seed, turn) = (session.live.seed, session.live.turns);
        let limits = &session.policy.turn;
        Self {
            started: now,
            deadline: limits.deadline.map(|span| now + span),
            seen: now,
            attempts: 0,
            max_attempts: limits.attempts,
            rebuilt: false,
            refreshed: false,
            route: None,
            next_id: 1,
            rng: Rng::new(seed, turn),
            // A session that was restored may count turns again that were begun after it was stored: other requests, other keys.
            key: mix(seed ^ mix(turn) ^ (u64::from(session.live.epoch) << 32)),
            cancels: Vec::new(),
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

    /// The idempotency key of the call whose first attempt is `call`.
    pub(crate) fn key(&self, call: Id) -> Key {
        Key(self.key, mix(self.key ^ u64::from(call)))
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

    pub(crate) fn shift(&mut self, moved: impl Fn(Instant) -> Instant) {
        self.started = moved(self.started);
        self.deadline = self.deadline.map(&moved);
        self.seen = moved(self.seen);
        self.account.shift(moved);
    }
}

/// What a decision looks at: lent for one decision at a time.
pub(crate) struct Context<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) live: &'a mut Live,
    pub(crate) scope: &'a mut Scope,
    pub(crate) now: Instant,
}

impl<'a> Context<'a> {
    pub(crate) fn new(session: &'a mut Session, scope: &'a mut Scope, now: Instant) -> Self {
        let now = scope.tick(now);
        Self { policy: &session.policy, live: &mut session.live, scope, now }
    }

    pub(crate) fn note(&mut self, about: About, route: Option<RouteId>, what: What) {
        self.scope.account.push(Notice { at: self.now, call: about.call, id: about.id, route, what });
    }
}
