//! What a stream of chunks comes to: when it has made progress, when it may be left, and whether it was whole.
//!
//! The host says what each chunk holds and judges nothing. A partial answer is never continued: a stream that broke is asked for
//! again from the beginning, or not at all ([`Call::streaming`](crate::Call::streaming)).

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use core::time::Duration;

use crate::classify::judge_finish;
use crate::names::named;
use crate::policy::failure::{FailureKind, Phase};
use crate::text;
use crate::time::span;

/// How long a stream whose end is known is read on for the usage that is still to come.
pub const TAIL: Duration = span(500);

/// How long a source that has said all is read on: if it ends by itself, its connection can be used again.
pub const LINGER: Duration = span(100);

/// The longest refusal that is kept, in bytes: it is told to people.
const LONGEST_REFUSAL: usize = 2000;

/// What one chunk holds. A chunk that holds none of it (the role alone, a keep-alive, blank text) is taken all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chunk<'a> {
    /// Text of the answer that is not blank.
    pub text: bool,
    /// A tool call, or a part of one.
    pub tool_call: bool,
    /// Reasoning.
    pub reasoning: bool,
    /// The provider's reason for its end (`finish_reason`, `stop_reason`).
    pub finish: Option<&'a str>,
    /// A part of a refusal.
    pub refusal: Option<&'a str>,
    /// Usage.
    pub usage: bool,
    /// The mark after which nothing comes (`[DONE]`, `message_stop`).
    pub terminator: bool,
    /// It could not be read.
    pub malformed: bool,
    /// Content of a kind whose end cannot be known: any chunk that is no provider's.
    pub other: bool,
}

named! {
    /// What a chunk was.
    pub enum Seen {
        /// No part of an answer.
        Nothing = "nothing",
        /// A part of the answer: to be reported as meaningful progress.
        Progress = "progress",
        /// The answer is there and its usage is not: read on for at most [`TAIL`].
        Finished = "finished",
        /// Read no further.
        Done = "done",
    }
}

/// A stream while it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    course: Course,
    finish: Option<String>,
    refusal: String,
}

/// Where a stream stands, without its words: one number, for hosts that keep it on their side of a border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Course(u32);

const ACCEPT_CUT: u32 = 1;
const WANTS_USAGE: u32 = 1 << 1;
/// Chunks came of a shape that says when it is whole.
const KNOWN: u32 = 1 << 2;
const OTHER: u32 = 1 << 3;
const PROGRESS: u32 = 1 << 4;
const FINISHED: u32 = 1 << 5;
const USAGE: u32 = 1 << 6;
const TERMINATED: u32 = 1 << 7;
/// From here on the malformed chunks are counted, up to [`MOST`].
const COUNT: u32 = 8;
const MOST: u32 = 0xffff;

impl Stream {
    /// A stream of which nothing was read. `accept_cut`: half an answer is welcome where the provider says that it cut it.
    /// `wants_usage`: the provider was asked for the usage, so it is worth waiting for.
    #[must_use]
    pub const fn new(accept_cut: bool, wants_usage: bool) -> Self {
        Self { course: Course::new(accept_cut, wants_usage), finish: None, refusal: String::new() }
    }

    /// Takes the next chunk. `Finished` and `Done` are said of chunks that are parts of the answer, too: then
    /// [`Stream::has_progressed`] knows.
    pub fn take(&mut self, chunk: &Chunk<'_>) -> Seen {
        if let Some(reason) = chunk.finish.filter(|reason| !reason.is_empty()) {
            self.finish = Some(reason.to_owned());
        }
        if let Some(part) = chunk.refusal.filter(|_| self.refusal.len() < LONGEST_REFUSAL) {
            self.refusal.push_str(part);
        }
        self.course.take(chunk)
    }

    /// Nothing more comes, or nothing more is read: why what came may not be taken for a whole answer, with a sentence for
    /// people; `None` if it may.
    #[must_use]
    pub fn end(&self) -> Option<(FailureKind, String)> {
        self.course.end(self.finish.as_deref(), Some(&self.refusal))
    }

    /// How far it has come: what an error that is met while it is read is to be classified with.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.course.phase()
    }

    /// Whether a part of the answer has come.
    #[must_use]
    pub const fn has_progressed(&self) -> bool {
        self.course.is(PROGRESS)
    }
}

impl Course {
    /// See [`Stream::new`].
    #[must_use]
    pub const fn new(accept_cut: bool, wants_usage: bool) -> Self {
        Self(if accept_cut { ACCEPT_CUT } else { 0 } | if wants_usage { WANTS_USAGE } else { 0 })
    }

    /// From the number that [`Course::number`] gave.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// As a number below 2^24.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    const fn is(self, what: u32) -> bool {
        self.0 & what != 0
    }

    /// See [`Stream::take`]; of the chunk's words only whether they are there counts.
    pub fn take(&mut self, chunk: &Chunk<'_>) -> Seen {
        let said = |word: Option<&str>| word.is_some_and(|word| !word.is_empty());
        let (finished, refused) = (said(chunk.finish), said(chunk.refusal));
        let part = chunk.text || chunk.tool_call || chunk.reasoning;
        let progress = part || chunk.other;
        for (holds, what) in [
            (part || finished || refused || chunk.usage, KNOWN),
            (chunk.other, OTHER),
            (progress, PROGRESS),
            (finished, FINISHED),
            (chunk.usage, USAGE),
            (chunk.terminator, TERMINATED),
        ] {
            if holds {
                self.0 |= what;
            }
        }
        if chunk.malformed && self.malformed() < MOST {
            self.0 += 1 << COUNT;
        }
        let enough = self.is(USAGE) || !self.is(WANTS_USAGE);
        match self.is(FINISHED) {
            _ if self.is(TERMINATED) => Seen::Done,
            true if enough => Seen::Done,
            true => Seen::Finished,
            false if progress => Seen::Progress,
            false => Seen::Nothing,
        }
    }

    /// See [`Stream::end`]; the words are the last reason for its end, and the whole refusal.
    #[must_use]
    pub fn end(self, finish: Option<&str>, refusal: Option<&str>) -> Option<(FailureKind, String)> {
        let (refused, reason) = (refusal.is_some_and(|text| !text.is_empty()), finish.filter(|_| self.is(FINISHED)));
        let (kind, what) = if reason.is_some() || refused {
            judge_finish(reason, refusal, self.is(ACCEPT_CUT))?
        } else if self.is(OTHER) && !self.is(KNOWN) {
            return None;
        } else if self.is(PROGRESS) {
            (FailureKind::StreamBroken, text::STREAM_NOT_WHOLE.to_string())
        } else {
            (FailureKind::Malformed, text::STREAM_EMPTY.to_string())
        };
        Some((kind, text::with_malformed(what, self.malformed())))
    }

    /// See [`Stream::phase`].
    #[must_use]
    pub const fn phase(self) -> Phase {
        if self.is(PROGRESS) { Phase::Idle } else { Phase::FirstProgress }
    }

    const fn malformed(self) -> u32 {
        self.0 >> COUNT
    }
}

#[cfg(test)]
mod tests;
