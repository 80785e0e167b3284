//! What calls share without being in each other's way: a scope, a session, a session that was stored.

use std::sync::Arc;
use std::time::Duration;

use failsoft::command::Event;
use failsoft::{Attempt, Call, Command, Failure, FailureKind, Instant, Policy, Route, RouteId, Scope, Session, Work};

const FUNCTION: Call = Call::new(Work::Function);

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn policy() -> Arc<Policy> {
    let mut policy = Policy::default();
    (policy.breaker.consecutive, policy.retry.max_attempts) = (Some(1), 1);
    Arc::new(policy)
}

fn chain() -> Vec<Route> {
    vec![Route::new("primary")]
}

fn attempt(call: &mut Call, scope: &mut Scope, session: &mut Session, now: Instant) -> Attempt {
    match call.poll(scope, session, now) {
        Command::Attempt(attempt) => attempt,
        other => panic!("not an attempt: {other:?}"),
    }
}

#[test]
fn a_cancel_is_for_the_call_that_it_is_about() {
    let mut session = Session::new(policy(), chain()).unwrap();
    let mut scope = Scope::new(&mut session, at(0));
    let (mut slow, mut other) = (FUNCTION.timeout(Some(Duration::from_secs(1))), FUNCTION);
    let id = attempt(&mut slow, &mut scope, &mut session, at(0)).id;
    let other_id = attempt(&mut other, &mut scope, &mut session, at(0)).id;
    assert!(slow.handle(&mut scope, &mut session, at(0), Event::Taken(id)).accepted());
    assert!(matches!(slow.poll(&mut scope, &mut session, at(1_000)), Command::Cancel { id: of, .. } if of == id));
    assert_eq!(attempt(&mut other, &mut scope, &mut session, at(1_000)).id, other_id);
    assert!(matches!(slow.poll(&mut scope, &mut session, at(1_000)), Command::Cancel { id: of, .. } if of == id));
    assert!(slow.handle(&mut scope, &mut session, at(1_000), Event::Taken(id)).accepted());
    assert!(matches!(slow.poll(&mut scope, &mut session, at(1_000)), Command::Finish(_)));
}

#[test]
fn a_request_after_a_restore_has_a_key_of_its_own() {
    let mut session = Session::new(policy(), chain()).unwrap();
    let stored = session.snapshot(at(0), 0);
    let key = |session: &mut Session| {
        let mut scope = Scope::new(session, at(0));
        attempt(&mut { FUNCTION }, &mut scope, session, at(0)).idempotency_key().unwrap()
    };
    // This turn is begun after the snapshot was taken, and the restored session does not know of it.
    let before = key(&mut session);
    let mut restored = Session::restore(&stored, policy(), chain(), 1, at(0), 0).unwrap();
    assert_ne!(key(&mut restored), before);
}

#[test]
fn a_probe_lapses_on_another_clock_too() {
    let (mut session, old) = (Session::new(policy(), chain()).unwrap(), 1_000_000_000);
    let (mut scope, mut call) = (Scope::new(&mut session, at(old)), FUNCTION);
    let id = attempt(&mut call, &mut scope, &mut session, at(old)).id;
    let failed = Event::Failed { id, failure: Failure::new(FailureKind::Overloaded), spent: None };
    assert!(call.handle(&mut scope, &mut session, at(old), failed).accepted());
    attempt(&mut { FUNCTION }, &mut scope, &mut session, at(old + 5_000));

    let stored = session.snapshot(at(old + 5_000), 0);
    let mut session = Session::restore(&stored, policy(), chain(), 1, at(0), 0).unwrap();
    let mut scope = Scope::new(&mut session, at(0));
    let limit = Some(Duration::from_secs(1));
    attempt(&mut FUNCTION.timeout(limit), &mut scope, &mut session, at(0));
    // It is never heard of again.
    let mut scope = Scope::new(&mut session, at(6_000));
    attempt(&mut { FUNCTION }, &mut scope, &mut session, at(6_000));
}

#[test]
fn a_window_that_is_cut_in_another_way_begins_anew() {
    let windows = |seconds| {
        let mut policy = Policy::default();
        policy.breaker.window = Duration::from_secs(seconds);
        Arc::new(policy)
    };
    let fail = |session: &mut Session, now: Instant| {
        let (mut scope, mut call) = (Scope::new(session, now), FUNCTION);
        let id = attempt(&mut call, &mut scope, session, now).id;
        let failed = Event::Failed { id, failure: Failure::new(FailureKind::Unknown), spent: None };
        assert!(call.handle(&mut scope, session, now, failed).accepted());
    };
    let mut session = Session::new(windows(30), chain()).unwrap();
    (0..4).for_each(|_| fail(&mut session, at(1_000_000)));
    let stored = session.snapshot(at(1_000_000), 0);
    let mut session = Session::restore(&stored, windows(3_600), chain(), 1, at(1_000_000), 0).unwrap();
    // Three of the new windows later.
    let later = at(1_000_000 + 3 * 3_600_000);
    fail(&mut session, later);
    assert_eq!(session.breaker(RouteId(0), later).name(), "closed");
}

#[test]
fn what_was_slow_by_another_number_is_not_counted_on() {
    type Change = fn(&mut Policy);
    let policy = |change: Change| {
        let mut policy = Policy::default();
        policy.breaker.slow = Some(Duration::from_secs(1));
        change(&mut policy);
        Arc::new(policy)
    };
    let before = policy(|_| {});
    let mut session = Session::new(before.clone(), chain()).unwrap();
    let (mut scope, mut call) = (Scope::new(&mut session, at(0)), FUNCTION);
    let id = attempt(&mut call, &mut scope, &mut session, at(0)).id;
    assert!(call.handle(&mut scope, &mut session, at(1_000), Event::Succeeded(id)).accepted());
    let stored = session.snapshot(at(1_000), 0);
    let restored = |policy: &Arc<Policy>| {
        let session = Session::restore(&stored, policy.clone(), chain(), 1, at(1_000), 0).unwrap();
        let metrics = session.breaker_metrics(RouteId(0), at(1_000));
        (metrics.calls, metrics.slow)
    };
    assert_eq!(restored(&before), (1, 1));
    let others: [Change; 3] = [
        |policy| policy.breaker.slow = Some(Duration::from_secs(2)),
        |policy| policy.breaker.slow = None,
        |policy| policy.breaker.count_window = Some(20),
    ];
    for other in others {
        assert_eq!(restored(&policy(other)), (0, 0));
    }
}
