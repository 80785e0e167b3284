//! G. The breaker: it opens, refuses without a request, lets exactly one of 20 callers through as a probe, and closes.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use failsoft::drive::{self, Clock, Share, Stopped, VirtualTime};
use failsoft::{Call, Failure, Instant, Route, RouteId, Scope, Session, Work};
use failsoft_examples::{overloaded, policy, spans};

const PRIMARY: RouteId = RouteId(0);

fn main() -> Result<(), Box<dyn Error>> {
    println!("G. The breaker");

    let mut policy = policy();
    policy.breaker.consecutive = Some(3);
    policy.breaker.open = Duration::from_secs(5);
    policy.retry.max_attempts = 1;
    let session = Mutex::new(Session::new(policy.into(), vec![Route::new("primary")])?);
    let state = |now| session.with(|session| session.breaker(PRIMARY, now));
    let requests = AtomicU32::new(0);

    println!("three failures in a row:");
    let start = Instant::ZERO;
    println!("state: {}", state(start));
    for _ in 0..3 {
        let failed = ask(&session, start, || {
            requests.fetch_add(1, Ordering::Relaxed);
            Err(overloaded())
        });
        println!("failed: {}", failed.is_err());
    }
    println!("state: {}", state(start));
    println!("requests: {}", requests.load(Ordering::Relaxed));

    println!("while it is open:");
    let refused = ask(&session, start, || {
        requests.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let retry_at = refused.err().and_then(|stopped| stopped.retry_at()).ok_or("it was not refused")?;
    println!("refused, come back in: {}", spans(&[retry_at - start]));
    println!("requests: {}", requests.load(Ordering::Relaxed));

    println!("20 callers when its time has come:");
    println!("state: {}", state(retry_at));
    let (admitted, refused) = (AtomicU32::new(0), AtomicU32::new(0));
    // All ask at once, and the probe does not answer before all the others have been refused.
    let (at_once, all_asked) = (Barrier::new(20), Barrier::new(20));
    let caller = || {
        at_once.wait();
        let answer = ask(&session, retry_at, || {
            admitted.fetch_add(1, Ordering::Relaxed);
            all_asked.wait();
            Ok(())
        });
        if answer.is_err() {
            refused.fetch_add(1, Ordering::Relaxed);
            all_asked.wait();
        }
    };
    thread::scope(|threads| (0..20).for_each(|_| drop(threads.spawn(caller))));
    println!("admitted: {}", admitted.into_inner());
    println!("refused: {}", refused.into_inner());
    println!("state: {}", state(retry_at));
    Ok(())
}

/// One guarded request at a moment of a virtual clock.
fn ask(
    session: &Mutex<Session>,
    now: Instant,
    mut request: impl FnMut() -> Result<(), Failure>,
) -> Result<(), Stopped<Failure>> {
    let time = VirtualTime::at(now);
    let mut scope = session.with(|session| Scope::new(session, time.now()));
    drive::call(session, &mut scope, Call::new(Work::Function), &time, Failure::clone, |_| request())
}
