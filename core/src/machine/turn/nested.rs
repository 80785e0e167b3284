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
        self.scope.budget.stand_alone(used);
        self.scope.keys.stand_alone();
    }

    fn used(&self) -> Used {
        let Self { scope, agent, .. } = self;
        Used {
            attempts: scope.budget.attempts,
            tool_calls: agent.calls.count,
            tokens: agent.usage.total().unwrap_or_default().saturating_add(scope.spent.known),
            usage_unknown: agent.usage_unknown,
        }
    }
}
