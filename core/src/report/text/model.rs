//! What models are told about tool calls, and what a user is told in place of an answer.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::command::StopReason;
use crate::foreign;
use crate::outcome::ToolOutcome;
use crate::policy::limits::Limit;

/// The longest piece of a tool's error that a model is shown, in characters: what people read would be too short to learn from.
const LONGEST_ERROR: usize = 2000;

/// What a model is told about a tool call that brought no result of its own; `tools` are the names of those there are.
pub(crate) fn tool_ended<'a>(
    outcome: ToolOutcome,
    name: &str,
    complaint: &str,
    tools: impl Iterator<Item = &'a str>,
) -> Option<String> {
    let tool = foreign::name(name);
    Some(match outcome {
        ToolOutcome::Failed if !complaint.is_empty() => tool_failed(name, complaint),
        ToolOutcome::Ran | ToolOutcome::Failed => return None,
        ToolOutcome::OutcomeUnknown => format!(
            "The tool {tool} was started and did not report back. It may or may not have taken effect, and it was not run \
             again. Find out before you rely on it or repeat it."
        ),
        ToolOutcome::Denied => format!("The tool {tool} was not run: it was denied. Do not try it again."),
        ToolOutcome::Expired => format!("The tool {tool} was not run: nobody approved it in time."),
        ToolOutcome::NoApprover => {
            format!("The tool {tool} was not run: it needs a person's approval and nobody is there to give it.")
        }
        ToolOutcome::Withdrawn => format!("The tool {tool} was not run: the request for approval was withdrawn."),
        ToolOutcome::UnknownTool => {
            let known: Vec<String> = tools.map(|known| foreign::name(known).to_string()).collect();
            let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
            format!("There is no tool named {tool}. The tools are: {known}.")
        }
        ToolOutcome::BadArguments => {
            format!("The tool {tool} was not run: {}.", foreign::up_to(LONGEST_ERROR, complaint))
        }
        ToolOutcome::NotRun(limit) => {
            format!("The tool {tool} was not run: the limit on {} is reached.", subject(limit))
        }
    })
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

/// Returns what a model is told about a tool that ran and failed; `error` is the host's own text of the error, cut at 2000
/// characters.
#[must_use]
pub fn tool_failed(name: &str, error: &str) -> String {
    format!("The tool {} failed: {}", foreign::name(name), foreign::up_to(LONGEST_ERROR, error))
}

/// The degraded answer: what a user is told in place of an answer. `detail` says why, and may be empty.
pub(crate) fn degraded_answer(reason: StopReason, detail: &str) -> Option<String> {
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
