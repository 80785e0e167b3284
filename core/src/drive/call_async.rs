//! One request over the routes of a session, on any executor.

use core::future::{Future, ready};
use core::marker::PhantomData;
use core::time::Duration;

use super::call::{Plain, is_rebuild};
use super::hand::{Hand, race};
use super::time::{Clock, slices};
use super::{Share, Stopped};
use crate::call::Call;
use crate::command::{Attempt, Command, RouteId};
use crate::policy::failure::Failure;
use crate::scope::Scope;

/// As [`Routes`](super::Routes), asynchronous. Write `async fn` in the implementation.
pub trait AsyncRoutes {
    /// What a request brings.
    type Value;
    /// How a request fails.
    type Error;

    /// Makes one request of `attempt.route`. It is dropped when its limit passes.
    fn request(&mut self, attempt: Attempt) -> impl Future<Output = Result<Self::Value, Self::Error>>;

    /// What kind of failure an error is.
    fn failure(&self, error: &Self::Error) -> Failure;

    /// Makes a route's client ready, or, with `rebuild`, closes it and makes it again; false if that did not work. It is dropped
    /// when its limit passes.
    fn prepare(&mut self, route: RouteId, rebuild: bool) -> impl Future<Output = bool> {
        let _ = (route, rebuild);
        ready(false)
    }
}

/// Makes a request until it works or the policy says that it is enough. As [`call`](super::call()), on any executor: `sleep` is
/// the executor's, such as `tokio::time::sleep`.
///
/// Each request is raced against its limit, with that same `sleep`, and dropped when the limit passes. Streaming calls, which
/// report progress, need a loop of their own (see [`drive`](super)).
///
/// # Errors
/// [`Stopped`], with the last error in it.
pub async fn call_async<T, E, Request, Sleep>(
    share: &impl Share,
    scope: &mut Scope,
    call: Call,
    clock: &impl Clock,
    sleep: impl Fn(Duration) -> Sleep,
    classify: impl Fn(&E) -> Failure,
    request: impl FnMut(Attempt) -> Request,
) -> Result<T, Stopped<E>>
where
    Request: Future<Output = Result<T, E>>,
    Sleep: Future,
{
    call_routes_async(share, scope, call, clock, sleep, &mut Plain { classify, request, brings: PhantomData }).await
}

/// As [`call_async`], with hooks that make the clients of routes.
///
/// # Errors
/// [`Stopped`], with the last error in it.
pub async fn call_routes_async<R: AsyncRoutes, Sleep: Future>(
    share: &impl Share,
    scope: &mut Scope,
    call: Call,
    clock: &impl Clock,
    sleep: impl Fn(Duration) -> Sleep,
    routes: &mut R,
) -> Result<R::Value, Stopped<R::Error>> {
    let mut hand = Hand::new(share, scope, call, clock);
    let mut last = None;
    // What works at once never becomes a machine.
    if let Some((admitted, attempt)) = hand.enter() {
        match race(routes.request(attempt), || sleep(attempt.timeout)).await {
            Some(Ok(value)) => {
                hand.settle(admitted, Ok(()));
                return Ok(value);
            }
            Some(Err(error)) => {
                hand.settle(admitted, Err(routes.failure(&error)));
                last = Some(error);
            }
            None => hand.expired(attempt.until),
        }
    }
    go_on(hand, sleep, routes, last).await
}

/// The loop.
pub(super) async fn go_on<R: AsyncRoutes, Sleep: Future>(
    mut hand: Hand<'_, impl Share, impl Clock>,
    sleep: impl Fn(Duration) -> Sleep,
    routes: &mut R,
    mut last: Option<R::Error>,
) -> Result<R::Value, Stopped<R::Error>> {
    loop {
        match hand.poll() {
            Command::Attempt(attempt) => match race(routes.request(attempt), || sleep(attempt.timeout)).await {
                Some(Ok(value)) => {
                    if hand.succeeded(attempt.id) {
                        return Ok(value);
                    }
                }
                Some(Err(error)) => {
                    hand.failed(attempt.id, routes.failure(&error));
                    last = Some(error);
                }
                None => {
                    hand.expired(attempt.until);
                    last = None;
                }
            },
            Command::Wait { id, delay, .. } => {
                for slice in slices(delay) {
                    sleep(slice).await;
                }
                hand.waited(id);
            }
            change @ (Command::Rebuild { id, route, until, .. } | Command::Switch { id, route, until, .. }) => {
                let limit = until - hand.clock.now();
                match race(routes.prepare(route, is_rebuild(change)), || sleep(limit)).await {
                    Some(ready) => hand.prepared(id, ready),
                    None => hand.expired(until),
                }
            }
            Command::Cancel { id, .. } | Command::AskApproval { id, .. } => hand.taken(id),
            Command::Finish(verdict) => return Err(hand.stopped(verdict, last)),
        }
    }
}

