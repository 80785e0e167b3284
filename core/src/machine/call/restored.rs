//! A call that is restored over another chain, where a route that is gone is forgotten.

use core::time::Duration;

use super::{Call, State, Then};
use crate::command::WaitWhy;
use crate::time::Instant;

impl Call {
    /// Chooses anew where its route is gone, or, with `lost`, the one that it was about to go to. Returns whether a request that was
    /// under way is forgotten with it.
    pub(crate) fn restored(&mut self, lost: bool) -> bool {
        let is_gone = self.leg.route.is_none() && self.asked > 0;
        let was_asked = match &mut self.state {
            State::Wait { then, .. } if is_gone => {
                *then = Then::Choose;
                return false;
            }
            State::Attempt(attempt) if is_gone => attempt.taken,
            State::Rebuild { .. } | State::Switch { .. } if lost => false,
            _ => return false,
        };
        // A wait that is over: what follows is chosen anew from the chain of today.
        let (id, until) = (self.current().unwrap_or_default(), Instant::ZERO);
        let (delay, why, then) = (Duration::ZERO, WaitWhy::Backoff, Then::Choose);
        self.state = State::Wait { id, until, delay, why, then, taken: false };
        // A second request beside it goes with it.
        self.hedge.0 = None;
        was_asked
    }
}
