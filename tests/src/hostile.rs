//! Facts made of arbitrary bytes, and what must hold whatever they are: shared by the fuzz target and by a test that runs
//! everywhere.

use std::borrow::Cow;
use std::time::Duration;

use failsoft::classify::{Facts, Headers, classify, deciding_rule, explain, judge_finish};
use failsoft::policy::Policy;
use failsoft::policy::failure::Failure;

/// What no wait may exceed: 30 days.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Parts facts: not a byte that a provider sends.
const BETWEEN: u8 = 0x1f;

/// Judges these bytes as status, wall time, headers (one a line), classes (likewise), message and body.
///
/// # Panics
/// Where something that must hold does not.
pub fn judge(data: &[u8]) {
    let mut parts = data.splitn(6, |byte| *byte == BETWEEN).map(String::from_utf8_lossy);
    let mut part = || parts.next().unwrap_or(Cow::Borrowed(""));
    let (status, wall, headers, classes, message, body) = (part(), part(), part(), part(), part(), part());
    let headers: Vec<(&str, &str)> = headers.lines().filter_map(|line| line.split_once(':')).collect();
    let classes: Vec<&str> = classes.lines().collect();
    let facts = Facts {
        status: status.trim().parse().ok(),
        wall_ms: wall.trim().parse().ok(),
        headers: &headers,
        classes: &classes,
        message: Some(&message),
        body: Some(&body),
        ..Facts::default()
    };
    hold(&facts);
    drop(judge_finish(Some(&message), Some(&body), false));
}

fn hold(facts: &Facts<'_>) {
    let failure = classify(facts);
    assert_eq!(failure, classify(facts), "not the same twice");
    within_reason(&failure);
    let explained = explain(facts);
    assert_eq!(explained.failure, failure);
    assert_eq!(explained.rule, deciding_rule(facts));
    assert!(explained.to_string().len() < 4096, "an explanation that echoes what it was given: {explained}");

    // How far headers are believed changes the times alone.
    let strict = strict().classify(facts);
    within_reason(&strict);
    assert_eq!(Failure { retry_after: failure.retry_after, reset_after: failure.reset_after, ..strict }, failure);
}

fn within_reason(failure: &Failure) {
    for stated in [failure.retry_after, failure.reset_after].into_iter().flatten() {
        assert!(stated > Duration::ZERO && stated <= LONGEST, "{failure:?}");
    }
}

fn strict() -> Policy {
    let mut policy = Policy::default();
    policy.classify.headers = Headers::Strict;
    policy
}
