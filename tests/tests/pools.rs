//! Budgets that turns share, over several sessions and threads: together they never exceed a limit, and use up all of it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use failsoft::policy::failure::{Failure, FailureKind};
use failsoft::{Call, Command, End, Event, Instant, Policy, Route, Scope, Session, Turn, Work};

const FUNCTION: Call = Call::new(Work::Function);

fn session(attempts: Option<u32>) -> Session {
    let mut policy = Policy::default();
    policy.turn.attempts = attempts;
    (policy.retry.max_attempts, policy.breaker.enabled, policy.budget.floor) = (1000, false, 1_000_000);
    Session::new(Arc::new(policy), vec![Route::new("primary")]).unwrap()
}

/// Makes attempts that fail until it may not make another, and counts them.
fn exhaust(scope: &mut Scope, session: &mut Session, made: &AtomicU32) -> End {
    let (mut call, mut now) = (FUNCTION, Instant::ZERO);
    loop {
        match call.poll(scope, session, now) {
            Command::Attempt(attempt) => {
                made.fetch_add(1, Ordering::Relaxed);
                let failure = Failure::new(FailureKind::Overloaded);
                assert!(
                    call.handle(scope, session, now, Event::Failed { id: attempt.id, failure, spent: None }).accepted()
                );
            }
            Command::Wait { until, .. } => now = until,
            Command::Finish(verdict) => return verdict.end,
            other => panic!("not expected: {other:?}"),
        }
    }
}

#[test]
fn turns_of_several_sessions_and_threads_make_exactly_as_many_attempts_as_their_pool_has() {
    const MOST: u32 = 500;
    let mut above = session(Some(MOST));
    let mut turn = Turn::new(&mut above, Arc::from([]), Instant::ZERO);
    let (made, begin) = (AtomicU32::new(0), Barrier::new(8));
    thread::scope(|threads| {
        for _ in 0..8 {
            let inherited = turn.hand_down(Instant::ZERO, true);
            let (made, begin) = (&made, &begin);
            threads.spawn(move || {
                // Half of a thread's turns has a limit of its own, which is tighter and changes nothing for the others.
                for own in [None, Some(30)] {
                    let mut session = session(own);
                    let mut scope = Scope::new(&mut session, Instant::ZERO);
                    scope.inherit(inherited.clone(), Instant::ZERO);
                    if own.is_none() {
                        begin.wait();
                    }
                    let end = exhaust(&mut scope, &mut session, made);
                    assert!(matches!(end, End::Limit(_)), "{end:?}");
                }
            });
        }
    });
    assert_eq!(made.load(Ordering::Relaxed), MOST);
    assert_eq!(exhaust(turn.scope_mut(), &mut above, &made), End::Limit(failsoft::policy::limits::Limit::Attempts));
    assert_eq!(made.load(Ordering::Relaxed), MOST, "the turn above has none left either");
}

#[test]
fn an_attempt_that_was_not_made_is_there_for_others() {
    let mut above = session(Some(1));
    let mut turn = Turn::new(&mut above, Arc::from([]), Instant::ZERO);
    let mut policy = Policy::default();
    policy.breaker.consecutive = Some(1);
    policy.retry.max_attempts = 1;
    let mut other = Session::new(Arc::new(policy), vec![Route::new("primary")]).unwrap();
    // The breaker of the other session opens by a turn that stands alone.
    let mut alone = Scope::new(&mut other, Instant::ZERO);
    assert_eq!(exhaust(&mut alone, &mut other, &AtomicU32::new(0)), End::Exhausted);
    for _ in 0..3 {
        let mut scope = Scope::new(&mut other, Instant::ZERO);
        scope.inherit(turn.hand_down(Instant::ZERO, true), Instant::ZERO);
        assert_eq!(exhaust(&mut scope, &mut other, &AtomicU32::new(0)), End::NoRoute);
    }
    let made = AtomicU32::new(0);
    assert!(matches!(exhaust(turn.scope_mut(), &mut above, &made), End::Limit(_)));
    assert_eq!(made.load(Ordering::Relaxed), 1);
}
