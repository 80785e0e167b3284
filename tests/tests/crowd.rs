//! A hundred callers at once: exactly one of them probes, and nobody waits for a lock over anybody's code.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use failsoft::breakers::{Breakers, MOST_KEYS};
use failsoft::drive::{self, Clock, Time};
use failsoft::policy::Breaker;
use failsoft::policy::breaker::{BreakerState, Outcome};
use failsoft::{Attempt, Call, Failure, FailureKind, Instant, Policy, Route, RouteId, Scope, Session, Work};

const CALLERS: u32 = 100;

/// A clock that stands.
struct Still(Instant);

impl Clock for Still {
    fn now(&self) -> Instant {
        self.0
    }
}

impl Time for Still {
    fn sleep(&self, _: std::time::Duration) {}
}

fn breaker() -> Breaker {
    Breaker { consecutive: Some(1), ..Breaker::default() }
}

fn session() -> Mutex<Session> {
    let mut policy = Policy { breaker: breaker(), ..Policy::default() };
    policy.retry.max_attempts = 1;
    Mutex::new(Session::new(Arc::new(policy), vec![Route::new("primary"), Route::new("backup")]).unwrap())
}

fn call(
    session: &Mutex<Session>,
    now: Instant,
    request: impl FnMut(&Attempt) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut scope = Scope::new(&mut session.lock().unwrap(), now);
    drive::call(session, &mut scope, Call::new(Work::Function), &Still(now), Failure::clone, request)
        .map_err(|_| Failure::new(FailureKind::Unknown))
}

fn state(session: &Mutex<Session>, now: Instant) -> BreakerState {
    session.lock().unwrap().breaker(RouteId(0), now)
}

/// Runs so many threads that begin together.
fn crowd(count: u32, work: impl Fn() + Sync) {
    let begin = Barrier::new(count as usize);
    thread::scope(|threads| {
        for _ in 0..count {
            threads.spawn(|| {
                begin.wait();
                work();
            });
        }
    });
}

#[test]
fn of_100_threads_exactly_one_probes_a_route() {
    let (session, later) = (session(), Instant::from_millis(5_000));
    let broken = |attempt: &Attempt| match attempt.route {
        Some(RouteId(0)) => Err(Failure::new(FailureKind::Overloaded)),
        _ => Ok(()),
    };
    assert_eq!(call(&session, Instant::ZERO, broken), Ok(()));
    assert_eq!(state(&session, later), BreakerState::HalfOpen);
    let (probes, others) = (AtomicU32::new(0), AtomicU32::new(0));
    crowd(CALLERS, || {
        let request = |attempt: &Attempt| {
            if attempt.route == Some(RouteId(0)) {
                probes.fetch_add(1, Ordering::SeqCst);
                // The probe lasts until all others have been elsewhere.
                while others.load(Ordering::SeqCst) < CALLERS - 1 {
                    thread::yield_now();
                }
            } else {
                others.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        };
        assert_eq!(call(&session, later, request), Ok(()));
    });
    assert_eq!((probes.into_inner(), others.into_inner()), (1, CALLERS - 1));
    assert_eq!(state(&session, later), BreakerState::Closed);
}

#[test]
fn of_100_threads_exactly_one_probes_each_key() {
    let breakers = Mutex::new(Breakers::new(breaker(), MOST_KEYS).unwrap());
    let later = Instant::from_millis(5_000);
    for key in [None, Some("a"), Some("b")] {
        let permit = breakers.lock().unwrap().admit(key, Instant::ZERO, Instant::NEVER).unwrap();
        breakers.lock().unwrap().settle(Instant::ZERO, permit, Outcome::Failed);
    }
    for key in [None, Some("a"), Some("b")] {
        let (probes, refused) = (Mutex::new(Vec::new()), AtomicU32::new(0));
        crowd(CALLERS, || match breakers.lock().unwrap().admit(key, later, Instant::NEVER) {
            Ok(permit) => probes.lock().unwrap().push(permit),
            Err(_) => {
                refused.fetch_add(1, Ordering::SeqCst);
            }
        });
        let probes = probes.into_inner().unwrap();
        assert_eq!((probes.len(), refused.into_inner()), (1, CALLERS - 1), "key {key:?}");
        breakers.lock().unwrap().settle(later, probes[0], Outcome::Passed);
        assert_eq!(breakers.lock().unwrap().metrics(key, later).state, BreakerState::Closed);
    }
}

#[test]
fn twenty_threads_are_inside_one_route_at_a_time() {
    let (session, inside) = (session(), Barrier::new(20));
    // Nobody gets past before all are inside: a lock held over the request would keep the second one out for ever.
    crowd(20, || {
        let request = |_: &Attempt| {
            inside.wait();
            Ok(())
        };
        assert_eq!(call(&session, Instant::ZERO, request), Ok(()));
    });
    assert_eq!(session.lock().unwrap().breaker_metrics(RouteId(0), Instant::ZERO).calls, 20);
}
