//! What an answer's body says about its failure, found without a parser: bodies come cut, in events, in lists, in each other.
//!
//! Only the values of a few keys are looked at, and nothing below keys that echo the request: a body may quote the prompt.

mod keys;
mod text;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::headers::bare;
use super::spans;
use keys::{DELAY, ECHO, ERROR, NEST, STATUS, TEXT, WORD, role_of};
use text::{cut, decode, end_of_text};

/// So much of a body is looked at, in bytes.
const LONGEST: usize = 64 * 1024;
/// So much of each of its texts, and of the exception's message.
const LONGEST_TEXT: usize = 4096;
/// Longer words are none: the longest right one has 60 bytes.
const LONGEST_WORD: usize = 128;
const MOST_TEXTS: usize = 8;
const MOST_WORDS: usize = 64;
const MOST_FIELDS: usize = 64;
/// What is nested deeper is not looked at.
const DEEPEST: usize = 16;
/// JSON within a text of JSON within a text of JSON.
const MOST_LEVELS: u32 = 2;

/// What a body holds of all that rules ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    /// The error's status, where it names one as its code.
    pub(super) status: Option<u16>,
    /// Codes, types and reasons.
    pub(super) words: Vec<String>,
    /// Its messages, each on a line.
    pub(super) texts: String,
    /// Its keys; not those that have no value.
    pub(super) fields: Vec<String>,
    /// How long to wait: Google's `RetryInfo`, or OpenRouter's `retry_after_seconds`.
    pub(super) retry_delay: Option<Duration>,
    texts_left: usize,
    keys: u32,
}

impl Body {
    pub(super) fn read(body: &str) -> Self {
        let mut read = Self { texts_left: MOST_TEXTS, ..Self::default() };
        let body = cut(body.trim_start_matches('\u{feff}'), LONGEST);
        if is_json(body) {
            read.documents(body, 0);
        }
        if read.keys == 0 {
            read.text(body);
        }
        read
    }

    /// One document after the other: events of a stream, lines of JSON, or just one.
    fn documents(&mut self, text: &str, level: u32) {
        let bytes = text.as_bytes();
        let mut nest = Nest::new(if level == 0 { Place::Root } else { Place::Other });
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let end = end_of_text(bytes, at);
                    let raw = text.get(at..end).unwrap_or_default();
                    at = blanks(bytes, end + 1);
                    if bytes.get(at) == Some(&b':') {
                        at = blanks(bytes, at + 1);
                        let has_value = !bytes.get(at..).unwrap_or_default().starts_with(b"null");
                        self.key(raw, has_value, &mut nest);
                    } else {
                        self.string(raw, &nest, level);
                    }
                }
                b'{' | b'[' => nest.open(byte == b'['),
                b'}' | b']' => nest.close(),
                b',' | b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if nest.is_outside() => {
                    let line = text.get(at - 1..).unwrap_or_default();
                    at = if line.starts_with("data:") { at + 4 } else { end_of_line(bytes, at) };
                }
                b'0'..=b'9' | b'-' => {
                    let end = end_of_number(bytes, at);
                    self.number(text.get(at - 1..end).unwrap_or_default(), &nest);
                    at = end;
                }
                _ => {}
            }
        }
    }

    fn key(&mut self, raw: &str, has_value: bool, nest: &mut Nest) {
        nest.role = role_of(raw);
        self.keys += 1;
        if has_value && !nest.is_silent() && nest.role & ECHO == 0 && self.fields.len() < MOST_FIELDS {
            self.fields.push(cut(raw, LONGEST_WORD).to_string());
        }
    }

    fn string(&mut self, raw: &str, nest: &Nest, level: u32) {
        let role = if nest.is_outside() { NEST } else { nest.role };
        if nest.is_silent() || role & !ECHO == 0 {
            return;
        }
        if role & (TEXT | NEST) != 0 && level < MOST_LEVELS && may_be_json(raw) {
            let known = self.keys;
            self.documents(&decode(raw, LONGEST), level + 1);
            if self.keys > known {
                return;
            }
        }
        if role & TEXT != 0 {
            self.text(&decode(raw, LONGEST_TEXT));
        }
        if role & DELAY != 0 && self.retry_delay.is_none() {
            self.retry_delay = spans::duration(raw);
        }
        if role & WORD != 0 && raw.len() <= LONGEST_WORD {
            self.number(&decode(raw, LONGEST_WORD), nest);
        }
    }

    /// A number, or a word that may be one.
    fn number(&mut self, word: &str, nest: &Nest) {
        if nest.is_silent() || nest.role & (WORD | DELAY) == 0 {
            return;
        }
        if nest.role & DELAY != 0 {
            self.retry_delay = self.retry_delay.or_else(|| spans::sensible(spans::amount(word, 1000)?));
            return;
        }
        if nest.role & STATUS != 0 && matches!(nest.place, Place::Top | Place::Error) {
            let status = word.parse().ok().filter(|status| (400..=599).contains(status));
            self.status = self.status.or(status);
        }
        if self.words.len() < MOST_WORDS {
            self.words.push(bare(word).to_string());
        }
    }

    fn text(&mut self, text: &str) {
        if self.texts_left > 0 && !text.is_empty() {
            self.texts_left -= 1;
            self.texts.push_str(cut(text, LONGEST_TEXT));
            self.texts.push('\n');
        }
    }
}

