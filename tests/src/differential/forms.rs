//! Random reports: what is told of a failure, a reply, a decision.

use failsoft::FailureKind;
use failsoft::command::Id;
use failsoft::policy::approval::Decision;
use failsoft::policy::failure::{Effect, Phase};
use serde_json::{Value, json};

use super::dice::Dice;
use super::head::TOOLS;

/// Arguments as models write them, and as they should not.
const ARGUMENTS: [&str; 13] = [
    "{}",
    r#"{"amount": 12.50, "to": "Ann"}"#,
    r#"{"to":"Ann","amount":12.5}"#,
    r#"{"text": "naïve ☕ 🏦", "deep": [1, {"b": null, "a": 1e21}]}"#,
    r#"{"n": 9007199254740993, "m": -0.0}"#,
    r#"{"a": 1, "a": 2}"#,
    r#"{"10": 1, "9": 2, "__proto__": {"a": 1}}"#,
    r#"{"ﬀ": 1e-7, "\ud83c\udfe6": 0.1, "é": 5e-324}"#,
    r#"{"half": "\ud800"}"#,
    r#"{"n": 1e309}"#,
    "[1, 2]",
    "{not json",
    "",
];
/// Of arguments that nobody asked about.
pub(crate) const DIGEST: &str = "ab";

/// A decision, now and then for arguments that nobody asked about.
pub(crate) fn decided(dice: &mut Dice, id: Id, digest: &str) -> Value {
    let digest = if dice.once_in(8) { DIGEST } else { digest };
    json!({ "id": id, "decision": dice.pick(Decision::NAMES), "digest": digest })
}

/// A failure with any of the facts there are.
pub(crate) fn failed(dice: &mut Dice, id: Id) -> Value {
    let mut form = json!({ "id": id, "kind": dice.pick(FailureKind::NAMES) });
    if dice.once_in(3) {
        form["retry_after_ms"] = dice.span(0, 6000).into();
    }
    if dice.once_in(8) {
        form["reset_after_ms"] = dice.span(0, 90_000).into();
    }
    if dice.once_in(4) {
        form["status"] = dice.pick(&[0, 200, 400, 401, 408, 429, 500, 503, 529, 65_535]).into();
    }
    if dice.once_in(4) {
        form["phase"] = dice.pick(Phase::NAMES).into();
    }
    if dice.once_in(10) {
        form["should_retry"] = dice.once_in(2).into();
    }
    if dice.once_in(4) {
        form["effect"] = dice.pick(Effect::NAMES).into();
    }
    if dice.once_in(6) {
        form["spent"] = usage(dice);
    }
    form
}

fn usage(dice: &mut Dice) -> Value {
    let mut usage = json!({});
    for name in ["input_tokens", "output_tokens"] {
        if !dice.once_in(6) {
            let most = if dice.once_in(20) { 1 << 40 } else { 90 };
            usage[name] = dice.from_to(0, most).into();
        }
    }
    usage
}

/// A model's reply.
pub(crate) fn replied(dice: &mut Dice, id: Id) -> Value {
    let usage = usage(dice);
    if dice.once_in(4) {
        return json!({ "id": id, "answer": true, "usage": usage });
    }
    let many = if dice.once_in(8) { 0 } else { dice.from_to(1, 3) };
    let calls: Vec<Value> = (0..many).map(|_| tool_call(dice)).collect();
    json!({ "id": id, "tool_calls": calls, "usage": usage })
}

fn tool_call(dice: &mut Dice) -> Value {
    let name = if dice.once_in(12) { "gone\n\"" } else { dice.pick(&TOOLS) };
    let mut call = json!({ "name": name });
    match dice.from_to(0, 9) {
        0..=2 => call["digest"] = dice.pick(&["01", "02"]).into(),
        3..=8 if dice.once_in(20) => call["arguments"] = nested(dice.from_to(120, 300)).into(),
        3..=8 => call["arguments"] = dice.pick(&ARGUMENTS).into(),
        _ => call["bad"] = "no object".into(),
    }
    if dice.once_in(4) {
        call["risky"] = dice.pick(&[Some(true), Some(false), None]).map_or("unknown".into(), Value::from);
    }
    call
}

/// Lists in lists, so deep: parsers end somewhere.
fn nested(depth: u64) -> String {
    let depth = usize::try_from(depth).unwrap_or(0);
    format!("{{\"a\": {}{}}}", "[".repeat(depth), "]".repeat(depth))
}
