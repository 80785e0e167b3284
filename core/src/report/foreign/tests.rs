use super::*;
use alloc::string::ToString;

#[test]
fn a_text_stays_on_one_line_and_hides_nothing() {
    for (shown, foreign) in [
        ("an é, a 木 and a ❤\u{fe0f}", "an é, a 木 and a ❤\u{fe0f}"),
        (r"a\nb\r\tc", "a\nb\r\tc"),
        (r"\u{1b}[2J\u{1b}]0;title\u{7}", "\u{1b}[2J\u{1b}]0;title\u{7}"),
        (r"\u{0}\u{7f}\u{85}\u{9b}31m", "\0\u{7f}\u{85}\u{9b}31m"),
        (r"user\u{202e}nimda\u{2066}\u{200f}\u{61c}", "user\u{202e}nimda\u{2066}\u{200f}\u{61c}"),
        (r"a\u{200b}b\u{200d}c\u{feff}d\u{ad}e\u{2060}", "a\u{200b}b\u{200d}c\u{feff}d\u{ad}e\u{2060}"),
        (r"\u{2028}\u{2029}", "\u{2028}\u{2029}"),
        (r"hi\u{e0041}\u{e0100}\u{fe00}", "hi\u{e0041}\u{e0100}\u{fe00}"),
        (r#"a "b" \ c"#, r#"a "b" \ c"#),
    ] {
        assert_eq!(text(foreign).to_string(), shown);
    }
    assert_eq!(quoted("a \"b\" \\\n").to_string(), r#""a \"b\" \\\n""#);
}

#[test]
fn what_is_too_long_is_cut_with_its_escapes() {
    assert_eq!(name(&"é".repeat(64)).to_string(), "é".repeat(64));
    assert_eq!(name(&"é".repeat(65)).to_string(), "é".repeat(61) + "...");
    assert_eq!(text(&"a".repeat(200)).to_string(), "a".repeat(200));
    assert_eq!(text(&"a".repeat(1_000_000)).to_string(), "a".repeat(197) + "...");
    // An escape is shown whole or not at all.
    assert_eq!(name(&"\u{202e}".repeat(64)).to_string(), r"\u{202e}".repeat(7) + "...");
    assert_eq!(quoted(&"\"".repeat(40)).to_string(), alloc::format!("\"{}...\"", "\\\"".repeat(30)));
    assert_eq!(up_to(2, "abc").to_string(), "...");
}
