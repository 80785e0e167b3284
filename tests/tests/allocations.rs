//! No allocation on a call's success path: breaker, deadline, fallback and retry are all on.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use failsoft::{Call, Command, Event, Handled, Instant, Policy, Route, Scope, Session, Work};

const CALLS: u64 = 1_000;

fn session() -> (Session, Scope) {
    let mut policy = Policy::default();
    policy.turn.deadline = Some(Duration::from_secs(3600));
    assert!(policy.breaker.enabled);
    let routes = vec![
        Route { provider: Some("openai".into()), context_window: Some(128_000), ..Route::new("primary") },
        Route { activates: true, ..Route::new("backup") },
    ];
    let mut session = Session::new(Arc::new(policy), routes).unwrap();
    let scope = Scope::new(&mut session, Instant::ZERO);
    (session, scope)
}

#[test]
fn enter_and_settle_allocate_nothing() {
    let (mut session, mut scope) = session();
    let mut worked = 0_u64;
    let counted = measure(|| {
        for now in 0..CALLS {
            let (begun, ended) = (Instant::from_millis(now * 100), Instant::from_millis(now * 100 + 50));
            let mut call = Call::new(Work::Function);
            let entered = call.enter(&mut scope, &mut session, begun) && call.attempted(&scope).is_some();
            worked += u64::from(entered && call.settle(&mut scope, &mut session, ended, Ok(())));
        }
    });
    assert_eq!((worked, scope.attempts()), (CALLS, 1_000));
    assert_eq!((counted.count_total, counted.bytes_total), (0, 0));
}

#[test]
fn the_machine_allocates_nothing() {
    let (mut session, mut scope) = session();
    let mut worked = 0_u64;
    let counted = measure(|| {
        for now in 0..CALLS {
            let (begun, ended) = (Instant::from_millis(now * 100), Instant::from_millis(now * 100 + 50));
            let mut call = Call::new(Work::Function);
            let Command::Attempt(attempt) = call.poll(&mut scope, &mut session, begun) else { continue };
            let taken = call.handle(&mut scope, &mut session, begun, Event::Taken(attempt.id));
            let running = matches!(call.poll(&mut scope, &mut session, begun), Command::Wait { .. });
            let succeeded = call.handle(&mut scope, &mut session, ended, Event::Succeeded(attempt.id));
            let over = matches!(call.poll(&mut scope, &mut session, ended), Command::Finish(_));
            if (taken, succeeded, running, over) == (Handled::Accepted, Handled::Accepted, true, true) {
                worked += 1;
            }
        }
    });
    assert_eq!((worked, scope.attempts()), (CALLS, 1_000));
    assert_eq!((counted.count_total, counted.bytes_total), (0, 0));
}

#[test]
fn the_counter_counts() {
    assert!(measure(|| drop(std::hint::black_box(vec![1_u8]))).count_total > 0);
}
