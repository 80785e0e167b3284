//! What a random session is made of: a policy, a chain that shares this and that, tools.

use failsoft::FailureKind;
use failsoft::command::Replay;
use failsoft::policy::failure::{Again, Charge, Cool, NextRule, RebuildRule};
use failsoft::policy::fallback::{FallbackScope, WhenRefused};
use failsoft::policy::retry::{Jitter, PastPatience};
use serde_json::{Map, Value, json};

use super::dice::{Dice, LONGEST};

/// The names of tools; a model also asks for some that are not there.
pub const TOOLS: [&str; 4] = ["pay", "look_up", "send", "überweisen 🏦"];

/// Invents one group of a policy.
type Group = fn(&mut Dice) -> Value;

/// Everything of a script but its steps. A group of the policy that is left out keeps its defaults.
pub fn head(dice: &mut Dice) -> Value {
    let mut policy = Map::new();
    let groups: [(&str, Group); 10] = [
        ("retry", retry),
        ("attempt", attempt),
        ("breaker", breaker),
        ("budget", budget),
        ("fallback", fallback),
        ("recovery", recovery),
        ("hedge", hedge),
        ("turn", turn),
        ("approval", approval),
        ("failures", failures),
    ];
    for (name, group) in groups {
        if !dice.once_in(4) {
            policy.insert(name.into(), group(dice));
        }
    }
    let many = if dice.once_in(12) { 0 } else { dice.from_to(1, 4) };
    let routes: Vec<Value> = (0..many).map(|place| route(dice, place)).collect();
    let tools: Vec<Value> = TOOLS.iter().map(|name| tool(dice, name)).collect();
    // Writing a snapshot takes as long as a dozen steps.
    let snapshots = dice.once_in(5);
    let seed = dice.bits().to_string();
    json!({ "seed": seed, "snapshots": snapshots, "policy": policy, "routes": routes, "tools": tools })
}

fn retry(dice: &mut Dice) -> Value {
    let base = dice.span(0, 1500);
    json!({
        "max_attempts": dice.from_to(1, 5), "base_ms": base, "cap_ms": base + dice.from_to(0, 4000).min(LONGEST - base),
        "factor": thousandths(dice, 1000, 3500), "jitter": dice.pick(Jitter::NAMES),
        "patience_ms": dice.span(0, 4000), "patience_last_ms": dice.span(0, 20_000),
        "past_patience": dice.pick(PastPatience::NAMES),
    })
}

fn thousandths(dice: &mut Dice, low: u64, high: u64) -> Value {
    let number = dice.from_to(low, high);
    json!(number as f64 / 1000.0)
}

fn attempt(dice: &mut Dice) -> Value {
    json!({
        "timeout_ms": dice.span(1, 9000), "first_progress_ms": dice.span(1, 5000), "idle_ms": dice.span(1, 5000),
    })
}

fn breaker(dice: &mut Dice) -> Value {
    let open = dice.span(1, 8000);
    let consecutive = if dice.once_in(2) { Some(dice.from_to(1, 4)) } else { None };
    let probes = dice.from_to(1, 3);
    let count_window = dice.once_in(3).then(|| dice.from_to(1, 256));
    let successes = dice.once_in(3).then(|| dice.from_to(1, probes));
    let slow = if dice.once_in(3) { Some(dice.span(1, 3000)) } else { None };
    let half_open = if dice.once_in(3) { Some(dice.span(1, 8000)) } else { None };
    json!({
        "enabled": !dice.once_in(6), "consecutive": consecutive, "rate": thousandths(dice, 1, 1000),
        "min_calls": dice.from_to(1, 6), "window_ms": dice.span(1, 30_000), "buckets": dice.from_to(1, 10),
        "count_window": count_window, "slow_ms": slow, "slow_rate": thousandths(dice, 1, 1000),
        "open_ms": open, "max_open_ms": open + dice.from_to(0, 20_000).min(LONGEST - open), "probes": probes,
        "successes": successes, "half_open_ms": half_open, "metrics_only": dice.once_in(12),
    })
}

