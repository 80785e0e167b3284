//! One request over the routes of a session, by the blocking loop.

use super::super::rig::{failure, lines, policy, session};
use super::super::{Clock as _, VirtualTime, sleeping};
use super::*;
use crate::FailureKind::{InvalidRequest, Overloaded, TimedOut};
use crate::{End, Instant, Policy, Work};
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::time::Duration;

const FUNCTION: Call = Call::new(Work::Function);

#[test]
fn a_stubbed_sleep_is_a_sleep() {
    let slept = RefCell::new(Vec::new());
    // This clock stands still.
    let time = sleeping(VirtualTime::new(), |span| slept.borrow_mut().push(span.as_millis()));
    let session = session(policy(), &["primary"]);
    let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
    let mut answers = [Err(failure(Overloaded)), Err(failure(Overloaded)), Ok("391")].into_iter();
    let answer =
        call(&session, &mut scope, FUNCTION, &time, Failure::clone, |_| answers.next().unwrap_or(Ok("too often")));
    assert_eq!(answer.ok(), Some("391"));
    assert_eq!(*slept.borrow(), [500, 1000]);
}

#[test]
fn a_permanent_error_comes_back_unchanged() {
    let (session, time) = (session(policy(), &["primary", "backup"]), VirtualTime::new());
    let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
    let classify = |_: &&str| failure(InvalidRequest);
    let ended = call(&session, &mut scope, FUNCTION, &time, classify, |_| Err::<(), _>("my own error"));
    let original = ended.err().and_then(|stopped| stopped.into_original().ok());
    assert_eq!((original, scope.attempts()), (Some("my own error"), 1));
}

#[test]
fn an_open_breaker_refuses_and_says_until_when() {
    let mut policy = policy();
    (policy.breaker.consecutive, policy.retry.max_attempts) = (Some(1), 1);
    let (session, time) = (session(policy, &["primary"]), VirtualTime::new());
    let mut requests = 0;
    let mut ask = || {
        let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
        call(&session, &mut scope, FUNCTION, &time, Failure::clone, |_| {
            requests += 1;
            Err::<(), _>(failure(Overloaded))
        })
    };
    let [first, second] = [ask().err(), ask().err()];
    assert_eq!(first.as_ref().map(Stopped::end), Some(End::Exhausted));
    assert_eq!(second.as_ref().map(Stopped::end), Some(End::NoRoute));
    assert_eq!(second.as_ref().and_then(Stopped::retry_at), Some(Instant::from_millis(5_000)));
    assert_eq!(
        second.map(|stopped| stopped.to_string()).as_deref(),
        Some("no route can be asked; primary may be asked again in 5 s")
    );
    assert_eq!(requests, 1);
}

#[cfg(feature = "std")]
#[test]
fn a_request_that_panics_gives_its_permit_back() {
    let mut policy = policy();
    (policy.breaker.consecutive, policy.retry.max_attempts) = (Some(1), 1);
    let session = session(policy, &["primary"]);
    let ask = |at: u64, answer: Option<Result<(), Failure>>| {
        let time = VirtualTime::at(Instant::from_millis(at));
        let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
        call(&session, &mut scope, FUNCTION, &time, Failure::clone, |_| {
            answer.unwrap_or_else(|| std::panic::resume_unwind(std::boxed::Box::new("mine")))
        })
    };
    assert!(ask(0, Some(Err(failure(Overloaded)))).is_err());
    // The one probe panics; the next caller is the probe then, and closes the breaker.
    let panicked = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| ask(5_000, None)));
    assert!(panicked.is_err());
    assert!(ask(5_000, Some(Ok(()))).is_ok());
    assert!(ask(5_000, Some(Ok(()))).is_ok());
}

#[test]
fn a_late_success_counts_when_nobody_had_given_up() {
    let (session, time) = (session(policy(), &["primary"]), VirtualTime::new());
    let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
    let limited = FUNCTION.timeout(Some(Duration::from_secs(1)));
    let answer = call(&session, &mut scope, limited, &time, Failure::clone, |attempt| {
        time.advance(attempt.timeout * 5);
        Ok("late")
    });
    assert_eq!((answer.ok(), lines(&session, &scope).len()), (Some("late"), 0));
}

#[test]
fn retry_says_why_it_gave_up() {
    let time = VirtualTime::new();
    let stopped = super::super::retry(&policy(), &time, Failure::clone, || {
        time.advance(Duration::from_secs(1));
        Err::<(), _>(failure(TimedOut))
    });
    assert_eq!(
        stopped.map_err(|stopped| stopped.to_string()),
        Err("gave up after 3 attempts in 3.5 s: timed_out x3".to_string())
    );
    assert_eq!(time.now(), Instant::from_millis(4_500));
}

#[test]
fn retry_obeys_the_deadline_of_the_turn_first_attempt_included() {
    let mut policy = policy();
    policy.turn.deadline = Some(Duration::from_secs(2));
    let time = VirtualTime::new();
    let mut calls = 0;
    let stopped = super::super::retry(&policy, &time, Failure::clone, || {
        calls += 1;
        time.advance(Duration::from_millis(1_600));
        Err::<(), _>(failure(Overloaded))
    });
    assert_eq!((stopped.is_err(), calls, time.slept().len()), (true, 1, 0));
}

#[test]
fn a_policy_that_does_not_hold_together_is_named_at_the_first_failure() {
    let mut wrong = Policy::default();
    wrong.retry.max_attempts = 0;
    let time = VirtualTime::new();
    assert_eq!(super::super::retry(&wrong, &time, Failure::clone, || Ok(391)).ok(), Some(391));
    let stopped = super::super::retry(&wrong, &time, Failure::clone, || Err::<(), _>(failure(Overloaded)));
    let why = stopped.map_err(|stopped| stopped.to_string()).err().unwrap_or_default();
    assert!(why.contains("retry.max_attempts: 0 is not allowed"), "{why}");
}
