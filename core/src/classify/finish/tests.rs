//! What it does, by example.

use super::*;

#[test]
fn only_a_reply_that_says_so_is_whole() {
    let kind = |reason, accept_cut| judge_finish(reason, None, accept_cut).map(|(kind, _)| kind.name());
    assert_eq!(["stop", "tool_use", "end_turn", "new_word"].map(|word| kind(Some(word), false)), [None; 4]);
    assert_eq!(CUT.iter().filter(|word| kind(Some(word), false) == Some("context_overflow")).count(), CUT.len());
    assert_eq!((kind(None, false), kind(Some("pause_turn"), false)), (Some("malformed"), Some("malformed")));
    // Half an answer may be welcome; one that is refused or broken is none.
    assert_eq!((kind(None, true), kind(Some("length"), true)), (None, None));
    assert_eq!((kind(Some("error"), true), kind(Some("refusal"), true)), (Some("malformed"), Some("content_refused")));
}

#[test]
fn a_refusal_speaks_for_itself() {
    let said = judge_finish(Some("stop"), Some("I cannot help with that"), false).map(|(_, what)| what);
    assert_eq!(said.as_deref(), Some("refused: I cannot help with that"));
    assert_eq!(judge_finish(Some("stop"), Some(""), false), None);
}
