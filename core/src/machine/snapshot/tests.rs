//! What comes back, and what is refused.

use super::*;
use crate::command::{Command, Event};
use crate::policy::failure::{Failure, FailureKind};
use alloc::string::ToString;
use alloc::vec;

#[test]
fn spans_keep_what_is_left_and_the_calendar_does_not() {
    let (then, now) = (Instant::from_millis(100_000), Instant::from_millis(5_000));
    let travel = Travel { then, now, gap: span(2_000), routes: None };
    assert_eq!(millis(travel.span(Instant::from_millis(103_000)) - now), 3_000);
    assert_eq!(travel.span(Instant::NEVER), Instant::NEVER);
    assert_eq!(millis(travel.calendar(Instant::from_millis(103_000)) - now), 1_000);
    assert_eq!(travel.calendar(Instant::from_millis(101_000)), now - span(1_000));
    assert_eq!(travel.calendar(Instant::from_millis(99_000)), now - span(3_000));
}

fn session() -> Session {
    let Ok(session) = Session::new(Policy::default().into(), vec![Route::new("a"), Route::new("b")]) else {
        panic!("a good session");
    };
    session.with_seed(u64::MAX)
}

fn turn() -> Turn {
    let mut turn = Turn::new(&mut session(), Arc::new([]), Instant::ZERO);
    turn.scope_mut().shorten(Instant::NEVER);
    let mut session = session();
    for _ in 0..2 {
        let Command::Attempt(attempt) = turn.poll(&mut session, Instant::ZERO) else { panic!("an attempt") };
        let failure = Failure::new(FailureKind::NotFound);
        assert!(
            turn.handle(&mut session, Instant::ZERO, Event::Failed { id: attempt.id, failure, spent: None }).accepted()
        );
    }
    turn
}

/// The entry of a map in a map; an index leads into a list.
fn entry<'v>(value: &'v mut Value, path: &str) -> &'v mut Value {
    path.split('.').fold(value, |value, step| match value {
        Value::Map(entries) => match entries.iter_mut().find(|(name, _)| name == step) {
            Some((_, value)) => value,
            None => panic!("no {step}"),
        },
        Value::List(items) => &mut items[step.parse::<usize>().unwrap_or(0)],
        other => panic!("{step} of {other}"),
    })
}

/// The line about a turn's snapshot of which this was changed.
fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut value = turn().snapshot_value(&session(), Instant::ZERO, 0);
    change(&mut value);
    let restored = Turn::restore_value(&value, &session(), Arc::new([]), Instant::ZERO, 0);
    restored.map_or_else(|wrong| wrong.to_string(), |_| "nothing".into())
}

/// The same where one entry was replaced.
fn replaced(path: &str, by: Value) -> String {
    refused(|value| *entry(value, path) = by)
}

#[test]
fn what_is_stored_comes_back() {
    let (turn, session) = (turn(), session());
    let value = turn.snapshot_value(&session, Instant::ZERO, 0);
    let again = Turn::restore_value(&value, &session, Arc::new([]), Instant::ZERO, 0);
    assert_eq!(again, Ok(turn));
    let value = session.snapshot_value(Instant::ZERO, 0);
    assert_eq!(value.get("state").and_then(|state| state.get("seed")), Some(&Value::Text(u64::MAX.to_string())));
    let chain = session.routes().cloned().collect();
    let again = Session::restore_value(&value, session.policy().clone(), chain, 0, Instant::ZERO, 0);
    assert_eq!(again, Ok(session));
}

#[test]
fn another_version_and_another_thing_are_refused_by_name() {
    let line = "snapshot.failsoft: 9 is not allowed; use version 4";
    assert_eq!(replaced("failsoft", Value::Number(9.0)), line);
    let line = "snapshot.failsoft: null is not allowed; use version 4";
    assert_eq!(refused(|value| *value = Value::List(vec![])), line);
    let line = "snapshot.what: \"session\" is not allowed; use the snapshot of a turn";
    assert_eq!(replaced("what", Value::Text("session".into())), line);
}

#[test]
fn what_is_missing_unknown_or_of_the_wrong_kind_is_refused_by_name() {
    let missing = refused(|value| {
        let Value::Map(entries) = entry(value, "state.scope.time") else { panic!("a map") };
        entries.retain(|(name, _)| name != "seen");
    });
    let number = "a whole number from 0 to 18446744073709551615";
    assert_eq!(missing, format!("snapshot.state.scope.time.seen: nothing is not allowed; use {number}"));
    let unknown = refused(|value| {
        let Value::Map(entries) = entry(value, "state.agent.stage") else { panic!("a map") };
        entries.push(("colour".into(), Value::Null));
    });
    assert_eq!(unknown, "snapshot.state.agent.stage.colour: null is not allowed; use one of the fields is, call");
    for (path, by, line) in [
        ("state", Value::Null, "snapshot.state: null is not allowed; use a map of fields"),
        ("wall", Value::Number(-1.0), &format!("snapshot.wall: -1 is not allowed; use {number}")),
        ("wall", Value::Number(0.5), &format!("snapshot.wall: 0.5 is not allowed; use {number}")),
        ("wall", Value::Number(f64::NAN), &format!("snapshot.wall: NaN is not allowed; use {number}")),
        ("wall", Value::Number(1e300), &format!("snapshot.wall: 1e300 is not allowed; use {number}")),
        (
            "state.scope.committed.route",
            Value::Number(256.0),
            "snapshot.state.scope.committed.route: 256 is not allowed; use a whole number from 0 to 255",
        ),
        (
            "state.scope.renewed.rebuilt",
            Value::Number(1.0),
            "snapshot.state.scope.renewed.rebuilt: 1 is not allowed; use true or false",
        ),
        (
            "state.agent.stage.is",
            Value::Text("Lost".into()),
            "snapshot.state.agent.stage.is: \"Lost\" is not allowed; use one of Due, Model, Tools, Over",
        ),
        (
            "state.scope.event_log.notices.1.what",
            Value::Text("moved_on".into()),
            "snapshot.state.scope.event_log.notices[1].what: \"moved_on\" is not allowed; use a map of fields",
        ),
        (
            "state.agent.calls.blocked",
            Value::List(vec![Value::Text("a".into()), Value::Null]),
            "snapshot.state.agent.calls.blocked[1]: null is not allowed; use text",
        ),
    ] {
        assert_eq!(replaced(path, by), line);
    }
}

#[test]
fn enormous_lists_are_refused_before_they_take_room() {
    let line = replaced("state.agent.calls.slots", Value::List(vec![Value::Null; 1_000_000]));
    let allowed = "a list of up to 100000";
    assert_eq!(line, format!("snapshot.state.agent.calls.slots: a list of 1000000 is not allowed; use {allowed}"));
}
