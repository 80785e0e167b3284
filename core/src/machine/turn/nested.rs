//! Turns within turns: what one hands down, and what becomes of it when it is stored.

use super::Turn;
use crate::pool::{Inherited, Used};
use crate::time::Instant;

impl Turn {
    /// What it hands down to a turn that begins within it, as a sub-agent's: see [`Scope::hand_down`](crate::Scope::hand_down). Tool calls and tokens that it has
    /// used count, too.
    pub fn hand_down(&mut self, now: Instant, share: bool) -> Inherited {
        let used = self.used();
        self.scope.hand_down_used(now, share, used)
    }

    /// Takes what the turn handed down within which it begins: see [`Scope::inherit`](crate::Scope::inherit).
    pub fn inherit(&mut self, inherited: Inherited, now: Instant) {
        self.scope.inherit(inherited, now);
    }

    /// Before it is stored: what is left of shared budgets becomes its own limit, and its keys go on by themselves.
    pub(crate) fn stand_alone(&mut self) {
        let used = self.used();
        self.scope.stand_alone(used);
        self.scope.keys.stand_alone();
    }

    /// Before it goes to a clock that is younger than its question is old, where the moment of asking would lie before the zero:
    /// the time that its deadline stood still is counted up to `then`.
    pub(crate) fn catch_up(&mut self, then: Instant, now: Instant) {
        if let Some(since) = self.course.since_asked
            && then - since > now - Instant::ZERO
        {
            self.scope.stand_still(then - since);
            self.course.since_asked = Some(then);
        }
    }

    fn used(&self) -> Used {
        let Self { scope, course } = self;
        Used {
            attempts: scope.attempts,
            tool_calls: course.tool_calls,
            tokens: course.usage.total().unwrap_or_default().saturating_add(scope.spent.known),
            usage_unknown: course.usage_unknown,
        }
    }
}
