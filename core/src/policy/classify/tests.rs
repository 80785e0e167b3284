//! What it does, by example.

use super::*;
use crate::classify::Facts;
use crate::policy::Policy;
use alloc::vec;

fn with(rules: Vec<ClassifyRule>) -> Policy {
    Policy { classify: Classify { rules, ..Classify::default() }, ..Policy::default() }
}

fn said(policy: &Policy, status: u16) -> (String, FailureKind) {
    let told = policy.explain(&Facts { status: Some(status), ..Facts::default() });
    (told.rule, told.failure.kind)
}

#[test]
fn a_rule_stands_first_or_before_another_or_in_its_place() {
    let rule = |name: &str, kind| ClassifyRule::new(name, kind).when(On::Status, &["429"]);
    let first = with(vec![rule("mine", FailureKind::Auth)]);
    assert_eq!(said(&first, 429), ("mine".to_string(), FailureKind::Auth));
    assert_eq!(said(&first, 402).0, "payment_402");
    let late = ClassifyRule { before: Some("server_5xx".to_string()), ..rule("late", FailureKind::Auth) };
    assert_eq!(said(&with(vec![late.clone()]), 429).0, "rate_limit_429");
    let replaced = with(vec![late, rule("rate_limit_429", FailureKind::Overloaded)]);
    assert_eq!(said(&replaced, 429), ("rate_limit_429".to_string(), FailureKind::Overloaded));
    let mut off = Policy::default();
    off.classify.off = vec!["rate_limit_429".to_string()];
    assert_eq!(said(&off, 429).0, "refused_4xx");
}

#[test]
fn a_class_that_a_policy_names_tells_even_if_it_wraps() {
    let policy =
        with(vec![ClassifyRule::new("mine", FailureKind::Overloaded).when(On::Class, &["APIConnectionError"])]);
    let facts = Facts { classes: &["APIConnectionError", "Exception", "ConnectionRefusedError"], ..Facts::default() };
    assert_eq!(policy.classify(&facts).kind, FailureKind::Overloaded);
}

#[test]
fn names_and_conditions_are_checked() {
    let wrong = |policy: &Policy| policy.check().map_err(|wrong| wrong.to_string()).err().unwrap_or_default();
    let mut policy = Policy::default();
    policy.classify.off = vec!["quotas".to_string()];
    assert_eq!(wrong(&policy), "classify.off[0]: \"quotas\" is not allowed; use the name of a built-in rule");
    let bare = with(vec![ClassifyRule::new("x", FailureKind::Bug)]);
    assert_eq!(wrong(&bare), "classify.rules[0].when: nothing is not allowed; use at least one condition");
    let beyond = with(vec![ClassifyRule::new("x", FailureKind::Bug).when(On::Status, &["600"])]);
    assert!(wrong(&beyond).starts_with("classify.rules[0].when.status: \"600\" is not allowed; use a list of"));
    let many = with(vec![ClassifyRule::new("x", FailureKind::Bug).when(On::Status, &["5xx"]); 65]);
    assert_eq!(wrong(&many), "classify.rules: a list of 65 is not allowed; use a list of up to 64");
    let list = with(vec![ClassifyRule::new("x", FailureKind::Bug).when(On::Class, &["@LOST"])]);
    assert!(wrong(&list).starts_with("classify.rules[0].when.class: \"@LOST\" is not allowed; use a list of"));
    let right = ClassifyRule::new("x", FailureKind::Bug).when(On::Status, &["5xx"]);
    let idle = with(vec![ClassifyRule { kind: None, ..right.clone() }]);
    assert!(wrong(&idle).starts_with("classify.rules[0].then.kind: nothing is not allowed; use one of connect, "));
    assert_eq!(wrong(&with(vec![right])), "");
}
