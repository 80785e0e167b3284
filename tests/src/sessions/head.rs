//! What a simulated session is made of: its policy and its chain, as the head of a vector.

use serde_json::{Value, json};

use super::world::Place;
use crate::differential::dice::Dice;

/// A policy and a chain, and where each route of it leads.
pub fn at_random(dice: &mut Dice) -> (Value, Vec<Place>) {
    let many = dice.from_to(1, 4);
    let mut places: Vec<Place> = Vec::new();
    let mut routes = Vec::new();
    for at in 0..many {
        let apart = format!("e{at}");
        let endpoint = if dice.once_in(3) { "e0" } else { apart.as_str() };
        let model = dice.pick(&["large", "small"]);
        let own = format!("key{at}");
        let credential = if dice.once_in(3) { "key0" } else { own.as_str() };
        let (activates, able) = (dice.once_in(3), at == 0 || !dice.once_in(8));
        routes.push(json!({
            "name": format!("r{at}"), "model": model, "endpoint": endpoint, "credential": credential,
            "activates": activates, "has_credential": able, "timeout_ms": if dice.once_in(4) { Some(dice.from_to(500, 40_000)) } else { None },
        }));
        places.push(Place { able, ..Place::new(endpoint, model, credential) });
    }
    let head = json!({
        "name": "a session of the simulation", "policy": policy(dice), "routes": routes, "seed": dice.from_to(0, 1 << 32),
        "call": call(dice),
    });
    (head, places)
}

fn policy(dice: &mut Dice) -> Value {
    let mut policy = json!({
        "retry": retry(dice), "breaker": breaker(dice), "fallback": fallback(dice), "turn": turn(dice),
        "attempt": {
            "timeout_ms": dice.from_to(1_000, 60_000), "first_progress_ms": dice.from_to(500, 20_000),
            "idle_ms": dice.from_to(500, 20_000),
        },
        "recovery": { "enabled": !dice.once_in(3) },
    });
    if dice.once_in(3) {
        policy["hedge"] = json!({ "delay_ms": dice.from_to(1, 3_000) });
        if dice.once_in(2) {
            policy["hedge"]["quantile"] = dice.pick(&[0.5, 0.9, 0.99]).into();
        }
    }
    if !dice.once_in(3) {
        policy["budget"] = json!({
            "floor": dice.from_to(0, 12), "ratio": dice.pick(&[0.0, 0.1, 0.2, 0.5]),
            "window_ms": dice.pick(&[1_000, 10_000, 60_000]),
        });
    }
    policy
}

fn retry(dice: &mut Dice) -> Value {
    let base = dice.from_to(0, 1_000);
    json!({
        "max_attempts": dice.from_to(1, 4), "base_ms": base, "cap_ms": base + dice.from_to(0, 6_000),
        "jitter": dice.pick(&["full", "equal", "decorrelated", "none"]), "patience_ms": dice.from_to(0, 6_000),
        "patience_last_ms": dice.from_to(0, 60_000), "past_patience": dice.pick(&["move_on", "obey", "clamp", "backoff"]),
    })
}

fn breaker(dice: &mut Dice) -> Value {
    let open = dice.from_to(200, 6_000);
    let mut breaker = json!({
        "enabled": !dice.once_in(8), "min_calls": dice.from_to(1, 6), "open_ms": open,
        "max_open_ms": open * dice.from_to(1, 6), "window_ms": dice.from_to(1_000, 60_000),
        "probes": dice.pick(&[1, 1, 1, 2, 3]),
    });
    if dice.once_in(3) {
        breaker["consecutive"] = dice.from_to(1, 6).into();
    } else if dice.once_in(3) {
        breaker["count_window"] = dice.from_to(1, 40).into();
    }
    if dice.once_in(3) {
        breaker["slow_ms"] = dice.from_to(200, 20_000).into();
        breaker["slow_rate"] = dice.pick(&[0.3, 0.8, 1.0]).into();
    }
    if dice.once_in(3) {
        breaker["probes"] = 3.into();
        breaker["successes"] = dice.from_to(1, 3).into();
    }
    if dice.once_in(4) {
        breaker["half_open_ms"] = dice.from_to(100, 30_000).into();
    }
    if dice.once_in(12) {
        breaker["metrics_only"] = true.into();
    }
    breaker
}

fn fallback(dice: &mut Dice) -> Value {
    json!({
        "scope": dice.pick(&["turn", "turn", "call", "session"]),
        "when_refused": dice.pick(&["fail", "fail", "wait"]),
        "recheck_ms": if dice.once_in(3) { Some(dice.from_to(1, 60_000)) } else { None },
    })
}

fn turn(dice: &mut Dice) -> Value {
    let mut turn = json!({});
    if dice.once_in(3) {
        turn["deadline_ms"] = dice.from_to(500, 120_000).into();
    }
    if dice.once_in(5) {
        turn["attempts"] = dice.from_to(1, 12).into();
    }
    turn
}

fn call(dice: &mut Dice) -> Value {
    json!({ "replay": dice.pick(&["idempotent", "keyed"]), "streaming": dice.once_in(4) })
}