fn budget(dice: &mut Dice) -> Value {
    json!({ "floor": dice.from_to(0, 6), "ratio": thousandths(dice, 0, 2000), "window_ms": dice.span(10, 60_000) })
}

fn fallback(dice: &mut Dice) -> Value {
    json!({
        "scope": dice.pick(FallbackScope::NAMES), "when_refused": dice.pick(WhenRefused::NAMES),
        "recheck_ms": dice.once_in(3).then(|| dice.span(1, 9000)),
    })
}

fn recovery(dice: &mut Dice) -> Value {
    let wait = dice.span(0, 3000);
    let most = wait + dice.from_to(0, 8000).min(LONGEST - wait);
    json!({ "enabled": !dice.once_in(5), "wait_ms": wait, "max_wait_ms": most, "new_round": dice.once_in(3) })
}

/// Most scripts hedge nothing: what may be hedged never goes the short way.
fn hedge(dice: &mut Dice) -> Value {
    let delay = if dice.once_in(3) { Some(dice.span(1, 1000)) } else { None };
    let quantile = if dice.once_in(8) { Some(thousandths(dice, 500, 999)) } else { None };
    json!({ "delay_ms": delay, "quantile": quantile })
}

fn turn(dice: &mut Dice) -> Value {
    let maybe = |dice: &mut Dice, most| dice.once_in(3).then(|| dice.from_to(1, most));
    let deadline = if dice.once_in(3) { Some(dice.span(1, 30_000)) } else { None };
    json!({
        "deadline_ms": deadline, "steps": dice.from_to(1, 6), "tool_calls": maybe(dice, 5), "attempts": maybe(dice, 10),
        "tokens": maybe(dice, 400), "strict": dice.once_in(2), "same_failure": dice.from_to(1, 4),
        "final_answer": dice.once_in(2),
    })
}

fn approval(dice: &mut Dice) -> Value {
    let some = |dice: &mut Dice| TOOLS.into_iter().filter(|_| dice.once_in(6)).collect::<Vec<_>>();
    json!({ "risky": some(dice), "deny": some(dice), "expires_ms": dice.span(1, 20_000) })
}

fn failures(dice: &mut Dice) -> Value {
    let mut table = Map::new();
    for _ in 0..dice.from_to(0, 4) {
        let rule = json!({
            "again": dice.pick(Again::NAMES), "rebuild": dice.pick(RebuildRule::NAMES), "next": dice.pick(NextRule::NAMES),
            "charge": dice.pick(Charge::NAMES), "cool": dice.pick(Cool::NAMES), "proves_alive": dice.once_in(2),
            "cool_base_ms": dice.span(0, 9000), "cool_cap_ms": dice.span(0, 60_000),
        });
        table.insert(dice.pick(FailureKind::NAMES).into(), rule);
    }
    Value::Object(table)
}

fn route(dice: &mut Dice, place: u64) -> Value {
    let shared = |dice: &mut Dice, of: [&'static str; 2]| (!dice.once_in(3)).then(|| dice.pick(&of));
    let ready = if dice.once_in(4) { Some(dice.once_in(2)) } else { None };
    json!({
        "has_credential": !dice.once_in(12), "ready": ready,
        "name": format!("route {place}"), "provider": shared(dice, ["openai", "anthropic"]),
        "model": shared(dice, ["small", "große"]), "endpoint": shared(dice, ["http://a", "http://b"]),
        "credential": shared(dice, ["k1", "k2"]), "aggregator": dice.once_in(4), "activates": dice.once_in(2),
        "context_window": dice.once_in(2).then(|| dice.pick(&[1000, 2000, 4000])),
        "timeout_ms": dice.once_in(4).then(|| dice.span(1, 9000)),
        "first_progress_ms": dice.once_in(6).then(|| dice.span(1, 5000)),
        "idle_ms": dice.once_in(6).then(|| dice.span(1, 5000)),
    })
}

fn tool(dice: &mut Dice, name: &str) -> Value {
    let mut tool = json!({ "name": name, "risky": dice.once_in(3), "replay": dice.pick(Replay::NAMES) });
    if dice.once_in(2) {
        tool["timeout_ms"] = dice.span(1, 9000).into();
    }
    tool
}
