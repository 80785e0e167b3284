//! Runs the vectors of `tests/vectors/classify`: facts in, a whole failure out.

use failsoft::classify::{Facts, classify};
use failsoft::policy::failure::{Failure, Phase};
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// Runs every case of one file and says how many there were.
///
/// # Errors
/// What the file or its first wrong case gets wrong, with the expected and the actual failure.
pub fn run_classify(text: &str) -> Result<usize, String> {
    let file: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let file = object(&file, &["name", "note", "source", "cases"])?;
    let cases = file.get("cases").and_then(Value::as_array).ok_or("cases: not a list")?;
    if cases.is_empty() {
        return Err("cases: none".into());
    }
    for (index, case) in cases.iter().enumerate() {
        run_case(case).map_err(|wrong| format!("case {index}: {wrong}"))?;
    }
    Ok(cases.len())
}

fn run_case(case: &Value) -> Result<(), String> {
    let case = object(case, &["facts", "failure", "note"])?;
    let facts = object(
        case.get("facts").unwrap_or(&Value::Null),
        &[
            "status",
            "code",
            "error_type",
            "message",
            "classes",
            "phase",
            "retry_after_ms",
            "retry_after",
            "should_retry",
            "wall_ms",
        ],
    )?;
    let expected = case.get("failure").ok_or("no failure")?;
    let classes = match facts.get("classes") {
        None => Vec::new(),
        Some(list) => list
            .as_array()
            .and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>())
            .ok_or("classes: not a list of names")?,
    };
    let facts = Facts {
        status: whole(facts, "status")?.map(u16::try_from).transpose().map_err(|_| "status: beyond 65535")?,
        code: word(facts, "code")?,
        error_type: word(facts, "error_type")?,
        message: word(facts, "message")?,
        classes: &classes,
        phase: match word(facts, "phase")? {
            None => None,
            Some(name) => Some(Phase::from_name(name).ok_or("phase: no such phase")?),
        },
        retry_after_ms: word(facts, "retry_after_ms")?,
        retry_after: word(facts, "retry_after")?,
        should_retry: word(facts, "should_retry")?,
        wall_ms: whole(facts, "wall_ms")?,
    };
    let actual = shown(&classify(&facts))?;
    if *expected == actual {
        return Ok(());
    }
    Err(format!("expected {expected}, got {actual}, by rule {}", failsoft::classify::deciding_rule(&facts)))
}

fn shown(failure: &Failure) -> Result<Value, String> {
    let ms = |span: Option<std::time::Duration>| {
        span.map(|span| u64::try_from(span.as_millis())).transpose().map_err(|_| "a span beyond u64 ms".to_string())
    };
    Ok(json!({
        "kind": failure.kind.name(),
        "status": failure.status,
        "retry_after_ms": ms(failure.retry_after)?,
        "reset_after_ms": ms(failure.reset_after)?,
        "phase": failure.phase.map(Phase::name),
        "should_retry": failure.should_retry,
        "effect": failure.effect.name(),
    }))
}

fn object<'a>(value: &'a Value, known: &[&str]) -> Result<&'a Object, String> {
    let object = value.as_object().ok_or_else(|| format!("not an object: {value}"))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown field {key}")),
        None => Ok(object),
    }
}

fn word<'a>(facts: &'a Object, name: &str) -> Result<Option<&'a str>, String> {
    match facts.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("{name}: not text: {other}")),
    }
}

fn whole(facts: &Object, name: &str) -> Result<Option<u64>, String> {
    match facts.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| format!("{name}: not a whole number: {value}")),
    }
}
