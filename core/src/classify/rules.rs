//! What the table is: rules and conditions, as small numbers over one list of words.
//!
//! `rules.json` is the table for people; `cargo xtask rules` writes `table.rs` from it. A rule names the run of conditions
//! that it asks, a condition the run of words of which one is enough. Numbers of two bytes in place of slices of texts: in a
//! module for browsers the table would else weigh half as much again.

use super::table::{CONDITIONS, COUNT, RULES, WORDS};
use crate::names::named;
use crate::policy::failure::{Effect, FailureKind, Phase};

named! {
    /// What a condition looks at. Asked in this order: what is quickly told comes first.
    pub enum On {
        /// The HTTP status, by number (`429`) or by the hundred (`5xx`).
        Status = "status",
        /// How far the attempt had come, as the host knows it.
        Phase = "phase",
        /// The provider's name, as the host has it.
        Provider = "provider",
        /// A word of the provider, whole, in any case; `*` at either end stands for anything.
        Code = "code",
        /// The telling class.
        Class = "class",
        /// A header, `name: value`, the value in any case; `*` at either end stands for anything.
        Header = "header",
        /// A key anywhere in the body, in any case.
        Field = "field",
        /// Within the message or a text of the body, from the beginning of a word, in any case.
        Phrase = "phrase",
    }
}

/// A rule of the table.
#[derive(Debug)]
pub(super) struct Rule {
    name: u16,
    begin: u16,
    when: u8,
    unless: u8,
    /// Of classes, only those of the exception itself count and not those of its causes.
    pub(super) own: bool,
    pub(super) kind: FailureKind,
    pub(super) phase: Option<Phase>,
    pub(super) effect: Effect,
    /// `retry_after` and `reset_after` in seconds, where the provider stated no time; 0 is none.
    pub(super) times: [u32; 2],
}

/// A condition of the table. Neighbours that look at the same thing are one condition with the words of both.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) on: On,
    pub(super) run: Run,
}

/// Words of the table that follow each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) first: u16,
    count: u16,
}

impl Rule {
    pub(super) const fn new(name: u16, kind: FailureKind, begin: u16, when: u8, unless: u8, times: [u32; 2]) -> Self {
        let (phase, effect) = (None, Effect::Possible);
        Self { name, begin, when, unless, own: false, kind, phase, effect, times }
    }

    /// Only the exception's own classes count.
    pub(super) const fn own(mut self) -> Self {
        self.own = true;
        self
    }

    /// It happened in this phase.
    pub(super) const fn at(mut self, phase: Phase) -> Self {
        self.phase = Some(phase);
        self
    }

    /// Nothing was sent.
    pub(super) const fn unsent(mut self) -> Self {
        self.effect = Effect::None;
        self
    }

    pub(super) fn name(&self) -> &'static str {
        word(self.name)
    }

    /// What must hold, all of it.
    pub(super) fn when(&self) -> &'static [Condition] {
        conditions(self.begin.into(), self.when.into())
    }

    /// What must not hold, none of it.
    pub(super) fn unless(&self) -> &'static [Condition] {
        conditions(usize::from(self.begin) + usize::from(self.when), self.unless.into())
    }
}

impl Condition {
    pub(super) const fn new(on: On, first: u16, count: u16) -> Self {
        Self { on, run: Run::new(first, count) }
    }
}

impl Run {
    pub(super) const fn new(first: u16, count: u16) -> Self {
        Self { first, count }
    }

    pub(super) fn words(self) -> impl Iterator<Item = &'static str> {
        self.places().map(word)
    }

    pub(super) fn contains(self, word: &str) -> bool {
        self.words().any(|known| known == word)
    }

    pub(super) const fn len(self) -> usize {
        self.count as usize
    }

    /// The places of its words in the table.
    pub(super) fn places(self) -> core::ops::Range<u16> {
        self.first..self.first.saturating_add(self.count)
    }
}

/// Whether the table has a rule of this name.
pub(crate) fn is_known(name: &str) -> bool {
    RULES.iter().any(|rule| rule.name() == name)
}

fn conditions(begin: usize, count: usize) -> &'static [Condition] {
    CONDITIONS.get(begin..begin + count).unwrap_or_default()
}

/// The word at this place of the table.
pub(super) fn word(place: u16) -> &'static str {
    let end = |place: u16| ENDS.get(usize::from(place)).copied().unwrap_or(0);
    let begin = place.checked_sub(1).map_or(0, |before| usize::from(end(before)) + 1);
    WORDS.get(begin..usize::from(end(place))).unwrap_or_default()
}

/// Where each word ends: before its line feed.
pub(super) const ENDS: &[u16; COUNT] = &ends();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "at compile time")]
const fn ends() -> [u16; COUNT] {
    let (text, mut found, mut place, mut at) = (WORDS.as_bytes(), [0; COUNT], 0, 0);
    while at < text.len() {
        if text[at] == b'\n' {
            found[place] = at as u16;
            place += 1;
        }
        at += 1;
    }
    assert!(place == COUNT, "the words are not as many as were counted");
    found
}

#[cfg(test)]
mod tests;
