//! Whether a story told the same in a language as everywhere else: byte for byte, and if not, how it differs.

use similar::TextDiff;

/// What differs between the expected transcript and the one of a language; `None` when nothing does.
pub(crate) fn difference(expected: &[u8], actual: &[u8], language: &str) -> Option<String> {
    let (expected, actual) = (plain(expected), plain(actual));
    if expected == actual {
        return None;
    }
    let (expected, actual) = (String::from_utf8_lossy(&expected), String::from_utf8_lossy(&actual));
    if expected == actual {
        return Some("the same text in other bytes: not UTF-8".to_owned());
    }
    let diff = TextDiff::from_lines(expected.as_ref(), actual.as_ref());
    Some(diff.unified_diff().context_radius(3).header("expected.txt", language).to_string())
}

/// Windows' own line ends are not a difference on Windows; anywhere else every byte counts.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let carriage_returns = cfg!(windows);
    let mut plain = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if !(carriage_returns && *byte == b'\r' && bytes.get(at + 1) == Some(&b'\n')) {
            plain.push(*byte);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_do_not_differ() {
        assert_eq!(difference("wait 0.5 s\n".as_bytes(), b"wait 0.5 s\n", "rust"), None);
    }

    #[test]
    fn a_difference_is_a_unified_diff_that_names_the_language() {
        let diff = difference(b"a\nwait 0.5 s\nb\n", b"a\nwait 0.50 s\nb\n", "python").unwrap_or_default();
        assert!(diff.starts_with("--- expected.txt\n+++ python\n"), "{diff}");
        assert!(diff.contains("\n-wait 0.5 s\n+wait 0.50 s\n"), "{diff}");
    }

    #[test]
    fn a_missing_last_line_end_is_a_difference() {
        let diff = difference(b"a\n", b"a", "rust").unwrap_or_default();
        assert!(diff.contains("No newline"), "{diff}");
    }

    #[test]
    fn bytes_that_only_read_alike_are_a_difference() {
        assert!(difference("\u{fffd}".as_bytes(), b"\xff", "rust").is_some());
    }
}
