//! One call over a chain of healthy-looking routes, checked against the ladder told naively: a dozen lines, no state.

use failsoft_tests::run::run_every_way;
use failsoft_tests::vector::Vector;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

/// What becomes of an attempt: the kind of its failure and the provider's hint, or a success.
type Outcome = Option<(&'static str, Option<u64>)>;

const KINDS: [&str; 8] = [
    "overloaded",
    "server_error",
    "rate_limited",
    "malformed",
    "read_timeout",
    "unknown",
    "not_found",
    "invalid_request",
];

struct Numbers {
    routes: usize,
    max_attempts: u64,
    base: u64,
    cap: u64,
    patience: u64,
    patience_last: u64,
    past: &'static str,
}

/// The timeline that the ladder of the design gives, as steps of a vector.
fn expected(numbers: &Numbers, outcomes: &[Outcome]) -> Vec<Value> {
    let mut steps = Vec::new();
    let (mut now, mut id, mut route, mut number, mut malformed) = (0, 1, 0, 1, 0);
    let mut outcomes = outcomes.iter();
    loop {
        let attempt = json!({ "id": id, "route": format!("r{route}"), "number": number, "until_ms": now + 600_000 });
        steps.push(json!({ "at": now, "poll": { "attempt": attempt } }));
        steps.push(json!({ "taken": id }));
        now += 10;
        let Some(&(kind, hint)) = outcomes.next().and_then(Option::as_ref) else {
            steps.push(json!({ "at": now, "succeeded": id }));
            steps.push(json!({ "poll": { "finish": { "end": "succeeded" } } }));
            return steps;
        };
        steps.push(json!({ "at": now, "failed": { "id": id, "kind": kind, "retry_after_ms": hint } }));
        id += 1;
        let finish = |end: &str| json!({ "poll": { "finish": { "end": end, "failure": kind } } });
        if kind == "invalid_request" {
            steps.push(finish("permanent"));
            return steps;
        }
        let another = route + 1 < numbers.routes;
        let again = match kind {
            "overloaded" | "server_error" | "rate_limited" => true,
            "malformed" => malformed == 0,
            "read_timeout" => !another,
            _ => false,
        };
        if again && number < numbers.max_attempts {
            let backoff = numbers.cap.min(numbers.base << (number - 1));
            let patience = if another { numbers.patience } else { numbers.patience_last };
            let wait = hint.map_or(backoff, |hint| hint.max(backoff));
            let wait = match numbers.past {
                _ if wait <= patience => Some(wait),
                "obey" => Some(wait),
                "clamp" => Some(patience),
                "backoff" => Some(backoff),
                "fail" => {
                    steps.push(finish("exhausted"));
                    return steps;
                }
                _ => None,
            };
            if let Some(wait) = wait {
                if wait > 0 {
                    let said = json!({ "id": id, "delay_ms": wait, "until_ms": now + wait, "why": "backoff" });
                    steps.push(json!({ "poll": { "wait": said } }));
                    now += wait;
                    steps.push(json!({ "at": now, "waited": id }));
                }
                id += 1;
                number += 1;
                malformed += u32::from(kind == "malformed");
                continue;
            }
        }
        if !another {
            let lasting = route == 0 && matches!(kind, "unknown" | "not_found");
            steps.push(finish(if lasting { "permanent" } else { "exhausted" }));
            return steps;
        }
        (route, number, malformed) = (route + 1, 1, 0);
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let hint = prop_oneof![3 => Just(None), 1 => (1..9000_u64).prop_map(Some)];
    prop_oneof![1 => Just(None), 9 => (select(KINDS.to_vec()), hint).prop_map(Some)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_call_climbs_the_ladder_as_told_naively(
        routes in 1..5_usize,
        (max_attempts, base, over) in (1..5_u64, 0..2000_u64, 0..6000_u64),
        (patience, patience_last) in (0..6000_u64, 0..12_000_u64),
        past in select(vec!["move_on", "obey", "clamp", "backoff", "fail"]),
        outcomes in vec(outcome(), 0..20),
    ) {
        let numbers = Numbers { routes, max_attempts, base, cap: base + over, patience, patience_last, past };
        let retry = json!({
            "max_attempts": max_attempts, "base_ms": base, "cap_ms": base + over, "jitter": "none",
            "patience_ms": patience, "patience_last_ms": patience_last, "past_patience": past,
        });
        let vector = json!({
            "name": "a case of the reference model",
            "policy": { "retry": retry, "breaker": { "enabled": false }, "budget": { "floor": 1000 } },
            "routes": (0..routes).map(|at| format!("r{at}")).collect::<Vec<_>>(),
            "call": {},
            "steps": expected(&numbers, &outcomes),
        })
        .to_string();
        let ran = Vector::read(&vector).and_then(|read| run_every_way(&read));
        prop_assert!(ran.is_ok(), "{}\nas a vector:\n{vector}", ran.unwrap_err());
    }
}
