//! One request over the routes of a session, blocking.

use super::driver::Driver;
use super::time::{Time, slices};
use super::{Share, Stopped};
use crate::call::Call;
use crate::command::{Attempt, Command, RouteId};
use crate::policy::failure::Failure;
use crate::scope::Scope;

/// The routes as the host has them: how each is asked, what its errors mean, and how its client is made.
pub trait Routes {
    /// What a request brings.
    type Value;
    /// How a request fails.
    type Error;

    /// Makes one request: of `attempt.route`, within `attempt.timeout`.
    ///
    /// # Errors
    /// Whatever went wrong. The last error comes back in [`Stopped`].
    fn request(&mut self, attempt: &Attempt) -> Result<Self::Value, Self::Error>;

    /// What kind of failure an error is.
    fn failure(&self, error: &Self::Error) -> Failure;

    /// Makes a route's client ready, or, with `rebuild`, closes it and makes it again; false if that did not work. Asked only
    /// for routes with [`Route::activates`](crate::Route::activates).
    fn prepare(&mut self, route: RouteId, rebuild: bool) -> bool {
        let _ = (route, rebuild);
        false
    }
}

/// Makes a request until it works or the policy says that it is enough.
///
/// `request` is given the attempt: which route to ask, how long it may take, an idempotency key. `classify` says what kind of
/// failure an error is. Where errors are failures already, it is `Failure::clone`.
///
/// It makes one request at a time, so it never hedges, whatever the policy says.
///
/// # Errors
/// [`Stopped`], with the last error in it.
///
/// # Examples
/// ```
/// use std::cell::RefCell;
/// use failsoft::drive::{self, Clock, VirtualTime};
/// use failsoft::{Call, Failure, FailureKind, Policy, Route, RouteId, Scope, Session, Work};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let routes = vec![Route::new("primary"), Route::new("backup")];
/// let session = RefCell::new(Session::new(Policy::default().into(), routes)?);
/// let time = VirtualTime::new();
/// let mut turn = Scope::new(&mut session.borrow_mut(), time.now());
///
/// let answer = drive::call(&session, &mut turn, Call::new(Work::Function), &time, Failure::clone, |attempt| {
///     if attempt.route == Some(RouteId(0)) { Err(Failure::new(FailureKind::NotFound)) } else { Ok("391") }
/// });
/// assert_eq!(answer.ok(), Some("391"));
/// # Ok(())
/// # }
/// ```
pub fn call<T, E>(
    share: &impl Share,
    scope: &mut Scope,
    call: Call,
    time: &impl Time,
    classify: impl Fn(&E) -> Failure,
    request: impl FnMut(&Attempt) -> Result<T, E>,
) -> Result<T, Stopped<E>> {
    call_routes(share, scope, call, time, &mut Plain { classify, request, brings: core::marker::PhantomData })
}

/// As [`call()`], with hooks that make the clients of routes.
///
/// # Errors
/// [`Stopped`], with the last error in it.
pub fn call_routes<R: Routes>(
    share: &impl Share,
    scope: &mut Scope,
    call: Call,
    time: &impl Time,
    routes: &mut R,
) -> Result<R::Value, Stopped<R::Error>> {
    let mut driver = Driver::new(share, scope, call, time);
    let mut last = None;
    // What works at once never becomes a machine.
    if let Some(attempt) = driver.enter() {
        match routes.request(&attempt) {
            Ok(value) => {
                driver.settle(Ok(()));
                return Ok(value);
            }
            Err(error) => {
                driver.settle(Err(routes.failure(&error)));
                last = Some(error);
            }
        }
    }
    go_on(driver, time, routes, last)
}

/// The loop.
pub(super) fn go_on<R: Routes, T: Time>(
    mut driver: Driver<'_, impl Share, T>,
    time: &T,
    routes: &mut R,
    mut last: Option<R::Error>,
) -> Result<R::Value, Stopped<R::Error>> {
    loop {
        match driver.poll() {
            Command::Attempt(attempt) => match routes.request(&attempt) {
                Ok(value) => {
                    if driver.succeeded(attempt.id) {
                        return Ok(value);
                    }
                }
                Err(error) => {
                    driver.failed(attempt.id, routes.failure(&error));
                    last = Some(error);
                }
            },
            Command::Wait { id, delay, .. } => {
                slices(delay).for_each(|slice| time.sleep(slice));
                driver.waited(id);
            }
            change @ (Command::Rebuild { id, route, .. } | Command::Switch { id, route, .. }) => {
                driver.prepared(id, routes.prepare(route, is_rebuild(change)));
            }
            Command::Cancel { id, .. } | Command::AskApproval { id, .. } => driver.taken(id),
            Command::Finish(verdict) => return Err(driver.stopped(verdict, last)),
        }
    }
}

pub(super) const fn is_rebuild(change: Command) -> bool {
    matches!(change, Command::Rebuild { .. })
}

/// Routes without hooks.
pub(super) struct Plain<C, F, B> {
    pub(super) classify: C,
    pub(super) request: F,
    pub(super) brings: core::marker::PhantomData<B>,
}

impl<T, E, C, F> Routes for Plain<C, F, (T, E)>
where
    C: Fn(&E) -> Failure,
    F: FnMut(&Attempt) -> Result<T, E>,
{
    type Value = T;
    type Error = E;

    fn request(&mut self, attempt: &Attempt) -> Result<T, E> {
        (self.request)(attempt)
    }

    fn failure(&self, error: &E) -> Failure {
        (self.classify)(error)
    }
}

#[cfg(test)]
mod tests {
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
}
