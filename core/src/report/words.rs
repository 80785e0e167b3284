//! What people and models are told, in the same words in every language.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;
use core::time::Duration;

use crate::account::{Skip, What};
use crate::command::{End, Id, RouteId, StopReason, Verdict};
use crate::policy::failure::FailureKind;
use crate::policy::limits::Limit;
use crate::route::Tool;
use crate::scope::{Context, Scope};
use crate::session::Session;
use crate::time::Seconds;
use crate::turn::ToolOutcome;

/// The longest piece of a tool's error that a model is shown, in characters.
const LONGEST_ERROR: usize = 2000;

/// What a model is told about a tool call that brought no result of its own.
pub(crate) fn sentence(outcome: ToolOutcome, name: &str, complaint: &str, tools: &[Tool]) -> Option<String> {
    Some(match outcome {
        ToolOutcome::Failed if !complaint.is_empty() => tool_failed(name, complaint),
        ToolOutcome::Ran | ToolOutcome::Failed => return None,
        ToolOutcome::OutcomeUnknown => format!(
            "The tool {name} was started and did not report back. It may or may not have taken effect, and it was not run \
             again. Find out before you rely on it or repeat it."
        ),
        ToolOutcome::Denied => format!("The tool {name} was not run: it was denied. Do not try it again."),
        ToolOutcome::Expired => format!("The tool {name} was not run: nobody approved it in time."),
        ToolOutcome::NoApprover => {
            format!("The tool {name} was not run: it needs a person's approval and nobody is there to give it.")
        }
        ToolOutcome::Withdrawn => format!("The tool {name} was not run: the request for approval was withdrawn."),
        ToolOutcome::UnknownTool => {
            let known: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
            format!("There is no tool named {}. The tools are: {known}.", shortened(name, 100))
        }
        ToolOutcome::BadArguments => format!("The tool {name} was not run: {}.", shortened(complaint, LONGEST_ERROR)),
        ToolOutcome::NotRun(limit) => {
            format!("The tool {name} was not run: the limit on {} is reached.", subject(limit))
        }
    })
}

/// What a model is told about a tool that ran and failed; `error` is the host's own text of the error, shortened here.
#[must_use]
pub fn tool_failed(name: &str, error: &str) -> String {
    format!("The tool {name} failed: {}", shortened(error, LONGEST_ERROR))
}

/// Why a tool call of a host's own loop may not run: the sentence of the error that it raises.
#[must_use]
pub fn not_allowed(tool: &str, outcome: ToolOutcome) -> String {
    match outcome {
        ToolOutcome::NoApprover => format!("{tool} may not run: it needs approval and there is no approver"),
        other => format!("{tool} may not run: {other}"),
    }
}

/// The same for a tool that a rule of the policy denies.
#[must_use]
pub fn denied_by_rule(tool: &str) -> String {
    format!("{tool} may not run: a rule of the policy denies it")
}

/// Something was given up on: after so long, or at a limit of which nothing more is known.
#[must_use]
pub fn given_up_on(what: &str, after: Option<Duration>) -> String {
    match after {
        Some(after) => format!("{what} was given up on after {}", Seconds(after)),
        None => format!("{what} was given up on at its limit"),
    }
}

/// A breaker refuses; when it may be asked again is told where it is known.
#[must_use]
pub fn breaker_open(retry_in: Option<Duration>) -> String {
    match retry_in {
        Some(retry_in) => format!("the breaker is open; it may be asked again in {}", Seconds(retry_in)),
        None => "the breaker is open".to_string(),
    }
}

/// A limiter of steps has none left.
#[must_use]
pub fn steps_taken(max: u32) -> String {
    if max == 1 { "the one step is taken".to_string() } else { format!("all {max} steps are taken") }
}

/// A turn has no step left for its host's own loop.
#[must_use]
pub fn no_steps_left() -> &'static str {
    "the turn has taken all its steps: the limit is turn.steps in the policy"
}

/// A turn has no time left.
#[must_use]
pub fn deadline_passed() -> &'static str {
    "the deadline of the turn has passed"
}

/// A provider's reply holds nothing that could be used.
#[must_use]
pub fn empty_reply() -> &'static str {
    "the reply has neither an answer nor a tool call"
}

/// What is wrong with a stream that ended early.
pub(crate) fn stream_not_whole() -> String {
    "it ended without saying that it is whole".to_string()
}

/// What is wrong with a stream that ended before it began.
pub(crate) fn stream_empty() -> String {
    "it ended before anything of an answer came".to_string()
}

