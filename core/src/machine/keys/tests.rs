//! Which keys repeat, and which never do.

use super::*;
use crate::call::Call;
use crate::command::Key;
use crate::command::{Attempt, Command, Event, Replay, Reply, Risk, ToolCall};
use crate::policy::Policy;
use crate::policy::limits::Usage;
use crate::rng::mix;
use crate::route::{Route, Tool};
use crate::scope::Scope;
use crate::session::Session;
use crate::time::Instant;
use crate::turn::Turn;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;

const NOW: Instant = Instant::ZERO;

fn session() -> Session {
    let Ok(session) = Session::new(Policy::default().into(), vec![Route::new("a"), Route::new("b")]) else {
        panic!("a good session");
    };
    session
}

/// The key of the call that is next.
fn key(session: &mut Session, scope: &mut Scope) -> String {
    let mut call = Call::new(Work::Function);
    assert!(call.enter(scope, session, NOW));
    let key = call.attempted(scope).map(|attempt| text(&attempt));
    assert!(call.settle(scope, session, NOW, Ok(())));
    key.unwrap_or_default()
}

fn text(attempt: &Attempt) -> String {
    attempt.idempotency_key().map_or_else(|none| none.to_string(), |key| key.to_string())
}

/// The keys of so many calls of a turn that begins now.
fn keys(session: &mut Session, calls: usize, run_id: &str) -> Vec<String> {
    let mut scope = Scope::new(session, NOW);
    if !run_id.is_empty() {
        assert_eq!(scope.set_run_id(run_id), Ok(()));
    }
    (0..calls).map(|_| key(session, &mut scope)).collect()
}

/// What undoes the finaliser of SplitMix64.
fn unmix(word: u64) -> u64 {
    let unshift = |word: u64, by: u32| word ^ (word >> by) ^ (word >> (2 * by));
    let word = unshift(word, 31).wrapping_mul(0x3196_42B2_D24D_8EC3);
    let word = unshift(word, 27).wrapping_mul(0x96DE_1B17_3F11_9089);
    unshift(word, 30)
}

/// How keys were made up to 0.1: from a seed of 64 bits, by what can be undone.
fn before(seed: u64, turn: u64) -> Key {
    let key = mix(seed ^ mix(turn));
    Key(key, mix(key ^ 1))
}

/// From the key of turn 1, that of turn 2, as an attacker would make it of 0.1's.
fn predicted(Key(first, _): Key) -> Key {
    before(unmix(first) ^ mix(1), 2)
}

#[test]
fn the_next_key_cannot_be_derived_from_one() {
    let hits = |next: &dyn Fn(u64) -> [Key; 2]| {
        let hits = (0..200).map(next).filter(|[known, next]| predicted(*known) == *next);
        hits.count()
    };
    assert_eq!(hits(&|seed| [1, 2].map(|turn| before(mix(seed), turn))), 200, "the attack is right");
    let of = |mut session: Session| {
        [(); 2].map(|()| {
            let source = Scope::new(&mut session, NOW).keys.source(Work::Function, 1);
            source.key().unwrap_or(Key(0, 0))
        })
    };
    assert_eq!(hits(&|seed| of(session().with_seed(mix(seed)))), 0);
    #[cfg(feature = "getrandom")]
    assert_eq!(hits(&|_| of(session())), 0);
}

#[test]
fn a_seed_repeats_its_keys_and_no_two_calls_share_one() {
    let all = |seed| {
        let mut session = session().with_seed(seed);
        (0..20).flat_map(|_| keys(&mut session, 3, "")).collect::<Vec<_>>()
    };
    assert_eq!(all(7), all(7));
    assert_eq!(all(7).iter().chain(&all(8)).collect::<BTreeSet<_>>().len(), 120);
}

#[test]
#[cfg(feature = "getrandom")]
fn no_session_repeats_a_key_of_another_one() {
    let mut first = session();
    let stored = first.snapshot_value(NOW, 0);
    let restored = || {
        let routes = vec![Route::new("a"), Route::new("b")];
        let restored = Session::restore_value(&stored, Policy::default().into(), routes, 1, NOW, 0);
        restored.unwrap_or_else(|_| session())
    };
    let mut others = [session(), first.clone(), restored(), restored()];
    let mut seen: Vec<String> = (0..10).flat_map(|_| keys(&mut first, 3, "")).collect();
    seen.extend(others.iter_mut().flat_map(|other| keys(other, 3, "")));
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 42, "{seen:?}");
}

#[test]
#[cfg(feature = "getrandom")]
fn a_stored_turn_repeats_its_keys_and_tells_no_others() {
    let mut session = session();
    let turn = Turn::new(&mut session, Arc::new([]), NOW);
    let value = turn.snapshot_value(&session, NOW, 0);
    let restored = || Turn::restore_value(&value, &session, Arc::new([]), NOW, 0).map(|turn| turn.scope().keys.clone());
    let source = |keys: &Keys| keys.source(Work::Function, 1).key();
    let (Ok(one), Ok(other)) = (restored(), restored()) else { panic!("it comes back") };
    assert_eq!([source(&one), source(&other)], [source(&turn.scope().keys); 2]);
    assert!(!alloc::format!("{one:?}").contains(char::is_numeric), "{one:?}");

    // Where its secret could not be stored, the number of another process's turn means nothing here.
    let mut foreign = turn.scope().keys.clone();
    let before = source(&foreign);
    foreign.restored();
    assert_ne!(source(&foreign), before);
}

