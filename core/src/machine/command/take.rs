//! Poll and take in one verb: for hosts that begin at once what they are told, so that of two threads one does it.

use super::{Command, Event, Id};
use crate::call::Call;
use crate::scope::Scope;
use crate::session::Session;
use crate::time::Instant;
use crate::turn::Turn;

impl Command {
    /// What is to be acknowledged with [`Event::Taken`].
    #[must_use]
    pub const fn to_take(&self) -> Option<Id> {
        match self {
            Self::Attempt(attempt) => Some(attempt.id),
            Self::Switch { id, .. }
            | Self::Rebuild { id, .. }
            | Self::AskApproval { id, .. }
            | Self::Cancel { id, .. } => Some(*id),
            Self::Wait { .. } | Self::Finish(_) => None,
        }
    }
}

impl Turn {
    /// As [`Turn::poll`], and takes what it says.
    pub fn next(&mut self, session: &mut Session, now: Instant) -> Command {
        let next = self.poll(session, now);
        if let Some(id) = next.to_take() {
            let _ = self.handle(session, now, Event::Taken(id));
        }
        next
    }
}

impl Call {
    /// As [`Call::poll`], and takes what it says.
    pub fn next(&mut self, scope: &mut Scope, session: &mut Session, now: Instant) -> Command {
        let next = self.poll(scope, session, now);
        if let Some(id) = next.to_take() {
            let _ = self.handle(scope, session, now, Event::Taken(id));
        }
        next
    }
}