/// The same, where chunks were passed over.
pub(crate) fn with_malformed(what: String, chunks: u32) -> String {
    if chunks == 0 { what } else { format!("{what}; {} could not be read", many(chunks, "chunk")) }
}

/// A stream did not bring a whole answer: the sentence of the error that a host raises. `what` is what
/// [`Stream::end`](crate::stream::Stream::end) says.
#[must_use]
pub fn stream_failed(route: Option<&str>, what: &str) -> String {
    match route {
        Some(route) => format!("the stream of {route} failed: {what}"),
        None => format!("the stream failed: {what}"),
    }
}

/// A request was to bring a stream and brought something else; `found` is the host's name for it.
#[must_use]
pub fn no_stream(found: &str) -> String {
    format!(
        "the request brought no stream of chunks but {found}; bring something to iterate, such as an SDK's answer to stream=true"
    )
}

/// Somebody under us repeats requests by himself: how many that can make of one call. `retries` are those of the client,
/// `attempts` ours on a route, `off` is how the host's language switches the client's off. Around a plain function there is
/// no route.
#[must_use]
pub fn multiplied(route: Option<&str>, retries: u32, attempts: u32, off: &str) -> String {
    let requests = retries.saturating_add(1);
    let route = route.map_or_else(String::new, |route| format!(" under route {route}"));
    format!(
        "the client{route} retries {} by itself: up to {attempts} x {requests} = {} requests a call; switch its \
         retries off ({off})",
        many(retries, "time"),
        attempts.saturating_mul(requests)
    )
}

fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_string(),
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
    }
}

/// What a user is told in place of an answer.
pub(crate) fn calm(reason: StopReason, detail: &str) -> Option<String> {
    let opening = match reason {
        StopReason::Answered => return None,
        StopReason::ModelUnavailable | StopReason::NoRoute => {
            "I cannot answer right now, because no model can be reached"
        }
        StopReason::Refused => "I cannot answer this, because the model's provider refused it",
        StopReason::Cancelled => "I was stopped before I could finish",
        StopReason::AwaitingApproval => "I am waiting for somebody to approve the next step",
        StopReason::Error => "I cannot answer this, because the request itself failed",
        _ => "I had to stop before I could finish",
    };
    let closing = match reason {
        StopReason::ModelUnavailable | StopReason::NoRoute => " Please try again later.",
        _ => "",
    };
    Some(if detail.is_empty() { format!("{opening}.{closing}") } else { format!("{opening}: {detail}.{closing}") })
}

const fn subject(limit: Limit) -> &'static str {
    match limit {
        Limit::Steps => "steps",
        Limit::ToolCalls => "tool calls",
        Limit::Attempts => "attempts",
        Limit::Tokens => "tokens",
        Limit::Deadline => "time",
        Limit::SameFailure => "repeated failures",
    }
}

/// Why a call ended, in one line with numbers: "gave up after 5 attempts in 41.2 s: primary rate_limited x3, ..".
#[must_use]
pub fn explain_call(session: &Session, scope: &Scope, call: Id, verdict: Verdict) -> String {
    let names = |route| session.route_name(route).to_string();
    explanation(scope, Some(call), verdict, &names, &session.policy.turn)
}

pub(crate) fn explain(cx: &Context<'_>, call: Option<Id>, verdict: Verdict) -> String {
    let names = |route| cx.live.route(route).map_or_else(|| "?".to_string(), |state| state.route.name.clone());
    explanation(cx.scope, call, verdict, &names, &cx.policy.turn)
}

