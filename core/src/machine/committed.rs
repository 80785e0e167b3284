//! Where calls to come begin: of a turn, and, with a session-wide fallback, of a session.

use crate::command::RouteId;
use crate::stored::stored;
use crate::time::Instant;

/// Where calls to come begin, and since when that is not the primary, or when it was last looked there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) route: Option<RouteId>,
    pub(crate) away: Option<Instant>,
}

stored! { Committed { route, away } }

impl Committed {
    pub(crate) const NOWHERE: Self = Self { route: None, away: None };

    /// Somebody away from the primary has looked there.
    pub(crate) fn looked(&mut self, now: Instant) {
        self.away = self.away.map(|_| now);
    }
}
