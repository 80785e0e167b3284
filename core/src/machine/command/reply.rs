//! What a model brought, and what may be taken for it.

use crate::names::named;
use crate::policy::approval::Digest;

/// What a model brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply<'a> {
    /// An answer; the host keeps it.
    Answer,
    /// Tool calls, in the model's order.
    ToolCalls(&'a [ToolCall<'a>]),
    /// Neither: a malformed reply.
    Nothing,
}

impl<'a> Reply<'a> {
    /// A reply of this kind; only tool calls have use for `calls`.
    #[must_use]
    pub const fn new(kind: ReplyKind, calls: &'a [ToolCall<'a>]) -> Self {
        match kind {
            ReplyKind::Answer => Self::Answer,
            ReplyKind::ToolCalls => Self::ToolCalls(calls),
            ReplyKind::Nothing => Self::Nothing,
        }
    }
}

named! {
    /// Which of its parts a reply is taken for.
    pub enum ReplyKind {
        /// The answer: the turn ends with it.
        Answer = "answer",
        /// The tool calls; text beside them is kept, and is not the answer.
        ToolCalls = "tool_calls",
        /// Neither: a malformed reply.
        Nothing = "nothing",
    }
}

impl ReplyKind {
    /// What a reply with this text and so many tool calls is: tool calls come before text, and blank text is no answer.
    #[must_use]
    pub fn read(answer: &str, calls: usize) -> Self {
        if calls > 0 {
            Self::ToolCalls
        } else if answer.chars().all(char::is_whitespace) {
            Self::Nothing
        } else {
            Self::Answer
        }
    }
}

/// One tool call that a model asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolCall<'a> {
    /// The tool's name as the model wrote it.
    pub name: &'a str,
    /// The digest of its arguments, or what is wrong with them.
    pub arguments: Result<Digest, &'a str>,
    /// The host's word on whether this very call is risky.
    pub risky: Risk,
}

/// Whether one tool call is risky, as far as the host can tell (a predicate over the arguments).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Risk {
    /// The host has no word on this very call: what the tool was declared to be counts.
    #[default]
    Declared,
    /// The host's word on this very call; it outweighs the declaration.
    Said(bool),
    /// The host was to say and could not (its predicate failed), which is not a no.
    Unknown,
}

impl Risk {
    /// Whether the call is risky; `declared` is what its tool was declared to be.
    #[must_use]
    pub const fn is_risky(self, declared: bool) -> bool {
        match self {
            Self::Declared => declared,
            Self::Said(risky) => risky,
            Self::Unknown => true,
        }
    }
}

#[cfg(test)]
mod tests;
