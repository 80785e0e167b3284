//! Why something ended without a value: the sentences of errors, and the detail of a report.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::time::Duration;

use super::{Names, many};
use crate::command::{End, RouteId};
use crate::foreign;
use crate::notice::Skip;
use crate::outcome::ToolOutcome;
use crate::policy::failure::FailureKind;
use crate::policy::limits::Limit;
use crate::time::Seconds;
use crate::value::Spelling;

/// What there is to say about the end of a call or a turn.
pub(crate) struct Ending {
    pub(crate) end: End,
    /// The time from the beginning of the turn.
    pub(crate) took: Duration,
    /// Which routes failed how, and how often.
    pub(crate) failures: Vec<(Option<RouteId>, FailureKind, u32)>,
    /// The routes that no time makes usable; `None` is a client that could not be made ready.
    pub(crate) unusable: Vec<(RouteId, Option<Skip>)>,
    /// The limit in numbers, where it counts something.
    pub(crate) most: u32,
    /// Whether it is shared with other turns.
    pub(crate) is_shared: bool,
    /// The whole time of the turn; nothing for one that began when its time was over.
    pub(crate) deadline: Duration,
    /// After how long something may be asked again, and which route.
    pub(crate) again: Option<(Duration, Option<RouteId>)>,
}

/// Why a call or a turn ended, in one line with numbers: "gave up after 5 attempts in 41.2 s: primary rate_limited x3, backup
/// timed_out x2; primary may be asked again in 18 s". Empty after a success.
pub(crate) fn end(ending: &Ending, names: &dyn Names) -> String {
    let mut line = String::new();
    if ending.end != End::Succeeded {
        // Writing to a string cannot fail.
        let _ = write_end(&mut line, ending, names);
    }
    line
}

fn write_end(out: &mut String, ending: &Ending, names: &dyn Names) -> fmt::Result {
    let name = |route| foreign::name(names.route_name(route));
    let took = Seconds(ending.took);
    let failed = ending.failures.iter().map(|(_, _, times)| times).sum();
    match ending.end {
        End::Succeeded => {}
        End::Permanent => write!(out, "gave up, because asking again cannot help")?,
        End::Exhausted => write!(out, "gave up after {} in {took}", many(failed, "attempt"))?,
        End::NoRoute => write!(out, "no route can be asked")?,
        End::Cancelled => write!(out, "cancelled after {took}")?,
        End::Limit(Limit::Deadline) if ending.deadline.is_zero() => out.write_str(DEADLINE_PASSED)?,
        End::Limit(Limit::Deadline) => write!(out, "the deadline of {} has passed", Seconds(ending.deadline))?,
        End::Limit(Limit::SameFailure) => write!(out, "the same tool call failed {}", many(ending.most, "time"))?,
        End::Limit(limit) => {
            let noun = match limit {
                Limit::ToolCalls => "tool call",
                Limit::Attempts => "attempt",
                Limit::Tokens => "token",
                _ => "step",
            };
            let shared = if ending.is_shared { ", shared with other turns," } else { "" };
            write!(out, "the limit of {}{shared} is reached", many(ending.most, noun))?;
        }
    }
    let mut separator = ": ";
    for (route, kind, times) in &ending.failures {
        out.write_str(separator)?;
        separator = ", ";
        if let Some(route) = route {
            write!(out, "{} ", name(*route))?;
        }
        write!(out, "{kind}")?;
        if *times > 1 {
            write!(out, " x{times}")?;
        }
    }
    for (route, why) in &ending.unusable {
        let name = name(*route);
        out.write_str(separator)?;
        separator = ", ";
        match why {
            None => write!(out, "the client of {name} could not be made ready")?,
            Some(Skip::ContextWindow) => write!(out, "the context window of {name} is too small")?,
            Some(Skip::Isolated) => write!(out, "{name} is held open by a manual override")?,
            Some(_) => write!(out, "{name} has no credential")?,
        }
    }
    match ending.again {
        Some((after, Some(route))) => write!(out, "; {} may be asked again in {}", name(route), Seconds(after)),
        Some((after, None)) => write!(out, "; may be asked again in {}", Seconds(after)),
        None => Ok(()),
    }
}

/// Returns the sentence of the error for a tool call of a host's own loop that may not run.
#[must_use]
pub fn not_allowed(tool: &str, outcome: ToolOutcome) -> String {
    let tool = foreign::name(tool);
    match outcome {
        ToolOutcome::NoApprover => format!("{tool} may not run: it needs approval and there is no approver"),
        other => format!("{tool} may not run: {other}"),
    }
}

