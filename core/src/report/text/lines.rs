//! The line of a notice, for logs.

use alloc::string::String;
use core::fmt::{self, Write as _};

use super::{Names, many};
use crate::foreign;
use crate::notice::{Follows, Notice, Scoped, Skip, What};
use crate::outcome::ToolOutcome;
use crate::time::{Instant, Seconds};

/// A notice as one line; `tool` names the tools.
pub(crate) fn line<'a>(notice: &Notice, names: &dyn Names, tool: &dyn Fn(u32) -> &'a str) -> String {
    let mut line = String::new();
    // Writing to a string cannot fail.
    let _ = write_line(&mut line, notice, names, tool);
    line
}

fn write_line<'a>(out: &mut String, notice: &Notice, names: &dyn Names, tool: &dyn Fn(u32) -> &'a str) -> fmt::Result {
    let after = |until: Instant| Seconds(until - notice.at);
    let tool = |number| foreign::name(tool(number));
    match notice.route {
        Some(route) if notice.what == What::Returned => {
            return write!(out, "returned to {}", foreign::name(names.route_name(route)));
        }
        Some(route) => write!(out, "{}: ", foreign::name(names.route_name(route)))?,
        None => {}
    }
    match notice.what {
        What::AttemptFailed { number, failure, next, delay } => {
            write!(out, "attempt {number} failed: {failure}; ")?;
            match next {
                Follows::Again if delay.is_zero() => write!(out, "asking again at once"),
                Follows::Again => write!(out, "asking again in {}", Seconds(delay)),
                Follows::Rebuild => write!(out, "making its client again"),
                Follows::MoveOn => write!(out, "moving on"),
                Follows::Wait => write!(out, "waiting {} for a route", Seconds(delay)),
                Follows::Hedge => write!(out, "hedge continues"),
                Follows::First => write!(out, "first attempt continues"),
                Follows::Stop => write!(out, "giving up"),
            }
        }
        What::Recovered { failed } => write!(out, "succeeded after {}", many(failed, "failed attempt")),
        What::Skipped { why, until, kind } => {
            write!(out, "skipped, {}", skipped(why))?;
            if let Some(until) = until {
                write!(out, " for another {}", after(until))?;
            }
            kind.map_or(Ok(()), |kind| write!(out, " ({kind})"))
        }
        What::MovedOn => write!(out, "taking over"),
        // Its route is gone.
        What::Returned => write!(out, "returned to the primary"),
        What::Hedged { after } => write!(out, "asked as a hedge, after {} without an answer", Seconds(after)),
        What::HedgeWon => write!(out, "hedge answered first"),
        What::NotReady => write!(out, "its client could not be made ready"),
        What::Rebuilt => write!(out, "its client was made again"),
        What::NotRebuilt => write!(out, "its client could not be made again"),
        What::BreakerOpened { scope, until } => write!(out, "breaker of the {scope} opened for {}", after(until)),
        What::BreakerClosed { scope } => write!(out, "breaker of the {scope} closed"),
        What::Cooldown { scope, until, stated } => {
            let whose = if scope == Scoped::Limit { "rate limit" } else { scope.name() };
            write!(out, "{whose} in cooldown for {}", after(until))?;
            if stated { write!(out, ", as the provider asked") } else { Ok(()) }
        }
        What::Waiting { why, until } => write!(out, "waiting {} ({why})", after(until)),
        What::Replied { step, tool_calls: 0 } => write!(out, "step {step}: the model answered"),
        What::Replied { step, tool_calls } => {
            write!(out, "step {step}: the model asked for {}", many(tool_calls, "tool call"))
        }
        What::ApprovalAsked { tool: number } => write!(out, "{}: needs approval", tool(number)),
        What::Decided { tool: number, decision } => write!(out, "{}: decided: {decision}", tool(number)),
        What::Tool { tool: number, outcome } => write!(out, "{}: {}", tool(number), ended(outcome)),
        What::LimitReached(limit) => write!(out, "limit reached: {limit}"),
        What::UsageUnknown => write!(out, "the model did not report its usage: totals are unknown from here on"),
        What::Finished(reason) => write!(out, "finished: {reason}"),
    }
}

const fn skipped(why: Skip) -> &'static str {
    match why {
        Skip::Breaker => "breaker open",
        Skip::Isolated => "held open by a manual override",
        Skip::Cooldown => "in cooldown",
        Skip::Probing => "another call is the half-open probe",
        Skip::Activating => "other calls are still making its client",
        Skip::SameDeployment => "it is the deployment that just failed",
        Skip::ContextWindow => "its context window is too small",
        Skip::NoCredential => "it has no credential",
    }
}

const fn ended(outcome: ToolOutcome) -> &'static str {
    match outcome {
        ToolOutcome::Ran => "ran",
        ToolOutcome::Failed => "failed",
        ToolOutcome::OutcomeUnknown => "outcome unknown, not run again",
        ToolOutcome::Denied => "not run: denied",
        ToolOutcome::Expired => "not run: nobody decided in time",
        ToolOutcome::NoApprover => "not run: there is no approver",
        ToolOutcome::Withdrawn => "not run: the request for approval was withdrawn",
        ToolOutcome::UnknownTool => "not run: there is no such tool",
        ToolOutcome::BadArguments => "not run: bad arguments",
        ToolOutcome::NotRun(_) => "not run: a limit was reached",
    }
}
