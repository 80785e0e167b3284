//! Which of the table's phrases a text holds.

use super::rules::{Run, word};
use super::table::PHRASES;

const SLOTS: usize = PHRASES.len().div_ceil(64);

/// The phrases that were found, by their places among all phrases.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found([u64; SLOTS]);

impl Found {
    pub(super) const NONE: Self = Self([0; SLOTS]);

    /// The first phrase of a run that was found.
    pub(super) fn first_of(&self, run: Run) -> Option<&'static str> {
        let first = PHRASES.places().start;
        let holds = |at: u16| self.0.get(usize::from(at / 64)).is_some_and(|slot| slot >> (at % 64) & 1 == 1);
        run.places().find(|place| holds(place.wrapping_sub(first))).map(word)
    }

    /// Looks for all phrases at every beginning of a word: nearly all of them differ in the first letter already.
    pub(super) fn look_in(&mut self, text: &str) {
        for rest in beginnings(text.as_bytes()) {
            for (at, phrase) in PHRASES.words().enumerate() {
                if let (true, Some(slot)) = (begins(rest, phrase.as_bytes()), self.0.get_mut(at / 64)) {
                    *slot |= 1 << (at % 64);
                }
            }
        }
    }
}

/// Whether a text holds a phrase that begins at a beginning of a word, whatever the case of ASCII letters.
pub(super) fn holds(text: &str, phrase: &str) -> bool {
    beginnings(text.as_bytes()).any(|rest| begins(rest, phrase.as_bytes()))
}

/// What is left of a text from each of its places on that is not inside a word: after an ASCII letter or digit.
fn beginnings(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let before = core::iter::once(&b' ').chain(text);
    let outside = before.enumerate().filter(|(_, before)| !before.is_ascii_alphanumeric());
    outside.filter_map(|(at, _)| text.get(at..))
}

fn begins(text: &[u8], phrase: &[u8]) -> bool {
    let [Some(one), Some(other)] = [text.first(), phrase.first()] else { return false };
    one.eq_ignore_ascii_case(other) && text.get(..phrase.len()).is_some_and(|part| part.eq_ignore_ascii_case(phrase))
}

#[cfg(test)]
mod tests;