/// Returns the sentence of the error for a tool that a rule of the policy denies.
#[must_use]
pub fn denied_by_rule(tool: &str) -> String {
    format!("{} may not run: a rule of the policy denies it", foreign::name(tool))
}

/// Returns the sentence of the error for something that was given up on: after so long, or at a limit that is not known.
#[must_use]
pub fn given_up_on(what: &str, after: Option<Duration>) -> String {
    let what = foreign::name(what);
    match after {
        Some(after) => format!("{what} was given up on after {}", Seconds(after)),
        None => format!("{what} was given up on at its limit"),
    }
}

/// Returns the sentence of the error for a breaker that refuses, with the time until it may be asked again where it is known.
#[must_use]
pub fn breaker_open(retry_in: Option<Duration>) -> String {
    match retry_in {
        Some(retry_in) => format!("the breaker is open; it may be asked again in {}", Seconds(retry_in)),
        None => "the breaker is open".to_string(),
    }
}

/// Returns the sentence of the error for a step limiter that has no step left.
#[must_use]
pub fn steps_taken(max: u32) -> String {
    if max == 1 { "the one step is taken".to_string() } else { format!("all {max} steps are taken") }
}

/// The sentence of the error for a turn that has no step left for its host's own loop.
pub const NO_STEPS_LEFT: &str = "the turn has taken all its steps: the limit is turn.steps in the policy";
/// The sentence of the error for a turn that has no time left.
pub const DEADLINE_PASSED: &str = "the deadline of the turn has passed";
/// The sentence of the error for a reply that holds nothing that could be used.
pub const EMPTY_REPLY: &str = "the reply has neither an answer nor a tool call";
/// A stream ended early.
pub(crate) const STREAM_NOT_WHOLE: &str = "it ended without saying that it is whole";
/// A stream ended before it began.
pub(crate) const STREAM_EMPTY: &str = "it ended before anything of an answer came";

/// The provider, or the model, refuses to answer; `why` is its own text.
pub(crate) fn reply_refused(why: &str) -> String {
    format!("refused: {}", foreign::text(why))
}

/// A reply was cut at a limit of its length; `reason` is the provider's word.
pub(crate) fn reply_cut(reason: &str) -> String {
    format!("the answer was cut ({}): allow it more tokens", foreign::name(reason))
}

/// A reply may not be whole; `reason` is the provider's word for its end, if it gives one.
pub(crate) fn reply_not_whole(reason: Option<&str>) -> String {
    let why = "nothing says that the reply is whole";
    match reason {
        Some(reason) => format!("{why}: it ended with {}", foreign::name(reason)),
        None => format!("{why}: it gives no reason for its end"),
    }
}

/// The same for a stream of which chunks were skipped.
pub(crate) fn with_malformed(what: String, chunks: u32) -> String {
    if chunks == 0 { what } else { format!("{what}; {} could not be read", many(chunks, "chunk")) }
}

/// Returns the sentence of the error for a stream that did not bring a whole answer; `what` is what
/// [`Stream::end`](crate::stream::Stream::end) says.
#[must_use]
pub fn stream_failed(route: Option<&str>, what: &str) -> String {
    let what = foreign::text(what);
    match route {
        Some(route) => format!("the stream of {} failed: {what}", foreign::name(route)),
        None => format!("the stream failed: {what}"),
    }
}

/// Returns the sentence of the error for a request that was to bring a stream; `found` is the host's name for what it brought.
#[must_use]
pub fn no_stream(found: &str, spelling: Spelling) -> String {
    format!(
        "the request brought no stream of chunks but {}; bring something to iterate, such as an SDK's answer to {}",
        foreign::name(found),
        setting(spelling, "stream", "true")
    )
}

/// Returns the warning about a client that repeats requests by itself: how many that can make of one call. `retries` are those
/// of the client, `attempts` ours on a route. Around a plain function there is no route.
#[must_use]
pub fn multiplied(route: Option<&str>, retries: u32, attempts: u32, spelling: Spelling) -> String {
    let requests = retries.saturating_add(1);
    let route = route.map_or_else(String::new, |route| format!(" under route {}", foreign::name(route)));
    format!(
        "the client{route} retries {} by itself: up to {attempts} x {requests} = {} requests a call; switch its \
         retries off ({})",
        many(retries, "time"),
        attempts.saturating_mul(requests),
        setting(spelling, "max_retries", "0")
    )
}

/// An option with its value, as the host's language writes it.
fn setting(spelling: Spelling, option: &'static str, value: &str) -> String {
    let option = spelling.field(option, false);
    match (spelling, value) {
        (Spelling::JavaScript, _) => format!("{option}: {value}"),
        (Spelling::Python, "true") => format!("{option}=True"),
        _ => format!("{option}={value}"),
    }
}
