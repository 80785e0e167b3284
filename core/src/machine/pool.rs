//! Budgets that turns share: what one of them takes is gone for all, in whichever session and thread they run.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::time::Duration;

use crate::policy::limits::{Limit, TurnLimits};
use crate::stored::stored;
use crate::visit::{Blank, Data, Visitor};

/// What one turn may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budgets {
    pub(crate) attempts: Option<u32>,
    pub(crate) tool_calls: Option<u32>,
    pub(crate) tokens: Option<u32>,
    /// Whether usage that is not known counts as all that was left.
    pub(crate) strict: bool,
}

stored! { Budgets { attempts, tool_calls, tokens, strict } }

impl Budgets {
    pub(crate) const fn of(limits: &TurnLimits) -> Self {
        let TurnLimits { attempts, tool_calls, tokens, strict, .. } = *limits;
        Self { attempts, tool_calls, tokens, strict }
    }

    const fn is_limited(self) -> bool {
        self.attempts.is_some() || self.tool_calls.is_some() || self.tokens.is_some()
    }
}

/// What a turn has used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Used {
    pub(crate) attempts: u32,
    pub(crate) tool_calls: u32,
    pub(crate) tokens: u64,
    /// Whether some model did not report its usage.
    pub(crate) usage_unknown: bool,
}

/// What one turn may use up, how many attempts it made, and where it counts together with other turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) limits: Budgets,
    pub(crate) attempts: u32,
    pool: Shared,
    /// Whether that holds its own budgets, within those that it was handed down.
    has_own_pool: bool,
}

stored! { Budget { limits, attempts, has_own_pool; pool } }

impl Budget {
    pub(crate) const fn of(limits: &TurnLimits) -> Self {
        Self { limits: Budgets::of(limits), attempts: 0, pool: Shared(None), has_own_pool: false }
    }

    #[inline(always)]
    pub(crate) fn pool(&self) -> Option<&Pool> {
        self.pool.0.as_deref()
    }

    /// The pool in which a turn that begins within this one counts; none where nothing is limited.
    pub(crate) fn hand_down(&mut self, used: Used) -> Option<Arc<Pool>> {
        if !self.has_own_pool {
            let used = Used { attempts: self.attempts, ..used };
            self.pool = Shared(Pool::of(self.limits, used, self.pool.0.take()));
            self.has_own_pool = self.pool.0.is_some();
        }
        self.pool.0.clone()
    }

    /// Counts in the pool of the turn above, unless it has its own already.
    pub(crate) fn inherit(&mut self, pool: Option<Arc<Pool>>) {
        if !self.has_own_pool {
            self.pool = Shared(pool);
        }
    }

    /// Its own limits become what is left of those that it shares: pools do not travel.
    pub(crate) fn stand_alone(&mut self, used: Used) {
        if let Some(pool) = self.pool.0.take() {
            self.limits = pool.own(self.limits, Used { attempts: self.attempts, ..used });
        }
        self.has_own_pool = false;
    }
}

/// The budgets of one turn, which those that it hands them down to use up with it, and so on downwards.
///
/// Attempts and tool calls are taken or refused, so that all of them together never exceed a limit. Tokens are known only
/// afterwards: a step begins while there are any left.
#[derive(Debug)]
pub struct Pool {
    most: Budgets,
    attempts: AtomicU32,
    tool_calls: AtomicU32,
    tokens: AtomicU32,
    usage_unknown: AtomicBool,
    above: Option<Arc<Self>>,
}

impl Pool {
    /// The budgets of a turn that has used this much, within those that it was handed down itself. `None` where nothing is limited.
    pub(crate) fn of(most: Budgets, used: Used, above: Option<Arc<Self>>) -> Option<Arc<Self>> {
        if !most.is_limited() {
            return above;
        }
        Some(Arc::new(Self {
            most,
            attempts: AtomicU32::new(used.attempts),
            tool_calls: AtomicU32::new(used.tool_calls),
            tokens: AtomicU32::new(u32::try_from(used.tokens).unwrap_or(u32::MAX)),
            usage_unknown: AtomicBool::new(used.usage_unknown),
            above,
        }))
    }

    /// This pool and those above it.
    fn chain(&self) -> impl Iterator<Item = &Self> {
        core::iter::successors(Some(self), |pool| pool.above.as_deref())
    }

    /// Takes one from every pool, or none from any.
    fn take(&self, most: fn(&Self) -> Option<u32>, used: fn(&Self) -> &AtomicU32) -> bool {
        for (at, pool) in self.chain().enumerate() {
            let one_more =
                |used: u32| if most(pool).is_some_and(|most| used >= most) { None } else { used.checked_add(1) };
            if used(pool).fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_err() {
                self.chain().take(at).for_each(|pool| give_back(used(pool)));
                return false;
            }
        }
        true
    }

