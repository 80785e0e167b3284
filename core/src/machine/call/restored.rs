//! A call that is restored over another chain, where a route that is gone is forgotten.

use super::*;

impl Call {
    /// Chooses anew where its route is gone, or, with `lost`, the one that it was about to go to. Returns whether a request that was
    /// under way is forgotten with it.
    pub(crate) fn restored(&mut self, lost: bool) -> bool {
        let is_gone = self.route.is_none() && self.asked > 0;
        let was_asked = match &mut self.state {
            State::Wait { then, .. } if is_gone => {
                *then = Then::Choose;
                return false;
            }
            State::Attempt(running) if is_gone => running.taken,
            State::Rebuild { .. } | State::Switch { .. } if lost => false,
            _ => return false,
        };
        // A wait that is over: what follows is chosen anew from the chain of today.
        let (id, until) = (self.current().unwrap_or_default(), Instant::ZERO);
        self.state = State::Wait { id, until, why: WaitWhy::Backoff, then: Then::Choose };
        was_asked
    }
}
