//! What one turn may use up before it is stopped.

use core::time::Duration;

use crate::data::LIMITS;
use crate::names::named;
use crate::stored::{fields, stored};

fields! {
    /// The limits of one turn. Each ends the turn with a `stop_reason` of its own, never with an exception.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct TurnLimits {
        /// How long the whole turn may take by the wall clock: waits, rebuilds and tools included, people excluded. Default: none.
        deadline: Option<Duration> = None, LIMITS;
        /// How many model requests the agent loop makes at most, exactly. 1 to 100,000, default 10.
        steps: u32 = 10, 1..=100_000;
        /// How many tool calls the turn makes at most. Default: none.
        tool_calls: Option<u32> = None, 1..=1_000_000;
        /// How many attempts all calls of the turn make together at most. Default: none.
        attempts: Option<u32> = None, 1..=1_000_000;
        /// How many tokens the turn uses at most, as the models report them; of failed attempts those that are known to have been used. Default: none.
        tokens: Option<u32> = None, 1..=u32::MAX;
        /// Whether a token limit stops the turn when a model does not report its usage. Default: false, it passes with a notice.
        strict: bool = false;
        /// How often the same tool call fails before the turn is stopped. Default 3.
        same_failure: u32 = 3, 1..=1000;
        /// Whether the last step is asked without tools, for an answer from what is there. Default false.
        final_answer: bool = false;
    }
}

/// The number of the next step, if `most` allows one more: exactly `most` steps are taken.
#[must_use]
pub const fn next_step(taken: u32, most: u32) -> Option<u32> {
    if taken < most { Some(taken + 1) } else { None }
}

named! {
    /// A limit that was reached.
    pub enum Limit {
        /// `turn.steps`.
        Steps = "steps",
        /// `turn.tool_calls`.
        ToolCalls = "tool_calls",
        /// `turn.attempts`.
        Attempts = "attempts",
        /// `turn.tokens`.
        Tokens = "tokens",
        /// `turn.deadline`.
        Deadline = "deadline",
        /// `turn.same_failure`.
        SameFailure = "same_failure",
    }
}

/// What a model reported to have used; unknown stays unknown, it is never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
}

stored! { Usage { input_tokens, output_tokens } }

impl Usage {
    /// Nothing at all, which is known.
    pub const NOTHING: Self = Self { input_tokens: Some(0), output_tokens: Some(0) };

    /// Both together, or `None` if either is unknown.
    #[must_use]
    pub fn total(self) -> Option<u64> {
        Some(self.input_tokens?.saturating_add(self.output_tokens?))
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        let add = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
        Self {
            input_tokens: add(self.input_tokens, other.input_tokens),
            output_tokens: add(self.output_tokens, other.output_tokens),
        }
    }
}

/// What several requests used together: unknown as soon as one of them is, with the parts that are known counted all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) usage: Usage,
    /// Tokens of the parts that are known.
    pub(crate) known: u64,
}

stored! { Tally { usage, known } }

impl Tally {
    pub(crate) const NOTHING: Self = Self { usage: Usage::NOTHING, known: 0 };

    pub(crate) fn add(&mut self, usage: Usage) {
        self.usage = self.usage.plus(usage);
        let parts = [usage.input_tokens, usage.output_tokens];
        self.known = parts.into_iter().flatten().fold(self.known, u64::saturating_add);
    }
}

#[cfg(test)]
mod tests;
