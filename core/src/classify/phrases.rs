//! Which of the table's phrases a text holds, all looked for in one pass.

use super::rules::{ENDS, Run, word};
use super::table::{PHRASES, SORTED, WORDS};

const SLOTS: usize = SORTED.len().div_ceil(64);
/// The shortest phrase has so many bytes: the schema of `rules.json` says so.
const SHORTEST: usize = 4;

/// The phrases that were found, by their places among all phrases.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found([u64; SLOTS]);

impl Found {
    pub(super) const NONE: Self = Self([0; SLOTS]);

    fn insert(&mut self, place: u16) {
        if let Some(slot) = self.0.get_mut(usize::from(place / 64)) {
            *slot |= 1 << (place % 64);
        }
    }

    /// The first phrase of a run that was found.
    pub(super) fn first_of(&self, run: Run) -> Option<&'static str> {
        let holds = |at: u16| self.0.get(usize::from(at / 64)).is_some_and(|slot| slot >> (at % 64) & 1 == 1);
        run.places().find(|place| holds(place.wrapping_sub(first()))).map(word)
    }

    /// Looks for all phrases at every beginning of a word. Those that begin alike are told apart letter by letter, so a text
    /// that is full of beginnings costs little more than any other.
    pub(super) fn look_in(&mut self, text: &str) {
        let text = text.as_bytes();
        for (at, inside) in beginnings(text) {
            if inside {
                continue;
            }
            let rest = text.get(at..).unwrap_or_default();
            let Some(begin) = rest.first_chunk() else { break };
            if !may_begin(*begin) {
                continue;
            }
            let (mut low, mut high) = (0, SORTED.len());
            for (depth, byte) in rest.iter().enumerate() {
                let byte = byte.to_ascii_lowercase();
                low = partition(low, high, |phrase| letter(phrase, depth) < byte);
                high = partition(low, high, |phrase| letter(phrase, depth) <= byte);
                // What ends here is found, and stands first among what begins so.
                while low < high && phrase(low).len() == depth + 1 {
                    self.insert(place(low));
                    low += 1;
                }
                if low == high {
                    break;
                }
            }
        }
    }
}

/// Whether a text holds a phrase that begins at a beginning of a word, whatever the case of ASCII letters.
pub(super) fn holds(text: &str, phrase: &str) -> bool {
    let (text, phrase) = (text.as_bytes(), phrase.as_bytes());
    let is_here = |at: usize| text.get(at..at + phrase.len()).is_some_and(|part| part.eq_ignore_ascii_case(phrase));
    beginnings(text).any(|(at, inside)| !inside && is_here(at))
}

/// Every place of a text, with whether it is inside a word: after an ASCII letter or digit.
fn beginnings(text: &[u8]) -> impl Iterator<Item = (usize, bool)> {
    let before = core::iter::once(&b' ').chain(text);
    before.zip(text).map(|(before, _)| before.is_ascii_alphanumeric()).enumerate()
}

/// Whether a phrase may begin with these bytes: most beginnings of words are done with here.
fn may_begin(begin: [u8; SHORTEST]) -> bool {
    let (slot, bit) = place_of(begin);
    BEGINNINGS.get(slot).is_some_and(|slot| slot >> bit & 1 == 1)
}

/// The beginnings of all phrases, each as one bit of many: two may share one.
static BEGINNINGS: [u64; 32] = collected();

#[expect(clippy::indexing_slicing, reason = "at compile time")]
const fn collected() -> [u64; 32] {
    let (text, mut bits, mut at) = (WORDS.as_bytes(), [0; 32], PHRASES.first as usize);
    while at < PHRASES.first as usize + SORTED.len() {
        let begin = ENDS[at - 1] as usize + 1;
        assert!(ENDS[at] as usize >= begin + SHORTEST, "a phrase that is too short");
        let (slot, bit) = place_of([text[begin], text[begin + 1], text[begin + 2], text[begin + 3]]);
        bits[slot] |= 1 << bit;
        at += 1;
    }
    bits
}

/// The slot and the bit of four bytes, whatever the case of their letters.
const fn place_of(mut begin: [u8; SHORTEST]) -> (usize, u32) {
    begin.make_ascii_lowercase();
    // The upper bits of a product by an odd number depend on all of the four.
    let mixed = u32::from_le_bytes(begin).wrapping_mul(0x9e37_79b1) >> 21;
    ((mixed >> 6) as usize, mixed & 63)
}

fn first() -> u16 {
    PHRASES.places().start
}

fn place(at: usize) -> u16 {
    SORTED.get(at).copied().unwrap_or_default()
}

fn phrase(at: usize) -> &'static [u8] {
    word(first() + place(at)).as_bytes()
}

fn letter(phrase: &[u8], depth: usize) -> u8 {
    phrase.get(depth).copied().unwrap_or_default().to_ascii_lowercase()
}

/// The first of the sorted phrases from `low` to `high` of which `before` does not hold.
fn partition(mut low: usize, mut high: usize, before: impl Fn(&[u8]) -> bool) -> usize {
    while low < high {
        let middle = low.midpoint(high);
        if before(phrase(middle)) { low = middle + 1 } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        let mut found = Found::NONE;
        found.look_in(text);
        found.0.iter().map(|slot| slot.count_ones() as usize).sum()
    }

    #[test]
    fn every_phrase_is_found_in_any_case_at_the_beginning_of_a_word() {
        for known in PHRASES.words() {
            for text in [known.to_ascii_uppercase(), alloc::format!("so: {known}, x"), alloc::format!("é{known}")] {
                let mut found = Found::NONE;
                found.look_in(&text);
                let at = PHRASES.places().find(|place| word(*place) == known).unwrap_or_default();
                assert_eq!(found.first_of(Run::new(at, 1)), Some(known), "{text}");
                assert!(holds(&text, known), "{text}");
            }
            if known.starts_with(|first: char| first.is_ascii_alphanumeric()) {
                assert!(!holds(&alloc::format!("x{known}"), known));
            }
        }
    }

    #[test]
    fn one_pass_finds_what_a_search_for_each_would() {
        let all: alloc::vec::Vec<&str> = PHRASES.words().collect();
        let text = all.join(" ");
        let each = all.iter().filter(|phrase| holds(&text, phrase)).count();
        assert_eq!((found(&text), each), (all.len(), all.len()));
        let joined = all.concat();
        assert_eq!(found(&joined), all.iter().filter(|phrase| holds(&joined, phrase)).count());
        assert_eq!((found(""), found("prompt is too lon"), found("prompt is too long")), (0, 0, 1));
    }
}