impl<T, E, C, F, Request> AsyncRoutes for Plain<C, F, (T, E)>
where
    C: Fn(&E) -> Failure,
    F: FnMut(Attempt) -> Request,
    Request: Future<Output = Result<T, E>>,
{
    type Value = T;
    type Error = E;

    fn request(&mut self, attempt: Attempt) -> impl Future<Output = Result<T, E>> {
        (self.request)(attempt)
    }

    fn failure(&self, error: &E) -> Failure {
        (self.classify)(error)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::{failure, lines, policy, session};
    use super::super::{Routes, VirtualTime, call_routes};
    use super::*;
    use crate::FailureKind::{Connect, InvalidRequest, Malformed, NotFound, Overloaded, RateLimited};
    use crate::{FailureKind, Instant, Work};
    use alloc::vec::Vec;
    use core::cell::RefCell;
    use core::future::pending;

    const FUNCTION: Call = Call::new(Work::Function);

    /// Answers from a list, blocking or not; notes what it was asked.
    struct Scripted<'a> {
        time: &'a VirtualTime,
        script: Vec<FailureKind>,
        asked: Vec<(Instant, Option<RouteId>, u32)>,
        prepared: Vec<(RouteId, bool)>,
    }

    impl<'a> Scripted<'a> {
        fn new(time: &'a VirtualTime, script: &[FailureKind]) -> Self {
            let script = script.iter().rev().copied().collect();
            Self { time, script, asked: Vec::new(), prepared: Vec::new() }
        }
    }

    impl Routes for Scripted<'_> {
        type Value = &'static str;
        type Error = Failure;

        fn request(&mut self, attempt: &Attempt) -> Result<&'static str, Failure> {
            self.asked.push((self.time.now(), attempt.route, attempt.number));
            self.script.pop().map_or(Ok("391"), |kind| Err(failure(kind)))
        }

        fn failure(&self, error: &Failure) -> Failure {
            *error
        }

        fn prepare(&mut self, route: RouteId, rebuild: bool) -> bool {
            self.prepared.push((route, rebuild));
            route != RouteId(1)
        }
    }

    impl AsyncRoutes for Scripted<'_> {
        type Value = &'static str;
        type Error = Failure;

        async fn request(&mut self, attempt: Attempt) -> Result<&'static str, Failure> {
            Routes::request(self, &attempt)
        }

        fn failure(&self, error: &Failure) -> Failure {
            *error
        }

        async fn prepare(&mut self, route: RouteId, rebuild: bool) -> bool {
            Routes::prepare(self, route, rebuild)
        }
    }

    #[test]
    fn both_loops_make_the_same_of_everything() {
        let scripts: [&[FailureKind]; 8] = [
            &[],
            &[Overloaded, Overloaded],
            &[Overloaded; 9],
            &[Connect, Connect, Connect, Overloaded],
            &[Connect; 9],
            &[NotFound, RateLimited],
            &[Malformed, Malformed, Malformed],
            &[InvalidRequest],
        ];
        for script in scripts {
            let blocking = {
                let (session, time) = (session(policy(), &["!primary", "!broken", "!backup"]), VirtualTime::new());
                let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
                let mut routes = Scripted::new(&time, script);
                let ended = call_routes(&session, &mut scope, FUNCTION, &time, &mut routes);
                let ended = ended.map_err(|stopped| alloc::format!("{stopped:?}"));
                (ended, session.into_inner(), scope, routes.asked, routes.prepared)
            };
            let asynchronous = {
                let (session, time) = (session(policy(), &["!primary", "!broken", "!backup"]), VirtualTime::new());
                let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
                let mut routes = Scripted::new(&time, script);
                let sleep = |span| time.nap(span);
                let ended = time.run(call_routes_async(&session, &mut scope, FUNCTION, &time, sleep, &mut routes));
                let ended = ended.map(|ended| ended.map_err(|stopped| alloc::format!("{stopped:?}")));
                (ended, session.into_inner(), scope, routes.asked, routes.prepared)
            };
            let (ended, session, scope, asked, prepared) = blocking;
            assert_eq!(asynchronous, (Some(ended), session, scope, asked, prepared), "{script:?}");
        }
    }

    #[test]
    fn a_hung_request_is_dropped_at_its_limit_and_made_afresh() {
        let (session, time) = (session(policy(), &["primary"]), VirtualTime::new());
        let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
        let limited = FUNCTION.timeout(Some(Duration::from_secs(2)));
        let asked = RefCell::new(Vec::new());
        let request = |attempt: Attempt| {
            asked.borrow_mut().push(time.now().as_millis());
            async move { if attempt.number == 1 { pending().await } else { Ok::<_, Failure>("fresh") } }
        };
        let call = call_async(&session, &mut scope, limited, &time, |span| time.nap(span), Failure::clone, request);
        let answer = time.run(call);
        assert_eq!(answer.and_then(Result::ok), Some("fresh"));
        assert_eq!(*asked.borrow(), [0, 2_500]);
        assert_eq!(
            lines(&session, &scope),
            ["primary: attempt 1 failed: timed_out; asking again in 0.5 s", "primary: worked after 1 failed attempt"]
        );
    }

    #[test]
    fn with_a_stubbed_sleep_every_hung_request_is_given_up_on_at_once() {
        let session = session(policy(), &["primary"]);
        let time = VirtualTime::new();
        let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
        let stubbed = |_| core::future::ready(());
        let hung = |_| pending::<Result<(), Failure>>();
        let call = call_async(&session, &mut scope, FUNCTION, &time, stubbed, Failure::clone, hung);
        assert!(time.run(call).is_some_and(|ended| ended.is_err()));
        assert_eq!((scope.attempts(), time.now()), (3, Instant::ZERO));
    }

    #[test]
    fn dropped_half_way_it_gives_its_permit_back() {
        let mut policy = policy();
        (policy.breaker.consecutive, policy.retry.max_attempts) = (Some(1), 1);
        let session = session(policy, &["primary"]);
        let ask = |at: u64, answer: Option<Result<(), Failure>>| {
            let time = VirtualTime::at(Instant::from_millis(at));
            let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
            let request = |_| async { if let Some(answer) = answer { answer } else { pending().await } };
            // Nothing sleeps here but the limit of the attempt, and that is stubbed to never pass.
            let sleep = |_| pending::<()>();
            let ended = time.run(call_async(&session, &mut scope, FUNCTION, &time, sleep, Failure::clone, request));
            ended.map(|ended| ended.is_ok())
        };
        assert_eq!(ask(0, Some(Err(failure(Overloaded)))), Some(false));
        let before = session.borrow().clone();
        assert_eq!(ask(5_000, None), None);
        assert_eq!(session.borrow().breaker(RouteId(0), Instant::from_millis(5_000)).name(), "half_open");
        assert_ne!(*session.borrow(), before);
        assert_eq!(ask(5_000, Some(Ok(()))), Some(true));
    }

    #[test]
    fn the_first_attempt_of_a_plain_retry_has_its_limit_too() {
        let mut policy = policy();
        policy.attempt.timeout = Duration::from_secs(2);
        let time = VirtualTime::new();
        let mut calls = 0;
        let retry = super::super::retry_async(
            &policy,
            &time,
            |span| time.nap(span),
            Failure::clone,
            || {
                calls += 1;
                let hangs = calls == 1;
                async move { if hangs { pending().await } else { Ok("fresh") } }
            },
        );
        assert_eq!(time.run(retry).and_then(Result::ok), Some("fresh"));
        assert_eq!((calls, time.now()), (2, Instant::from_millis(2_500)));
    }

    #[cfg(feature = "std")]
    #[test]
    fn it_can_be_spawned_on_other_threads() {
        fn spawned<F: Future + Send>(_: F) {}
        let time = super::super::RealTime::new();
        let share = std::sync::Mutex::new(session(policy(), &["primary"]).into_inner());
        let mut scope =
            share.lock().map_or_else(|_| unreachable!(), |mut session| Scope::new(&mut session, time.now()));
        let sleep = |_| core::future::ready(());
        let request = |_| async { Ok::<_, Failure>(()) };
        spawned(call_async(&share, &mut scope, FUNCTION, &time, sleep, Failure::clone, request));
    }
}
