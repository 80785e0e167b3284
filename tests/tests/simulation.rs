//! Random policies, routes, failures, delays and lies, three turns at a time; a case that fails prints itself as a vector.

use failsoft_tests::run::run_every_way;
use failsoft_tests::simulate::Simulation;
use failsoft_tests::vector::Vector;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

/// `PROPTEST_CASES` for a long run, which then begins at random; else the same cases each time.
fn config() -> ProptestConfig {
    let long = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: long.unwrap_or(400),
        rng_seed: long.map_or(RngSeed::Fixed(1), |_| RngSeed::Random),
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..ProptestConfig::default()
    }
}

fn retry() -> impl Strategy<Value = Value> {
    let jitters = select(vec!["full", "equal", "decorrelated", "none"]);
    let past = select(vec!["move_on", "obey", "clamp", "backoff", "fail"]);
    (1..4_u32, 0..1000_u64, 1..4_u32, 0..2000_u64, jitters, 0..3000_u64, 0..9000_u64, past).prop_map(
        |(max_attempts, base, factor, over, jitter, patience, patience_last, past_patience)| {
            json!({
                "max_attempts": max_attempts, "base_ms": base, "factor": factor, "cap_ms": base + over, "jitter": jitter,
                "patience_ms": patience, "patience_last_ms": patience_last, "past_patience": past_patience,
            })
        },
    )
}

fn breaker() -> impl Strategy<Value = Value> {
    let counted = (option::of(1..4_u32), 1..6_u32, option::of(1..10_u32));
    let slow = (option::of(1..3000_u64), select(vec![0.3, 1.0]));
    let open = (100..8000_u64, 1..4_u32, option::of(1..4_u32), option::of(50..9000_u64));
    (0..10_u32, counted, slow, open).prop_map(
        |(off, (consecutive, min_calls, count_window), (slow, slow_rate), (open, probes, successes, half_open))| {
            json!({
                "enabled": off > 1, "metrics_only": off == 9, "consecutive": consecutive, "min_calls": min_calls,
                "count_window": count_window, "slow_ms": slow, "slow_rate": slow_rate, "open_ms": open,
                "max_open_ms": open * 3, "probes": probes, "successes": successes.map(|needed| needed.min(probes)),
                "half_open_ms": half_open,
            })
        },
    )
}

fn turn() -> impl Strategy<Value = Value> {
    let limits = (option::of(500..30_000_u64), option::of(1..12_u32), 1..5_u32, option::of(1..6_u32));
    (limits, option::of(50..200_u32), any::<bool>(), 1..4_u32, any::<bool>()).prop_map(
        |((deadline, attempts, steps, tool_calls), tokens, strict, same_failure, final_answer)| {
            json!({
                "deadline_ms": deadline, "attempts": attempts, "steps": steps, "tool_calls": tool_calls, "tokens": tokens,
                "strict": strict, "same_failure": same_failure, "final_answer": final_answer,
            })
        },
    )
}

fn policy() -> impl Strategy<Value = Value> {
    let limits = (100..5000_u64, 50..3000_u64, 50..3000_u64);
    let fallback = (select(vec!["call", "turn", "session"]), select(vec!["fail", "wait"]), option::of(1..9000_u64));
    let rebuilds = (any::<bool>(), any::<bool>());
    let hedge = (option::of(50..2000_u64), option::of(select(vec![0.5, 0.9])));
    (retry(), breaker(), turn(), limits, 0..8_u32, fallback, rebuilds, hedge).prop_map(
        |(retry, breaker, turn, (timeout, first, idle), floor, fallback, (rebuilds, new_round), (delay, quantile))| {
            let (scope, refused, recheck) = fallback;
            json!({
                "retry": retry, "breaker": breaker, "turn": turn,
                "attempt": { "timeout_ms": timeout, "first_progress_ms": first, "idle_ms": idle },
                "budget": { "floor": floor }, "fallback": { "scope": scope, "when_refused": refused, "recheck_ms": recheck },
                "hedge": { "delay_ms": delay, "quantile": quantile },
                "recovery": { "enabled": rebuilds, "wait_ms": 300, "max_wait_ms": 2000, "new_round": new_round },
                "approval": { "expires_ms": 4000 },
            })
        },
    )
}

fn route(name: usize) -> impl Strategy<Value = Value> {
    let windows = option::of(select(vec![1000_u32, 2000]));
    let client = (any::<bool>(), option::of(any::<bool>()), 0..8_u32);
    (client, any::<bool>(), any::<bool>(), windows).prop_map(move |(client, aggregator, shared, window)| {
        let (activates, ready, credential) = client;
        json!({
            "ready": ready, "has_credential": credential > 0,
            "name": format!("r{name}"), "model": format!("m{name}"), "activates": activates, "aggregator": aggregator,
            "endpoint": if shared { Some("shared") } else { None }, "context_window": window,
        })
    })
}

fn routes() -> impl Strategy<Value = Vec<Value>> {
    (0..4_usize).prop_flat_map(|count| (0..count).map(route).collect::<Vec<_>>())
}

fn call() -> impl Strategy<Value = Option<Value>> {
    let replay = select(vec!["idempotent", "keyed", "once"]);
    let tokens = select(vec![0_u32, 0, 1500]);
    option::of((replay, any::<bool>(), any::<bool>(), tokens).prop_map(|(replay, streaming, restartable, tokens)| {
        json!({ "replay": replay, "streaming": streaming, "restartable": restartable, "context_tokens": tokens })
    }))
}

fn head() -> impl Strategy<Value = Value> {
    (policy(), routes(), call(), any::<u32>()).prop_map(|(policy, routes, call, seed)| {
        let tools = json!([
            { "name": "pay", "risky": true }, { "name": "look_up", "replay": "idempotent", "timeout_ms": 900 },
            { "name": "send", "replay": "keyed" },
        ]);
        let mut head = json!({ "name": "a case of the simulation", "policy": policy, "routes": routes, "tools": tools, "seed": seed });
        if let Some(call) = call {
            head["call"] = call;
        }
        head
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_happens(head in head(), choices in vec(any::<u16>(), 0..120)) {
        let mut simulation = Simulation::new(head, choices).unwrap();
        let ran = simulation.run();
        let vector = simulation.vector();
        prop_assert!(ran.is_ok(), "{}\nas a vector:\n{vector}", ran.unwrap_err());
        let again = Vector::read(&vector).and_then(|read| run_every_way(&read));
        prop_assert!(again.is_ok(), "{}\nas a vector:\n{vector}", again.unwrap_err());
    }
}
