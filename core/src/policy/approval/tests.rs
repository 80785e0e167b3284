//! What it does, by example.

use super::*;
use alloc::string::ToString;
use alloc::vec;

#[test]
fn a_deny_rule_beats_every_allow() {
    let approval = Approval { deny: vec!["rm".to_string()], ..Approval::default() };
    assert_eq!(approval.gate("rm", false, &["rm".to_string()]), Gate::Deny);
    assert_eq!(approval.gate("mail", true, &["mail".to_string()]), Gate::Standing);
    assert_eq!(approval.gate("mail", true, &[]), Gate::Ask);
    assert_eq!(approval.gate("add", false, &[]), Gate::Run);
}

#[test]
fn only_a_clear_yes_is_a_yes() {
    assert_eq!(Decision::read(Answer::Flag(true)), Decision::Once);
    assert_eq!(Decision::read(Answer::Word("session")), Decision::Session);
    let no = [Answer::Flag(false), Answer::Word("yes"), Answer::Word(""), Answer::Failed, Answer::Other];
    assert_eq!(no.map(Decision::read), [Decision::Deny; 5]);
}

#[cfg(feature = "canonical")]
#[test]
fn a_digest_ignores_the_order_and_spelling_of_arguments() {
    let same = [r#"{"b":1.0,"a":"é"}"#, r#"{ "a": "\u00e9", "b": 1 }"#].map(|json| digest("t", json));
    assert_eq!(same[0], same[1]);
    assert!(same[0].is_ok());
    assert_ne!(digest("u", r#"{"a":"é","b":1}"#), same[0]);
}

#[cfg(feature = "canonical")]
#[test]
fn a_host_that_writes_the_canonical_form_itself_gets_the_same_digests_and_complaints() {
    let canonical = [
        r#"{"a\"9007199254740993":["\\",-0.5,1e-7,9007199254740991,{"10":true,"9":null}],"é\u001f":"NaN\\ud800"}"#,
        "{}",
        r#"{"n":9007199254740992}"#,
        r#"{"n":[1,-100000000000000000000]}"#,
        r#"{"n":1e+300}"#,
        "null",
        "true",
        "-1",
        "[1]",
        r#""x""#,
    ];
    for text in canonical {
        assert_eq!(digest_canonical("t", text), digest("t", text), "{text}");
    }
    assert!(digest_canonical("t", canonical[0]).is_ok());
    let number = "is beyond 2^53 - 1 and would not survive every JSON reader: pass ids as strings";
    for (text, line) in [
        (r#"{"n":NaN}"#, NOT_JSON.into()),
        (r#"{"n":-Infinity}"#, NOT_JSON.into()),
        (r#"{"n":[1,9007199254740992]}"#, format!("the number 9007199254740992 {number}")),
        (r#"{"n":"\\\ud800"}"#, NOT_JSON.into()),
        ("[1]", "the arguments must be an object, not a list".into()),
    ] {
        assert_eq!(digest_canonical("t", text), Err(line), "{text}");
    }
}

#[cfg(feature = "canonical")]
#[test]
fn what_cannot_be_read_is_told_in_words_of_our_own() {
    let deep = |levels: usize| alloc::format!("{{\"a\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(digest("t", &deep(99)).is_ok());
    assert!(digest("t", r#"{"a":"[[\"[","b":[]}"#).is_ok());
    let line = "the arguments are nested deeper than 100 levels";
    assert_eq!(digest("t", &deep(100)), Err(line.to_string()));
    assert_eq!(digest("t", &deep(100_000)), Err(line.to_string()));
    for wrong in ["", "{", "{} x", r#"{"n":1e309}"#, r#"{"n":"\ud800"}"#] {
        assert_eq!(digest("t", wrong), Err(NOT_JSON.to_string()), "{wrong}");
    }
}

#[test]
fn a_digest_is_read_as_it_is_shown() {
    let digest = Digest(core::array::from_fn(|at| u8::try_from(at * 8).unwrap_or(0)));
    assert_eq!(Digest::from_hex(&digest.to_string()), Some(digest));
    for wrong in ["", "00", &"0".repeat(63), &"0".repeat(66), &"g".repeat(64), &"é".repeat(32), &"+f".repeat(32)] {
        assert_eq!(Digest::from_hex(wrong), None, "{wrong}");
    }
}

#[cfg(feature = "canonical")]
#[test]
fn what_has_no_exact_form_is_refused() {
    for wrong in ["[1]", "{", r#"{"id": 9007199254740993}"#, r#"{"x": NaN}"#, r#"{"x": "\ud800"}"#, r#"{"n":1e300}"#] {
        assert!(digest("t", wrong).is_err(), "{wrong}");
    }
}
