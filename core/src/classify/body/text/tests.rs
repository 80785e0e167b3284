//! What it does, by example.

use super::*;

#[test]
fn escapes_are_read_and_nonsense_is_replaced() {
    let read = |raw| decode(raw, 100).into_owned();
    assert_eq!(read(r#"a\"b\\c\/d\ne\u00e9\ud83d\ude00"#), "a\"b\\c/d\neé😀");
    assert_eq!(read(r"\ud83d!\ude00\uzzzz\u12"), "!\u{fffd}\u{fffd}zzzz\u{fffd}12");
    assert_eq!((read("cut\\"), read("")), ("cut".into(), String::new()));
    assert_eq!((decode("éé", 3), decode(r"\né", 1)), (Cow::Borrowed("é"), "\n".into()));
}

#[test]
fn a_text_ends_at_its_quote_or_with_the_body() {
    let end = |text: &str| end_of_text(text.as_bytes(), 0);
    assert_eq!((end(r#"ab"c"#), end(r#"a\"b"c"#), end(r#"a\\"c"#)), (2, 4, 3));
    assert_eq!((end("abc"), end("abc\\"), end("")), (3, 4, 0));
}
