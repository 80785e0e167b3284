//! Texts of JSON: where they end, and what they say.

use alloc::borrow::Cow;
use alloc::string::String;

/// The first `longest` bytes of a text, whole characters.
pub(super) fn cut(text: &str, longest: usize) -> &str {
    let mut end = longest.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// The place of the quote that ends the text which begins here; that of the end where it is cut.
pub(super) fn end_of_text(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// A text without its escapes, as long as it has to be. What no text may hold becomes a replacement character.
pub(super) fn decode(raw: &str, longest: usize) -> Cow<'_, str> {
    let Some((plain, _)) = raw.split_once('\\') else { return Cow::Borrowed(cut(raw, longest)) };
    let mut out = String::from(plain);
    let mut rest = raw.get(plain.len()..).unwrap_or_default().chars();
    let mut high: Option<u32> = None;
    while out.len() < longest {
        let Some(letter) = rest.next() else { break };
        let said = match letter {
            '\\' => rest.next(),
            letter => Some(letter),
        };
        let Some(said) = said else { break };
        let said = match (letter, said) {
            ('\\', 'n') => '\n',
            ('\\', 't') => '\t',
            ('\\', 'r') => '\r',
            ('\\', 'b' | 'f') => ' ',
            ('\\', 'u') => {
                let unit = unit(&mut rest);
                if (0xd800..0xdc00).contains(&unit) {
                    high = Some(unit);
                    continue;
                }
                let whole = high.take().filter(|_| (0xdc00..0xe000).contains(&unit));
                let code = whole.map_or(unit, |high| 0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            (_, said) => said,
        };
        high = None;
        out.push(said);
    }
    Cow::Owned(out)
}

/// The four hexadecimal digits of an escape.
fn unit(rest: &mut core::str::Chars<'_>) -> u32 {
    let digits = rest.as_str().get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if digits.is_some() {
        rest.nth(3);
    }
    digits.unwrap_or(u32::from(char::REPLACEMENT_CHARACTER))
}

#[cfg(test)]
mod tests;
