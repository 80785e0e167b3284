//! A plain function, asked again when it fails. There is nothing to admit, so nothing is made until the first failure.

use alloc::format;
use alloc::sync::Arc;
use core::cell::RefCell;
use core::future::{Future, ready};
use core::marker::PhantomData;
use core::time::Duration;

use super::Stopped;
use super::call::{Plain, go_on};
use super::call_async::go_on as go_on_async;
use super::driver::{Driver, race, timed_out};
use super::time::{Clock, Time};
use crate::call::Call;
use crate::command::{Attempt, End, Verdict, Work};
use crate::policy::Policy;
use crate::policy::failure::Failure;
use crate::scope::Scope;
use crate::session::Session;
use crate::time::Instant;

/// Asks a function again until it works or the policy says that it is enough: `policy.retry`, and `policy.turn.deadline` if it
/// is set.
///
/// As fast as the bare call when it works: the clock is not read (unless there is a deadline) and nothing is allocated. A limit
/// for each attempt is the function's own affair; see [`with_deadline`](super::with_deadline).
///
/// # Errors
/// [`Stopped`], with the last error in it. A policy that does not hold together stops at the first failure and says what is
/// wrong with it.
///
/// # Examples
/// ```
/// use failsoft::drive::{VirtualTime, retry};
/// use failsoft::policy::retry::Jitter;
/// use failsoft::{Failure, FailureKind, Policy};
///
/// let mut policy = Policy::default();
/// policy.retry.jitter = Jitter::None;
/// let time = VirtualTime::new(); // RealTime::new() outside of tests
/// let mut calls = 0;
/// let answer = retry(&policy, &time, Failure::clone, || {
///     calls += 1;
///     if calls < 3 { Err(Failure::new(FailureKind::Overloaded)) } else { Ok("391") }
/// });
/// assert_eq!(answer.ok(), Some("391"));
/// assert_eq!(time.slept().iter().map(|slept| slept.as_secs_f64()).collect::<Vec<_>>(), [0.5, 1.0]);
/// ```
pub fn retry<T, E>(
    policy: &Policy,
    time: &impl Time,
    classify: impl Fn(&E) -> Failure,
    mut f: impl FnMut() -> Result<T, E>,
) -> Result<T, Stopped<E>> {
    let began = policy.turn.deadline.map(|_| time.now());
    let error = match f() {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let failure = classify(&error);
    let (session, mut scope) = match begin(policy, began, failure, time) {
        Ok(begun) => begun,
        Err((verdict, why)) => return Err(Stopped::new(verdict, why, Some(error))),
    };
    let mut driver = Driver::new(&session, &mut scope, Call::new(Work::Function), time);
    if driver.enter_at(began).is_some() {
        driver.settle(Err(failure));
    }
    let request = |_: &Attempt| f();
    go_on(driver, time, &mut Plain { classify, request, brings: PhantomData }, Some(error))
}

/// As [`retry`], on any executor: `sleep` is the executor's, such as `tokio::time::sleep`. Each attempt is dropped when
/// `policy.attempt.timeout` passes.
///
/// # Errors
/// [`Stopped`], with the last error in it.
pub async fn retry_async<T, E, Request, Sleep>(
    policy: &Policy,
    clock: &impl Clock,
    sleep: impl Fn(Duration) -> Sleep,
    classify: impl Fn(&E) -> Failure,
    mut f: impl FnMut() -> Request,
) -> Result<T, Stopped<E>>
where
    Request: Future<Output = Result<T, E>>,
    Sleep: Future,
{
    let began = policy.turn.deadline.map(|_| clock.now());
    let limit = policy.turn.deadline.map_or(policy.attempt.timeout, |deadline| deadline.min(policy.attempt.timeout));
    let (failure, last, began) = match race(f(), || sleep(limit)).await {
        Some(Ok(value)) => return Ok(value),
        Some(Err(error)) => (classify(&error), Some(error), began),
        None => (timed_out(), None, began.or_else(|| Some(clock.now() - limit))),
    };
    let (session, mut scope) = match begin(policy, began, failure, clock) {
        Ok(begun) => begun,
        Err((verdict, why)) => return Err(Stopped::new(verdict, why, last)),
    };
    let mut driver = Driver::new(&session, &mut scope, Call::new(Work::Function), clock);
    if let Some(attempt) = driver.enter_at(began) {
        match last {
            Some(_) => driver.settle(Err(failure)),
            None => driver.expired(attempt.until),
        }
    }
    go_on_async(driver, sleep, classify, |_| f(), |_, _| ready(false), last).await
}

/// What the retry is decided with, made at the first failure.
fn begin(
    policy: &Policy,
    began: Option<Instant>,
    failure: Failure,
    clock: &impl Clock,
) -> Result<(RefCell<Session>, Scope), (Verdict, alloc::string::String)> {
    match Session::without_routes(Arc::new(policy.clone())) {
        Ok(mut session) => {
            let scope = Scope::new(&mut session, began.unwrap_or_else(|| clock.now()));
            Ok((RefCell::new(session), scope))
        }
        Err(wrong) => {
            let verdict = Verdict { failure: Some(failure), ..Verdict::new(End::Permanent) };
            Err((verdict, format!("not tried again, because the policy is not valid: {wrong}")))
        }
    }
}
