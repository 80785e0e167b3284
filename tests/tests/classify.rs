//! Whatever the facts are, they make a failure: nothing panics, and no wait is zero or beyond 30 days.

use std::time::Duration;

use failsoft::Policy;
use failsoft::classify::{Facts, HEADERS};
use failsoft::policy::failure::Phase;
use failsoft::value::Spelling;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

/// What such texts are made of, and anything at all.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => select(vec![
            "{", "}", "[", "]", "\"", "\\", "\\u", ":", ",", "\n", " ", "data:", "\"message\":\"", "\"type\":", "\"error\":{", "\"code\":",
            "429", "529", "retryDelay", "1", "0", "-", "+", ".", "e", "T", "Z", "GMT", "Fri", "29", "Sep", "2023", "16:26:57", "s", "ms", "m",
            "h", "d", "9999999999999999999", "prompt is too long", "insufficient_quota", "é", "#", "*",
        ]).prop_map(str::to_string),
        1 => any::<String>(),
    ];
    vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_facts_make_a_failure(
        status in option::of(any::<u16>()),
        values in vec((select(HEADERS.to_vec()), text()), 0..6),
        texts in [option::of(text()), option::of(text()), option::of(text()), option::of(text()), option::of(text())],
        classes in vec(prop_oneof![text(), Just("ConnectError".to_string()), Just("TypeError".to_string())], 0..6),
        phase in option::of(select(Phase::ALL.to_vec())),
        wall_ms in option::of(any::<u64>()),
        strict in any::<bool>(),
    ) {
        let headers: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
        let [body, code, error_type, message, provider] = texts.each_ref().map(Option::as_deref);
        let facts = Facts { status, headers: &headers, body, code, error_type, message, classes: &classes, phase, provider, wall_ms };
        let rule = failsoft_tests::plain(&serde_json::json!({ "classify": {
            "headers": if strict { "strict" } else { "lenient" },
            "rules": [{ "name": "mine", "when": { "phrase": ["prompt"], "code": ["*quota"] }, "then": { "kind": "auth" } }],
        } }));
        let policy = Policy::from_value(&rule, Spelling::Json).unwrap();
        let (failure, told) = (policy.classify(&facts), policy.explain(&facts));
        prop_assert_eq!(failure, told.failure);
        prop_assert!(!told.rule.is_empty() && !told.why.is_empty() && !told.next.is_empty());
        for wait in [failure.retry_after, failure.reset_after].into_iter().flatten() {
            prop_assert!(wait > Duration::ZERO && wait <= Duration::from_secs(30 * 24 * 3600), "{wait:?}");
        }
    }
}
