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
    script: RefCell<Vec<FailureKind>>,
    asked: RefCell<Vec<(Instant, Option<RouteId>, u32)>>,
    prepared: RefCell<Vec<(RouteId, bool)>>,
}

impl<'a> Scripted<'a> {
    fn new(time: &'a VirtualTime, script: &[FailureKind]) -> Self {
        let script = script.iter().rev().copied().collect();
        Self { time, script: RefCell::new(script), asked: RefCell::default(), prepared: RefCell::default() }
    }

    fn ask(&self, attempt: &Attempt) -> Result<&'static str, Failure> {
        self.asked.borrow_mut().push((self.time.now(), attempt.route, attempt.number));
        self.script.borrow_mut().pop().map_or(Ok("391"), |kind| Err(failure(kind)))
    }

    fn make(&self, route: RouteId, rebuild: bool) -> bool {
        self.prepared.borrow_mut().push((route, rebuild));
        route != RouteId(1)
    }
}

impl Routes for Scripted<'_> {
    type Value = &'static str;
    type Error = Failure;

    fn request(&mut self, attempt: &Attempt) -> Result<&'static str, Failure> {
        self.ask(attempt)
    }

    fn failure(&self, error: &Failure) -> Failure {
        *error
    }

    fn prepare(&mut self, route: RouteId, rebuild: bool) -> bool {
        self.make(route, rebuild)
    }
}

impl AsyncRoutes for Scripted<'_> {
    type Value = &'static str;
    type Error = Failure;

    async fn request(&self, attempt: Attempt) -> Result<&'static str, Failure> {
        self.ask(&attempt)
    }

    fn failure(&self, error: &Failure) -> Failure {
        *error
    }

    async fn prepare(&self, route: RouteId, rebuild: bool) -> bool {
        self.make(route, rebuild)
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
            let routes = Scripted::new(&time, script);
            let sleep = |span| time.nap(span);
            let ended = time.run(call_routes_async(&session, &mut scope, FUNCTION, &time, sleep, &routes));
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
        ["primary: attempt 1 failed: timed_out; asking again in 0.5 s", "primary: succeeded after 1 failed attempt"]
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

/// What two routes bring when the first one answers after so long and the second one after so long, hedged after 2 s; and what the
/// turn is told. `None` hangs.
fn raced(first: Option<u64>, second: Option<u64>) -> (Option<&'static str>, u64, Vec<alloc::string::String>) {
    let mut policy = policy();
    policy.hedge.delay = Some(Duration::from_secs(2));
    policy.attempt.timeout = Duration::from_secs(60);
    let (session, time) = (session(policy, &["primary", "backup"]), VirtualTime::new());
    let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
    let request = |attempt: Attempt| {
        let first_one = attempt.route == Some(RouteId(0));
        let (answer, took) = if first_one { ("primary's", first) } else { ("backup's", second) };
        let time = &time;
        async move {
            match took {
                Some(took) => time.nap(Duration::from_millis(took)).await,
                None => pending().await,
            }
            if took == Some(3_000) { Err(failure(Overloaded)) } else { Ok(answer) }
        }
    };
    let call = call_async(&session, &mut scope, FUNCTION, &time, |span| time.nap(span), Failure::clone, request);
    let answer = time.run(call).and_then(Result::ok);
    assert_eq!(scope.pending_cancel(None), None, "nothing is left to be stopped");
    (answer, time.now().as_millis(), lines(&session, &scope))
}

#[test]
fn a_slow_request_is_raced_with_another_one() {
    let asked = "backup: asked as a hedge, after 2 s without an answer";
    assert_eq!(raced(Some(1_900), Some(0)), (Some("primary's"), 1_900, [].into()));
    assert_eq!(raced(Some(2_500), Some(1_000)), (Some("primary's"), 2_500, [asked.into()].into()));
    let won = ["backup: hedge answered first"].map(Into::into);
    assert_eq!(raced(None, Some(1_000)), (Some("backup's"), 3_000, [&[asked.into()], &won[..]].concat()));
    let (answer, took, told) = raced(Some(3_000), Some(1_500));
    assert_eq!((answer, took), (Some("backup's"), 3_500));
    assert_eq!(told.last().map(|line| line.as_str()), Some("backup: succeeded after 1 failed attempt"));
    let (answer, took, _) = raced(Some(10_000), Some(3_000));
    assert_eq!((answer, took), (Some("primary's"), 10_000));
    assert_eq!(raced(None, None).0, None);
}

#[test]
fn dropped_over_two_requests_it_gives_both_permits_back() {
    let mut policy = policy();
    policy.hedge.delay = Some(Duration::from_secs(2));
    let (session, time) = (session(policy, &["primary", "backup"]), VirtualTime::new());
    let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
    let hung = |_| pending::<Result<(), Failure>>();
    let call = call_async(&session, &mut scope, FUNCTION, &time, |span| time.nap(span), Failure::clone, hung);
    let dropped = time.run(super::race(call, || time.nap(Duration::from_secs(3))));
    assert_eq!(dropped.map(|ended| ended.is_none()), Some(true));
    assert_eq!((scope.attempts(), scope.pending_cancel(None)), (2, None));
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
    let mut scope = share.lock().map_or_else(|_| unreachable!(), |mut session| Scope::new(&mut session, time.now()));
    let sleep = |_| core::future::ready(());
    let request = |_| async { Ok::<_, Failure>(()) };
    spawned(call_async(&share, &mut scope, FUNCTION, &time, sleep, Failure::clone, request));
}
