//! What it does, by example.

use super::*;

#[test]
fn tool_calls_come_before_text_and_blank_text_is_no_answer() {
    let read = [("391", 0), ("391", 2), ("", 1), ("", 0), (" \n\t", 0)];
    let kinds = read.map(|(answer, calls)| ReplyKind::read(answer, calls).name());
    assert_eq!(kinds, ["answer", "tool_calls", "tool_calls", "nothing", "nothing"]);
}

#[test]
fn what_cannot_be_told_is_risky() {
    let risky = |risk: Risk| [true, false].map(|declared| risk.is_risky(declared));
    assert_eq!(risky(Risk::Declared), [true, false]);
    assert_eq!(risky(Risk::Said(false)), [false, false]);
    assert_eq!(risky(Risk::Unknown), [true, true]);
}
