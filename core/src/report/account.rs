//! The account of a turn: what happened, in order, in words that are the same in every language.

mod what;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use core::time::Duration;

pub use what::{Follows, Scoped, Skip, What};

use crate::command::{Id, RouteId};
use crate::session::Session;
use crate::stored::stored;
use crate::time::{Instant, Seconds};

/// How many notices a turn keeps; older ones are dropped and counted.
pub const KEPT: usize = 1000;

/// Something worth a log line. A first attempt that simply works is counted, and makes no notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub at: Instant,
    /// The first attempt of the call it belongs to; 0 for the turn itself.
    pub call: Id,
    /// The attempt or other command it is about; 0 for none.
    pub id: Id,
    /// The route it is about.
    pub route: Option<RouteId>,
    /// What happened.
    pub what: What,
}

stored! { Notice { at, call, id, route, what } }

/// The last [`KEPT`] notices, and the names that they refer to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    notices: VecDeque<Notice>,
    dropped: u64,
    unread: usize,
    tools: Vec<String>,
}

stored! { Account { notices, dropped, unread, tools } }

impl Account {
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

    /// The number of a tool's name in this account.
    pub(crate) fn tool(&mut self, name: &str) -> u32 {
        let at = self.tools.iter().position(|known| known == name).unwrap_or_else(|| {
            self.tools.push(name.into());
            self.tools.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// The name behind a number.
    #[must_use]
    pub fn tool_name(&self, tool: u32) -> &str {
        usize::try_from(tool).ok().and_then(|at| self.tools.get(at)).map_or("?", String::as_str)
    }

    /// The next notice that was not read yet.
    pub fn poll(&mut self) -> Option<Notice> {
        let at = self.notices.len().checked_sub(self.unread)?;
        let notice = self.notices.get(at).copied()?;
        self.unread -= 1;
        Some(notice)
    }

    /// Every notice that is kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Notice> + '_ {
        self.notices.iter()
    }

    /// How many notices were dropped for want of room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A notice as one line for people.
    #[must_use]
    pub fn line(&self, session: &Session, notice: &Notice) -> String {
        let mut line = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_line(&mut line, session, notice);
        line
    }

    fn write_line(&self, out: &mut String, session: &Session, notice: &Notice) -> core::fmt::Result {
        if let Some(route) = notice.route {
            write!(out, "{}: ", session.route_name(route))?;
        }
        let after = |until: Instant| Seconds(until - notice.at);
        match notice.what {
            What::AttemptFailed { number, failure, next, delay } => {
                write!(out, "attempt {number} failed: {failure}; ")?;
                match next {
                    Follows::Again if delay.is_zero() => write!(out, "asking again at once"),
                    Follows::Again => write!(out, "asking again in {}", Seconds(delay)),
                    Follows::Rebuild => write!(out, "making its client again"),
                    Follows::MoveOn => write!(out, "moving on"),
                    Follows::Wait => write!(out, "waiting {} for a route", Seconds(delay)),
                    Follows::Other => write!(out, "the other one goes on"),
                    Follows::Stop => write!(out, "giving up"),
                }
            }
            What::Recovered { failed: 1 } => write!(out, "worked after 1 failed attempt"),
            What::Recovered { failed } => write!(out, "worked after {failed} failed attempts"),
            What::PassedOver { why, until } => {
                let reason = match why {
                    Skip::Breaker => "its breaker is open",
                    Skip::Isolated => "it was taken out by hand",
                    Skip::Cooling => "it rests",
                    Skip::Probing => "another call is testing it",
                    Skip::Activating => "others are still making its client",
                    Skip::SameDeployment => "it is the deployment that just failed",
                    Skip::ContextWindow => "its context window is too small",
                    Skip::NoCredential => "it has no credential",
                };
                write!(out, "passed over: {reason}")?;
                until.map_or(Ok(()), |until| write!(out, " for another {}", after(until)))
            }
            What::MovedOn => write!(out, "taking over"),
            What::Returned => write!(out, "back on it"),
            What::Hedged { after } => write!(out, "asked as well, after {} without an answer", Seconds(after)),
            What::HedgeWon => write!(out, "answered first"),
            What::NotReady => write!(out, "its client could not be made ready"),
            What::Rebuilt => write!(out, "its client was made again"),
            What::NotRebuilt => write!(out, "its client could not be made again"),
            What::BreakerOpened { scope, until } => write!(out, "breaker of the {scope} opened for {}", after(until)),
            What::BreakerClosed { scope } => write!(out, "breaker of the {scope} closed"),
            What::Cooling { scope, until, stated } => {
                let whose = if scope == Scoped::Limit { "its rate limit" } else { scope.name() };
                write!(out, "{whose} rests for {}", after(until))?;
                if stated { write!(out, ", as the provider asked") } else { Ok(()) }
            }
            What::Waiting { why, until } => write!(out, "waiting {} ({why})", after(until)),
            What::Replied { step, tool_calls: 0 } => write!(out, "step {step}: the model answered"),
            What::Replied { step, tool_calls: 1 } => write!(out, "step {step}: the model asked for 1 tool call"),
            What::Replied { step, tool_calls } => {
                write!(out, "step {step}: the model asked for {tool_calls} tool calls")
            }
            What::Asked { tool } => write!(out, "{}: needs approval", self.tool_name(tool)),
            What::Decided { tool, decision } => write!(out, "{}: decided: {decision}", self.tool_name(tool)),
            What::Tool { tool, outcome } => write!(out, "{}: {}", self.tool_name(tool), outcome.phrase()),
            What::LimitReached(limit) => write!(out, "limit reached: {limit}"),
            What::UsageUnknown => write!(out, "the model did not report its usage: totals are unknown from here on"),
            What::Finished(reason) => write!(out, "finished: {reason}"),
        }
    }
}
