//! The event log of a turn: what happened, in order.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::command::{Id, RouteId};
use crate::notice::{Follows, Notice, Skip, What};
use crate::policy::failure::FailureKind;
use crate::stored::stored;
use crate::text::{self, Names};

/// How many notices a turn keeps; older ones are dropped and counted.
pub const KEPT: usize = 1000;

/// The last [`KEPT`] notices, and the names of the tools that they refer to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventLog {
    notices: VecDeque<Notice>,
    dropped: u64,
    unread: usize,
    tools: Vec<String>,
}

stored! { EventLog { notices, dropped, unread, tools } }

impl EventLog {
    pub(crate) fn push(&mut self, notice: Notice) {
        if self.notices.len() >= KEPT {
            self.notices.pop_front();
            self.dropped += 1;
            self.unread = self.unread.min(self.notices.len());
        }
        self.notices.push_back(notice);
        self.unread += 1;
    }

    /// Fills in what followed the failure of attempt `id`, known only once the ladder was asked.
    pub(crate) fn followed(&mut self, id: Id, follows: Follows, waited: Duration) {
        for notice in self.notices.iter_mut().rev().filter(|notice| notice.id == id) {
            if let What::AttemptFailed { next, delay, .. } = &mut notice.what {
                (*next, *delay) = (follows, waited);
                return;
            }
        }
    }

    /// The number of a tool's name in this log.
    pub(crate) fn tool(&mut self, name: &str) -> u32 {
        let at = self.tools.iter().position(|known| known == name).unwrap_or_else(|| {
            self.tools.push(name.into());
            self.tools.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Returns the name of the tool with this number, `?` if there is none.
    #[must_use]
    pub fn tool_name(&self, tool: u32) -> &str {
        usize::try_from(tool).ok().and_then(|at| self.tools.get(at)).map_or("?", String::as_str)
    }

    /// Returns the next notice that was not read yet.
    pub fn poll(&mut self) -> Option<Notice> {
        let at = self.notices.len().checked_sub(self.unread)?;
        let notice = self.notices.get(at).copied()?;
        self.unread -= 1;
        Some(notice)
    }

    /// Returns every notice that is kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Notice> + '_ {
        self.notices.iter()
    }

    /// Returns how many notices were dropped for want of room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns a notice as one line for people; a [`Session`](crate::Session) knows the names.
    #[must_use]
    pub fn line(&self, names: &dyn Names, notice: &Notice) -> String {
        text::line(notice, names, &|tool| self.tool_name(tool))
    }

    /// How often the attempts of a call failed, by route and kind, in the order of the first time.
    pub(crate) fn failures(&self, call: Id) -> Vec<(Option<RouteId>, FailureKind, u32)> {
        let mut tally: Vec<(Option<RouteId>, FailureKind, u32)> = Vec::new();
        for notice in self.notices.iter().filter(|notice| notice.call == call) {
            if let What::AttemptFailed { failure, .. } = notice.what {
                match tally.iter_mut().find(|(route, kind, _)| *route == notice.route && *kind == failure.kind) {
                    Some((_, _, times)) => *times += 1,
                    None => tally.push((notice.route, failure.kind, 1)),
                }
            }
        }
        tally
    }

    /// The routes that were not asked just now for a reason that no time changes; `None` is a client that could not be made.
    pub(crate) fn unusable(&self) -> Vec<(RouteId, Option<Skip>)> {
        let mut routes: Vec<(RouteId, Option<Skip>)> = Vec::new();
        for notice in self.notices.iter().rev() {
            let why = match notice.what {
                What::Skipped { why, .. } => Some(why),
                What::NotReady | What::NotRebuilt => None,
                _ => break,
            };
            let Some(route) = notice.route else { break };
            if routes.iter().all(|(known, _)| *known != route) {
                routes.push((route, why));
            }
        }
        let lasting = |why: &Skip| matches!(why, Skip::NoCredential | Skip::ContextWindow | Skip::Isolated);
        routes.retain(|(_, why)| why.as_ref().is_none_or(lasting));
        routes.reverse();
        routes
    }
}
