//! What it does, by example.

use super::*;
use alloc::string::ToString;
use alloc::{format, vec};

fn refused(name: &str, value: Value) -> alloc::string::String {
    let fields = Value::Map(vec![(name.to_string(), value)]);
    Policy::for_retry(&fields, Spelling::JavaScript).map_or_else(|wrong| wrong.to_string(), |_| "accepted".to_string())
}

#[test]
fn retry_takes_its_numbers_in_the_hosts_spelling() {
    let fields = Value::Map(vec![("maxAttempts".to_string(), Value::Number(5.0)), ("base".to_string(), Value::Null)]);
    let policy = Policy::for_retry(&fields, Spelling::JavaScript).unwrap_or_default();
    assert_eq!((policy.retry.max_attempts, policy.retry.base), (5, Policy::default().retry.base));
    assert_eq!((policy.attempt.timeout, policy.check()), (LONGEST, Ok(())));
}

#[test]
fn retry_refuses_nonsense_in_one_line() {
    let zero = refused("maxAttempts", Value::Number(0.0));
    assert_eq!(zero, "retry.maxAttempts: 0 is not allowed; use a whole number from 1 to 1000");
    assert!(
        refused("cap", Value::Number(1.0))
            .starts_with("retry.cap: 1 ms is not allowed; use at least retry.base, which is 500 ms")
    );
    let fields = "one of the fields maxAttempts, base, factor, cap, jitter";
    assert_eq!(refused("patience", Value::Number(1.0)), format!("retry.patience: 1 is not allowed; use {fields}"));
}

#[test]
fn fallback_goes_on_whatever_the_error() {
    let policy = Policy::for_fallback();
    let last = crate::policy::failure::FailureKind::ALL.iter().map(|kind| policy.failures.rule(*kind));
    assert!(last.into_iter().all(|rule| !rule.is_final() && rule.next == crate::policy::failure::NextRule::Yes));
    assert_eq!(policy.check(), Ok(()));
}
