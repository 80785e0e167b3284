//! Whether a broken client is made again, and how long to let the new one settle.

use core::time::Duration;

use crate::data::SPANS;
use crate::stored::fields;
use crate::time::span;

fields! {
    /// The rebuild of a client after a transport failure, once a turn.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Recovery {
        /// Whether clients are rebuilt at all (only routes that have a hook for it). Default true.
        enabled: bool = true;
        /// The wait after a rebuild is this plus one second for each attempt made on the route. Default 3 s.
        wait: Duration = span(3_000), SPANS;
        /// The longest wait after a rebuild. Default 8 s.
        max_wait: Duration = span(8_000), SPANS;
        /// Whether the route gets all its attempts again with the new client, in place of one more. Default false.
        new_round: bool = false;
    }
}

impl Recovery {
    /// The wait after a rebuild, with this many attempts made on the route.
    #[must_use]
    pub fn settle_for(&self, attempts: u32) -> Duration {
        self.wait.saturating_add(Duration::from_secs(u64::from(attempts))).min(self.max_wait)
    }
}

#[cfg(test)]
mod tests;
