//! Foreign text: what a user, a provider or a model wrote. This is the only way into a line, a log, an error or a sentence.

use core::fmt;

/// The longest name that is shown, in characters.
pub const LONGEST_NAME: usize = 64;
/// The longest text that is shown, in characters.
pub const LONGEST_TEXT: usize = 200;
/// Stands where the rest was cut off.
const ELLIPSIS: &str = "...";

/// Foreign text as it is shown: on one line, cut to a number of characters, with everything escaped that a reader would not
/// see or that would change how the rest is seen.
#[derive(Debug, Clone, Copy)]
pub struct Foreign<'a> {
    text: &'a str,
    most: usize,
    is_quoted: bool,
}

/// A name (of a route, a tool, a function, a class), cut at 64 characters.
#[must_use]
pub const fn name(text: &str) -> Foreign<'_> {
    up_to(LONGEST_NAME, text)
}

/// A text (a message, a body, a reason), cut at 200 characters.
#[must_use]
pub const fn text(text: &str) -> Foreign<'_> {
    up_to(LONGEST_TEXT, text)
}

/// A value of an option, in quotes and cut at 64 characters.
#[must_use]
pub const fn quoted(text: &str) -> Foreign<'_> {
    Foreign { text, most: LONGEST_NAME, is_quoted: true }
}

/// A text that is cut at `most` characters.
#[must_use]
pub const fn up_to(most: usize, text: &str) -> Foreign<'_> {
    Foreign { text, most, is_quoted: false }
}

impl Foreign<'_> {
    /// Writes a character, escaped where it must be.
    fn show(self, out: &mut dyn fmt::Write, c: char) -> fmt::Result {
        match c {
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '"' | '\\' if self.is_quoted => write!(out, "\\{c}"),
            _ if is_unseen(c) => write!(out, "\\u{{{:x}}}", u32::from(c)),
            _ => out.write_char(c),
        }
    }

    /// Writes as much as has room. False if something was left out.
    fn fill(self, out: &mut dyn fmt::Write, room: usize) -> Result<bool, fmt::Error> {
        let mut shown = 0;
        for c in self.text.chars() {
            let mut width = Width(0);
            self.show(&mut width, c)?;
            shown += width.0;
            if shown > room {
                return Ok(false);
            }
            self.show(out, c)?;
        }
        Ok(true)
    }
}

impl fmt::Display for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.is_quoted { "\"" } else { "" };
        f.write_str(quote)?;
        if self.fill(&mut Width(0), self.most)? {
            self.fill(f, self.most)?;
        } else {
            self.fill(f, self.most.saturating_sub(ELLIPSIS.len()))?;
            f.write_str(ELLIPSIS)?;
        }
        f.write_str(quote)
    }
}

/// Counts characters.
struct Width(usize);

impl fmt::Write for Width {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.chars().count();
        Ok(())
    }
}

/// The first and the last character of each range that is escaped: control characters (an ANSI sequence begins with one), what
/// turns the direction of writing around, what has no width, separators of lines. Joiners are among them: an emoji of several
/// parts shows its parts. The selectors of one emoji, U+FE0E and U+FE0F, are not.
const UNSEEN: &str = "\0\x1f\x7f\u{9f}\u{ad}\u{ad}\u{34f}\u{34f}\u{61c}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}\u{180f}\
                      \u{200b}\u{200f}\u{2028}\u{202e}\u{2060}\u{206f}\u{3164}\u{3164}\u{fe00}\u{fe0d}\u{feff}\u{feff}\u{ffa0}\
                      \u{ffa0}\u{fff0}\u{fffb}\u{1bca0}\u{1bca3}\u{1d173}\u{1d17a}\u{e0000}\u{e0fff}";

fn is_unseen(c: char) -> bool {
    let mut ends = UNSEEN.chars();
    core::iter::from_fn(|| Some(ends.next()?..=ends.next()?)).any(|range| range.contains(&c))
}

#[cfg(test)]
mod tests;