#[test]
fn a_run_repeats_its_keys_wherever_it_is_run_again() {
    let all = |seed, run_id| keys(&mut session().with_seed(seed), 5, run_id);
    assert_eq!(all(1, "order 7"), all(2, "order 7"));
    let both: BTreeSet<_> = all(1, "order 7").into_iter().chain(all(1, "order 8")).collect();
    assert_eq!(both.len(), 10);
    let line = "run_id: \"\" is not allowed; use a text that no other run has";
    let refused = Scope::new(&mut session(), NOW).set_run_id("");
    assert_eq!(refused.map_err(|wrong| wrong.to_string()), Err(line.into()));
}

#[test]
fn a_run_that_is_forked_goes_on_and_a_turn_without_one_does_not() {
    let at = |run_id: &str| {
        let mut session = session().with_seed(7);
        let mut scope = Scope::new(&mut session, NOW);
        if !run_id.is_empty() {
            assert_eq!(scope.set_run_id(run_id), Ok(()));
        }
        let (mut child, mut childs) = (session.clone(), scope.clone());
        child.forked();
        [key(&mut session, &mut scope), key(&mut child, &mut childs)]
    };
    let [parent, child] = at("order 7");
    assert_eq!(parent, child);
    let [parent, child] = at("");
    assert_ne!(parent, child);
}

/// The keys of a turn whose model asks once for each list of tool calls; a digit is what the arguments are.
fn tools(run_id: &str, asked: &[&[(&'static str, u8)]]) -> Vec<String> {
    let mut session = session();
    let tool = |name: &str| Tool { replay: Replay::Keyed, ..Tool::new(name) };
    let mut turn = Turn::new(&mut session, Arc::new([tool("pay"), tool("refund")]), NOW);
    assert_eq!(turn.scope_mut().set_run_id(run_id), Ok(()));
    let (mut asked, mut keys) = (asked.iter(), Vec::new());
    loop {
        let Command::Attempt(attempt) = turn.next(&mut session, NOW) else { return keys };
        let event = match attempt.work {
            Work::Model { .. } => {
                let calls: Vec<_> = asked.next().map_or_else(Vec::new, |calls| calls.iter().map(wanted).collect());
                let reply = if calls.is_empty() { Reply::Answer } else { Reply::ToolCalls(&calls) };
                let replied = Event::Replied { id: attempt.id, reply, usage: Usage::NOTHING };
                assert!(turn.handle(&mut session, NOW, replied).accepted());
                continue;
            }
            _ => Event::Succeeded(attempt.id),
        };
        keys.push(text(&attempt));
        assert!(turn.handle(&mut session, NOW, event).accepted());
    }
}

fn wanted(&(name, arguments): &(&'static str, u8)) -> ToolCall<'static> {
    ToolCall { name, arguments: Ok(Digest([arguments; 32])), risky: Risk::Declared }
}

#[test]
fn a_tool_call_of_a_run_goes_by_its_name_its_arguments_and_how_often_they_came() {
    let first = tools("order 7", &[&[("pay", 1), ("pay", 2), ("refund", 1)], &[("pay", 1)]]);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 4);
    assert_eq!(tools("order 7", &[&[("pay", 1), ("pay", 2), ("refund", 1)], &[("pay", 1)]]), first);
    // It goes another way: what is the same keeps its key, and nothing else is given it.
    let diverged = tools("order 7", &[&[("refund", 2), ("pay", 2)], &[("pay", 1), ("pay", 3)], &[("pay", 1)]]);
    let [pay_1, pay_2, refund_1, pay_1_again] = &*first else { panic!("four calls") };
    let [refund_2, pay_2_now, pay_1_now, pay_3, pay_1_again_now] = &*diverged else { panic!("five calls") };
    assert_eq!([pay_2_now, pay_1_now, pay_1_again_now], [pay_2, pay_1, pay_1_again]);
    assert!(![refund_2, pay_3].into_iter().any(|new| first.contains(new)) && refund_2 != refund_1);
}

#[test]
fn a_source_goes_over_a_language_border_whole() {
    let mut seeded = session().with_seed(u64::MAX);
    let mut scope = Scope::new(&mut seeded, NOW);
    let mut sources =
        vec![Keys::new(None, 1, 0).source(Work::Function, u32::MAX), scope.keys.source(Work::Function, 1)];
    assert_eq!(scope.set_run_id("order 7"), Ok(()));
    sources.extend([Work::Function, Work::Model { step: 3, with_tools: true }].map(|work| scope.keys.source(work, 1)));
    sources.extend(scope.keys.tool("pay", Some(Digest([1; 32]))));
    assert_eq!(sources.len(), 5);
    for source in sources {
        assert_eq!(KeySource::from_words(source.to_words()), source);
    }
}

#[test]
#[cfg(not(feature = "getrandom"))]
fn without_randomness_and_without_a_seed_there_is_no_key() {
    use crate::seed::NoRandomness;
    let line = NoRandomness.to_string();
    assert_eq!(keys(&mut session(), 1, ""), [line]);
    assert_ne!(keys(&mut session(), 1, "order 7"), [NoRandomness.to_string()]);
}