fn explanation(
    scope: &Scope,
    call: Option<Id>,
    verdict: Verdict,
    names: &dyn Fn(RouteId) -> String,
    limits: &crate::policy::TurnLimits,
) -> String {
    let mut out = String::new();
    let failed = call.map_or_else(Vec::new, |call| failures_of(scope, call));
    let attempts: u32 = failed.iter().map(|(_, _, times)| times).sum();
    let spent = Seconds(scope.seen() - scope.started());
    // Writing to a string cannot fail.
    let _ = match verdict.end {
        End::Succeeded => return out,
        End::Permanent => write!(out, "gave up, because asking again cannot help"),
        End::Exhausted => write!(out, "gave up after {} in {spent}", many(attempts, "attempt")),
        End::NoRoute => write!(out, "no route can be asked"),
        End::Cancelled => write!(out, "cancelled after {spent}"),
        End::Limit(Limit::Steps) => write!(out, "the limit of {} is reached", many(limits.steps, "step")),
        End::Limit(limit @ (Limit::ToolCalls | Limit::Attempts | Limit::Tokens)) => {
            let (own, what) = match limit {
                Limit::ToolCalls => (scope.budget.limits.tool_calls, "tool call"),
                Limit::Attempts => (scope.budget.limits.attempts, "attempt"),
                _ => (scope.budget.limits.tokens, "token"),
            };
            match scope.budget.pool().and_then(|pool| pool.reached(limit)) {
                Some(most) => write!(out, "the limit of {}, shared with other turns, is reached", many(most, what)),
                None => write!(out, "the limit of {} is reached", many(own.unwrap_or(0), what)),
            }
        }
        End::Limit(Limit::Deadline) => {
            match scope.deadline().map_or(Duration::ZERO, |deadline| deadline - scope.started()) {
                // It began within a turn whose time was over.
                Duration::ZERO => write!(out, "{}", deadline_passed()),
                span => write!(out, "the deadline of {} has passed", Seconds(span)),
            }
        }
        End::Limit(Limit::SameFailure) => {
            write!(out, "the same tool call failed {}", many(limits.same_failure, "time"))
        }
    };
    for (at, (route, kind, times)) in failed.iter().enumerate() {
        let _ = out.write_str(if at == 0 { ": " } else { ", " });
        if let Some(route) = route {
            let _ = write!(out, "{} ", names(*route));
        }
        let _ = if *times == 1 { write!(out, "{kind}") } else { write!(out, "{kind} x{times}") };
    }
    if verdict.end == End::NoRoute && failed.is_empty() {
        for (at, (route, why)) in not_for_a_time(scope).iter().enumerate() {
            let _ = out.write_str(if at == 0 { ": " } else { ", " });
            let name = names(*route);
            let _ = match why {
                None => write!(out, "the client of {name} could not be made ready"),
                Some(Skip::ContextWindow) => write!(out, "the context window of {name} is too small"),
                Some(Skip::Isolated) => write!(out, "{name} was taken out by hand"),
                Some(_) => write!(out, "{name} has no credential"),
            };
        }
    }
    if let Some(at) = verdict.retry_at {
        let _ = write!(out, "; may be asked again in {}", Seconds(at - scope.seen()));
    }
    out
}

/// Which routes were not asked just now for what no time will change; without a reason to pass over one, its client was not there.
fn not_for_a_time(scope: &Scope) -> Vec<(RouteId, Option<Skip>)> {
    let mut routes: Vec<(RouteId, Option<Skip>)> = Vec::new();
    for notice in scope.account.iter().rev() {
        let why = match notice.what {
            What::PassedOver { why, .. } => Some(why),
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

fn failures_of(scope: &Scope, call: Id) -> Vec<(Option<RouteId>, FailureKind, u32)> {
    let mut tally: Vec<(Option<RouteId>, FailureKind, u32)> = Vec::new();
    for notice in scope.account.iter().filter(|notice| notice.call == call) {
        if let What::AttemptFailed { failure, .. } = notice.what {
            match tally.iter_mut().find(|(route, kind, _)| *route == notice.route && *kind == failure.kind) {
                Some((_, _, times)) => *times += 1,
                None => tally.push((notice.route, failure.kind, 1)),
            }
        }
    }
    tally
}

fn many(count: u32, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::span;

    #[test]
    fn sentences_have_numbers_with_units() {
        assert_eq!(given_up_on("fetch", Some(span(2500))), "fetch was given up on after 2.5 s");
        assert_eq!(given_up_on("the model", None), "the model was given up on at its limit");
        assert_eq!(breaker_open(Some(span(5000))), "the breaker is open; it may be asked again in 5 s");
        assert_eq!(steps_taken(3), "all 3 steps are taken");
        let off = "max_retries=0";
        let told = "the client under route primary retries 2 times by itself: up to 3 x 3 = 9 requests a call; switch its retries \
                    off (max_retries=0)";
        assert_eq!(multiplied(Some("primary"), 2, 3, off), told);
        assert_eq!(multiplied(None, 2, 3, off), told.replace(" under route primary", ""));
        assert!(multiplied(None, u32::MAX, 3, off).contains("= 4294967295 requests"));
        assert_eq!(stream_failed(Some("primary"), "it broke"), "the stream of primary failed: it broke");
        assert_eq!(stream_failed(None, "it broke"), "the stream failed: it broke");
    }
}
