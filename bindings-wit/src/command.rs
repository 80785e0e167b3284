//! Commands for the host, events from it.

use failsoft::command::{Command, Event, KeySource, Reply, Risk, ToolCall};
use failsoft::policy::approval;
use failsoft::policy::limits::Usage;
use failsoft::{Attempt, End, ToolOutcome, Verdict, Work};

use crate::convert::{bounded, failure_in, failure_out, instant, ms};
use crate::wit;

/// A command for the host; `message` is asked for only at the end.
pub(crate) fn command(command: Command, message: impl FnOnce(Verdict) -> String) -> wit::Command {
    match command {
        Command::Attempt(attempt) => wit::Command::Attempt(attempt_out(&attempt)),
        Command::Wait { id, delay, until, why } => wit::Command::Wait(wit::Wait {
            id,
            delay: until.known().and_then(|_| bounded(delay)),
            until: instant(until),
            why: why.into(),
        }),
        Command::Switch { id, route, until, why } => {
            wit::Command::Switch(wit::Switch { id, route: route.0, until: instant(until), why: why.into() })
        }
        Command::Rebuild { id, route, client, until } => {
            wit::Command::Rebuild(wit::Rebuild { id, route: route.0, client, until: instant(until) })
        }
        Command::AskApproval { id, index, digest, until } => {
            let digest = digest.to_string();
            wit::Command::AskApproval(wit::AskApproval { id, index, digest, until: instant(until) })
        }
        Command::Cancel { id, why } => wit::Command::Cancel(wit::Cancel { id, why: why.into() }),
        Command::Finish(verdict) => wit::Command::Finish(wit::Finish {
            end: end(verdict.end),
            stop_reason: verdict.stop_reason().into(),
            failure: verdict.failure.map(failure_out),
            retry_at: verdict.retry_at.and_then(instant),
            message: message(verdict),
        }),
    }
}

/// One request to make.
pub(crate) fn attempt_out(attempt: &Attempt) -> wit::Attempt {
    wit::Attempt {
        id: attempt.id,
        route: attempt.route.map(|route| route.0),
        client: attempt.client,
        work: match attempt.work {
            Work::Model { step, with_tools } => wit::Work::Model(wit::ModelRequest { step, with_tools }),
            Work::Tool { index } => wit::Work::Tool(index),
            Work::Function => wit::Work::Function,
        },
        number: attempt.number,
        timeout: bounded(attempt.timeout),
        until: instant(attempt.until),
        first_progress: attempt.first_progress.map(ms),
        idle: attempt.idle.map(ms),
        key: key_source(attempt.key),
    }
}

fn key_source(source: KeySource) -> wit::KeySource {
    let [first, second, rest] = source.to_words();
    wit::KeySource { first, second, rest }
}

fn end(end: End) -> wit::End {
    match end {
        End::Succeeded => wit::End::Succeeded,
        End::Permanent => wit::End::Permanent,
        End::Exhausted => wit::End::Exhausted,
        End::NoRoute => wit::End::NoRoute,
        End::Limit(limit) => wit::End::Limit(limit.into()),
        End::Cancelled => wit::End::Cancelled,
    }
}

/// What became of a tool call.
pub(crate) fn outcome(outcome: ToolOutcome) -> wit::Outcome {
    match outcome {
        ToolOutcome::Ran => wit::Outcome::Ran,
        ToolOutcome::Failed => wit::Outcome::Failed,
        ToolOutcome::OutcomeUnknown => wit::Outcome::OutcomeUnknown,
        ToolOutcome::Denied => wit::Outcome::Denied,
        ToolOutcome::Expired => wit::Outcome::Expired,
        ToolOutcome::NoApprover => wit::Outcome::NoApprover,
        ToolOutcome::Withdrawn => wit::Outcome::Withdrawn,
        ToolOutcome::UnknownTool => wit::Outcome::UnknownTool,
        ToolOutcome::BadArguments => wit::Outcome::BadArguments,
        ToolOutcome::NotRun(limit) => wit::Outcome::NotRun(limit.into()),
    }
}

/// Tells the machine what happened; an approval of something that has no digest is stale.
pub(crate) fn tell(event: wit::Event, handle: impl FnOnce(Event<'_>) -> bool) -> bool {
    let event = match event {
        wit::Event::Taken(id) => Event::Taken(id),
        wit::Event::Succeeded(id) => Event::Succeeded(id),
        wit::Event::Replied(replied) => return tell_reply(replied, handle),
        wit::Event::Failed(failed) => {
            Event::Failed { id: failed.id, failure: failure_in(failed.failure), spent: failed.spent.map(usage_in) }
        }
        wit::Event::Progress(progress) => {
            Event::Progress { id: progress.id, meaningful: progress.meaningful, usage: progress.usage.map(usage_in) }
        }
        wit::Event::Waited(id) => Event::Waited(id),
        wit::Event::Ready(id) => Event::Ready(id),
        wit::Event::NotReady(id) => Event::NotReady(id),
        wit::Event::Decided(decided) => match approval::Digest::from_hex(&decided.digest) {
            Some(digest) => Event::Decided { id: decided.id, decision: decided.decision.into(), digest },
            None => return false,
        },
        wit::Event::Abandoned(id) => Event::Abandoned(id),
        wit::Event::Interrupted => Event::Interrupted,
    };
    handle(event)
}

fn usage_in(usage: wit::Usage) -> Usage {
    Usage { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens }
}

/// What was used.
pub(crate) fn usage_out(usage: Usage) -> wit::Usage {
    wit::Usage { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens }
}

fn tell_reply(wit::Replied { id, reply, usage }: wit::Replied, handle: impl FnOnce(Event<'_>) -> bool) -> bool {
    let usage = usage_in(usage);
    let calls = match reply {
        wit::Reply::Answer => return handle(Event::Replied { id, reply: Reply::Answer, usage }),
        wit::Reply::Nothing => return handle(Event::Replied { id, reply: Reply::Nothing, usage }),
        wit::Reply::ToolCalls(calls) => calls,
    };
    let read: Vec<_> = calls.iter().map(|call| arguments(&call.name, &call.arguments)).collect();
    let rows: Vec<ToolCall<'_>> = calls
        .iter()
        .zip(&read)
        .map(|(call, arguments)| ToolCall {
            name: &call.name,
            arguments: arguments.as_ref().map(|digest| *digest).map_err(String::as_str),
            risky: match call.risky {
                wit::Risk::Declared => Risk::Declared,
                wit::Risk::Said(said) => Risk::Said(said),
                wit::Risk::Unknown => Risk::Unknown,
            },
        })
        .collect();
    handle(Event::Replied { id, reply: Reply::ToolCalls(&rows), usage })
}

fn arguments(tool: &str, arguments: &wit::Arguments) -> Result<approval::Digest, String> {
    match arguments {
        wit::Arguments::Json(text) => approval::digest(tool, text),
        wit::Arguments::Digest(hex) => {
            approval::Digest::from_hex(hex).ok_or_else(|| "the arguments have no digest".into())
        }
        wit::Arguments::Complaint(complaint) => Err(complaint.clone()),
    }
}
