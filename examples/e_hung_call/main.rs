//! E. A hung call: given up on at its limit and made afresh. Its late answer is ignored.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use failsoft::drive::{self, CallTimeout, Clock, RealTime, VirtualTime, with_deadline};
use failsoft::{Attempt, Call, Failure, Route, Scope, Session, Work};
use failsoft_examples::{policy, print_lines};

/// How long a request may take. Long enough for a busy machine to start a thread in.
const LIMIT: Duration = Duration::from_millis(200);

fn main() -> Result<(), Box<dyn Error>> {
    println!("E. A hung call");
    blocking()?;
    asynchronous()?;
    for_good();
    Ok(())
}

fn blocking() -> Result<(), Box<dyn Error>> {
    println!("blocking:");
    let (session, time) = (session()?, RealTime::new());
    let mut scope = Scope::new(&mut session.borrow_mut(), time.now());

    // The first request hangs until it is let go, and then brings its answer all the same.
    let (let_go, hangs) = channel::<()>();
    let (late, arrives) = channel();
    let mut hung = Some((hangs, late));
    let request = |attempt: &Attempt| {
        let hung = hung.take();
        // A thread cannot be killed: the one that hangs is left behind. A request with a limit of its own needs none of this.
        with_deadline(attempt.timeout, move || match hung {
            Some((hangs, late)) => {
                let _ = hangs.recv();
                let _ = late.send("stale");
                "stale"
            }
            None => "fresh",
        })
    };
    let answer = drive::call(&session, &mut scope, Call::new(Work::Function), &time, CallTimeout::failure, request)?;

    drop(let_go);
    let late = arrives.recv()?;
    print_lines(&lines(&session, &scope));
    println!("late answer: {late}, ignored");
    println!("answer: {answer}");
    Ok(())
}

fn asynchronous() -> Result<(), Box<dyn Error>> {
    println!("asynchronous:");
    // Any executor will do; this one runs a single future under a virtual clock.
    let (session, time) = (session()?, VirtualTime::new());
    let mut scope = Scope::new(&mut session.borrow_mut(), time.now());

    let came_late = Cell::new(false);
    let request = |attempt: Attempt| {
        let (time, came_late) = (&time, &came_late);
        async move {
            if attempt.number > 1 {
                return Ok::<_, Failure>("fresh");
            }
            time.nap(Duration::from_secs(60)).await;
            came_late.set(true);
            Ok("stale")
        }
    };
    let answer = time
        .run(async {
            let call = Call::new(Work::Function);
            let sleep = |span| time.nap(span);
            let answer = drive::call_async(&session, &mut scope, call, &time, sleep, Failure::clone, request).await;
            // By now the hung request would have answered. It was dropped at its limit instead.
            time.nap(Duration::from_secs(120)).await;
            answer
        })
        .ok_or("nothing can go on")??;

    print_lines(&lines(&session, &scope));
    println!("late answer: {}", if came_late.get() { "came" } else { "none, the request was cancelled" });
    println!("answer: {answer}");
    Ok(())
}

/// What hangs for good is left behind too, and the process ends all the same.
fn for_good() {
    let _ = with_deadline(LIMIT, || {
        loop {
            thread::park();
        }
    });
}

/// One route, with a limit for each request.
fn session() -> Result<RefCell<Session>, failsoft::Invalid> {
    let mut policy = policy();
    policy.attempt.timeout = LIMIT;
    policy.retry.base = Duration::from_millis(10);
    Ok(RefCell::new(Session::new(policy.into(), vec![Route::new("primary")])?))
}

fn lines(session: &RefCell<Session>, scope: &Scope) -> Vec<String> {
    let log = scope.event_log();
    log.iter().map(|notice| log.line(&*session.borrow(), notice)).collect()
}