/// So much of the exception's own message is looked at.
pub(super) fn seen(message: &str) -> &str {
    cut(message, LONGEST_TEXT)
}

/// Where a value stands: only the outermost object and its `error` name the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Top,
    Error,
    Other,
}

/// The objects and lists around a value, and the role of the key that it belongs to.
struct Nest {
    frames: [(Place, u8, bool); DEEPEST],
    depth: usize,
    place: Place,
    role: u8,
    silent: bool,
}

impl Nest {
    const fn new(place: Place) -> Self {
        Self { frames: [(Place::Other, 0, false); DEEPEST], depth: 0, place, role: 0, silent: false }
    }

    const fn is_outside(&self) -> bool {
        self.depth == 0
    }

    /// Below a key that echoes the request, or too deep.
    const fn is_silent(&self) -> bool {
        self.silent || self.depth > DEEPEST
    }

    fn open(&mut self, is_list: bool) {
        if let Some(frame) = self.frames.get_mut(self.depth) {
            // What comes after it in the same list has the role that it has.
            *frame = (self.place, self.role, self.silent);
            self.silent |= self.role & ECHO != 0;
            self.place = match (self.place, is_list) {
                (Place::Root, true) => Place::Root,
                (Place::Root, false) => Place::Top,
                (Place::Top, false) if self.role & ERROR != 0 => Place::Error,
                _ => Place::Other,
            };
            if !is_list {
                self.role = 0;
            }
        }
        self.depth = self.depth.saturating_add(1);
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if let Some(frame) = self.frames.get(self.depth) {
            (self.place, self.role, self.silent) = *frame;
        }
    }
}

fn is_json(text: &str) -> bool {
    let text = text.trim_ascii_start();
    may_be_json(text) || ["\"", "data:", "event:", "id:", "retry:", ":"].iter().any(|begin| text.starts_with(begin))
}

/// Whether a text, its quotes and escapes as they came, may hold a document.
fn may_be_json(raw: &str) -> bool {
    let mut raw = raw.trim_ascii_start();
    while let Some(rest) = raw.strip_prefix("\\n") {
        raw = rest.trim_ascii_start();
    }
    raw.starts_with(['{', '['])
}

fn blanks(bytes: &[u8], at: usize) -> usize {
    past(bytes, at, |byte| byte.is_ascii_whitespace())
}

fn end_of_line(bytes: &[u8], at: usize) -> usize {
    past(bytes, at, |byte| byte != b'\n')
}

fn end_of_number(bytes: &[u8], at: usize) -> usize {
    past(bytes, at, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'))
}

fn past(bytes: &[u8], at: usize, goes_on: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !goes_on(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests;
