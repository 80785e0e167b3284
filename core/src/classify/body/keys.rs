//! Which keys of a body say something about its failure.

/// Its value is a code, a type or a reason: a word to compare whole.
pub(super) const WORD: u8 = 1;
/// Its value is a message: a text to look for phrases in.
pub(super) const TEXT: u8 = 2;
/// Its value may be the status.
pub(super) const STATUS: u8 = 4;
/// Its value is the error.
pub(super) const ERROR: u8 = 8;
/// Its value may be the text of another body.
pub(super) const NEST: u8 = 16;
/// Its value is a wait.
pub(super) const DELAY: u8 = 32;
/// Its value comes from the request.
pub(super) const ECHO: u8 = 64;

/// The longest of them, `error_description`, has 17 bytes.
const LONGEST: usize = 20;

/// What a key's value is, by the key as it stands between its quotes, in any case.
pub(super) fn role_of(key: &str) -> u8 {
    let mut lower = [0; LONGEST];
    let Some(key) = lower.get_mut(..key.len()).map(|lower| {
        lower.copy_from_slice(key.as_bytes());
        lower.make_ascii_lowercase();
        &*lower
    }) else {
        return 0;
    };
    match key {
        b"code" | b"status" => WORD | STATUS,
        b"type" | b"__type" | b"error_type" | b"error_code" | b"errorcode" | b"err_code" | b"quotaid" | b"name" => WORD,
        b"reason" => WORD | TEXT,
        b"error" => TEXT | ERROR,
        b"message" | b"msg" | b"detail" | b"details" | b"errors" | b"error_description" | b"error_message"
        | b"errormessage" | b"description" | b"title" => TEXT,
        b"raw" => NEST | TEXT,
        b"body" => NEST,
        b"retrydelay" | b"retry_after_seconds" => DELAY,
        b"input" | b"inputs" | b"messages" | b"prompt" | b"content" | b"contents" | b"request" | b"tools"
        | b"arguments" => ECHO,
        _ => 0,
    }
}
