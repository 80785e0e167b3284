//! Idempotency keys over processes, threads and restores: none is handed out twice, unless a run id asks for it.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, thread};

use failsoft::{Call, Instant, Policy, Route, Scope, Session, Work};

/// Tells a copy of this test program what to print the keys of.
const CHILD: &str = "FAILSOFT_TEST_KEYS_OF";
const MARK: &str = "key: ";
/// A stored session, for a copy that goes on with it.
const STORED: &str = "FAILSOFT_TEST_KEYS_STORED";

fn chain() -> Vec<Route> {
    vec![Route::new("primary")]
}

fn session() -> Session {
    Session::new(Arc::new(Policy::default()), chain()).unwrap()
}

/// The keys of three turns of three calls each.
fn keys(session: &mut Session, run_id: Option<&str>) -> Vec<String> {
    let now = Instant::ZERO;
    let mut keys = Vec::new();
    for _ in 0..3 {
        let mut scope = Scope::new(session, now);
        if let Some(id) = run_id {
            scope.set_run_id(id).unwrap();
        }
        for _ in 0..3 {
            let mut call = Call::new(Work::Function);
            assert!(call.enter(&mut scope, session, now), "nothing stands in the way");
            keys.push(call.attempted(&scope).unwrap().idempotency_key().unwrap().to_string());
            assert!(call.settle(&mut scope, session, now, Ok(())));
        }
    }
    keys
}

/// What copies of this program print, two of which run at the same time.
fn of_processes(of: &str, stored: &str) -> [Vec<String>; 2] {
    let start = || {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "a_copy_of_this_program", "--nocapture"])
            .env(CHILD, of)
            .env(STORED, stored)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    [start(), start()].map(|started| {
        let told = String::from_utf8(started.wait_with_output().unwrap().stdout).unwrap();
        let keys: Vec<String> = told.lines().filter_map(|line| line.strip_prefix(MARK)).map(Into::into).collect();
        assert_eq!(keys.len(), 9, "{told}");
        keys
    })
}

/// Prints keys where it was told which; else there is nothing to test.
#[test]
fn a_copy_of_this_program() {
    let Ok(of) = env::var(CHILD) else { return };
    let keys = match &*of {
        "a session" => keys(&mut session(), None),
        "a run" => keys(&mut session(), Some("order 7")),
        _ => {
            let stored = env::var(STORED).unwrap();
            let restored = Session::restore(&stored, Arc::new(Policy::default()), chain(), 1, Instant::ZERO, 0);
            keys(&mut restored.unwrap(), None)
        }
    };
    println!();
    keys.iter().for_each(|key| println!("{MARK}{key}"));
}

fn assert_all_differ<'a>(keys: impl IntoIterator<Item = &'a String>, number: usize) {
    let keys: Vec<_> = keys.into_iter().collect();
    assert_eq!((keys.len(), keys.iter().collect::<BTreeSet<_>>().len()), (number, number), "{keys:?}");
}

#[test]
fn two_processes_hand_out_no_key_twice() {
    let own = keys(&mut session(), None);
    let others = of_processes("a session", "");
    assert_all_differ(others.iter().flatten().chain(&own), 27);
}

#[test]
fn two_processes_hand_out_the_same_keys_for_the_same_run() {
    let own = keys(&mut session(), Some("order 7"));
    assert_eq!(of_processes("a run", ""), [own.clone(), own.clone()]);
    // Each turn is the run once more.
    assert_all_differ(&own[..3], 3);
    assert_eq!(own[..3], own[3..6]);
}

#[test]
fn processes_that_restore_a_session_under_a_repeated_epoch_hand_out_no_key_twice() {
    let mut first = session();
    let before = keys(&mut first, None);
    let stored = first.snapshot(Instant::ZERO, 0);
    let after = keys(&mut first, None);
    let others = of_processes("a restored session", &stored);
    assert_all_differ(others.iter().flatten().chain(&before).chain(&after), 36);
}

#[test]
fn threads_and_copies_of_a_session_hand_out_no_key_twice() {
    let shared = session();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let mut copy = shared.clone();
            thread::spawn(move || [keys(&mut copy, None), keys(&mut session(), None)].concat())
        })
        .collect();
    let all: Vec<String> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert_all_differ(&all, 8 * 18);
}