    pub(crate) fn take_attempt(&self) -> bool {
        self.take(|pool| pool.most.attempts, |pool| &pool.attempts)
    }

    pub(crate) fn give_back_attempt(&self) {
        self.chain().for_each(|pool| give_back(&pool.attempts));
    }

    pub(crate) fn take_tool_call(&self) -> bool {
        self.take(|pool| pool.most.tool_calls, |pool| &pool.tool_calls)
    }

    pub(crate) fn give_back_tool_call(&self) {
        self.chain().for_each(|pool| give_back(&pool.tool_calls));
    }

    /// Counts what models are known to have used.
    pub(crate) fn spend(&self, tokens: u64) {
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        for pool in self.chain() {
            let more = |used: u32| Some(used.saturating_add(tokens));
            let _ = pool.tokens.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        }
    }

    /// Some model did not report its usage.
    pub(crate) fn spend_unknown(&self) {
        self.chain().for_each(|pool| pool.usage_unknown.store(true, Ordering::Release));
    }

    /// Whether another model request may be paid for.
    pub(crate) fn has_tokens(&self) -> bool {
        self.chain().all(|pool| pool.tokens_left() != Some(0))
    }

    /// Unknown usage ends a strict turn, and another one goes on without that limit, as it would alone.
    fn tokens_left(&self) -> Option<u32> {
        let most = self.most.tokens?;
        match self.usage_unknown.load(Ordering::Acquire) {
            true => self.most.strict.then_some(0),
            false => Some(most.saturating_sub(self.tokens.load(Ordering::Acquire))),
        }
    }

    /// The number that was reached, for people.
    pub(crate) fn reached(&self, limit: Limit) -> Option<u32> {
        let reached = |pool: &Self| {
            let (most, used) = match limit {
                Limit::Attempts => (pool.most.attempts?, &pool.attempts),
                Limit::ToolCalls => (pool.most.tool_calls?, &pool.tool_calls),
                Limit::Tokens => return pool.most.tokens.filter(|_| pool.tokens_left() == Some(0)),
                _ => return None,
            };
            (used.load(Ordering::Acquire) >= most).then_some(most)
        };
        self.chain().find_map(reached)
    }

    /// What a turn that has used this much may use in all, if it goes on without the others.
    pub(crate) fn own(&self, own: Budgets, used: Used) -> Budgets {
        let tighter = |own: Option<u32>, used: u32, left: Option<u32>| {
            let most = left.map(|left| used.saturating_add(left));
            own.into_iter().chain(most).min()
        };
        let left = |most: Option<u32>, used: &AtomicU32| Some(most?.saturating_sub(used.load(Ordering::Acquire)));
        let tokens = u32::try_from(used.tokens).unwrap_or(u32::MAX);
        self.chain().fold(own, |own, pool| Budgets {
            attempts: tighter(own.attempts, used.attempts, left(pool.most.attempts, &pool.attempts)),
            tool_calls: tighter(own.tool_calls, used.tool_calls, left(pool.most.tool_calls, &pool.tool_calls)),
            tokens: tighter(own.tokens, tokens, pool.tokens_left()),
            strict: own.strict || (pool.most.tokens.is_some() && pool.most.strict),
        })
    }
}

fn give_back(used: &AtomicU32) {
    let _ = used.fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| used.checked_sub(1));
}

/// Two pools are equal where the same is left in them.
impl PartialEq for Pool {
    fn eq(&self, other: &Self) -> bool {
        let used = |pool: &Self| {
            let counts = [&pool.attempts, &pool.tool_calls, &pool.tokens].map(|used| used.load(Ordering::Acquire));
            (pool.most, counts, pool.usage_unknown.load(Ordering::Acquire))
        };
        used(self) == used(other) && self.above == other.above
    }
}

impl Eq for Pool {}

/// The pool that a turn counts in, if it does.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shared(Option<Arc<Pool>>);

/// Pools do not travel: what is left in one becomes the turn's own limit when it is stored.
impl Data for Shared {
    fn visit(&mut self, _: &mut Visitor<'_>) {}
}

impl Blank for Shared {
    const BLANK: Self = Self(None);
}

/// What a turn hands down to one that begins within it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inherited {
    /// How much time is left; `None` without a deadline. A span, for the other turn may go by another clock.
    pub left: Option<Duration>,
    /// The budgets that both use up, if they are to be shared.
    pub pool: Option<Arc<Pool>>,
}
