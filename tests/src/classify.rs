//! Runs the vectors of `tests/vectors/classify`: facts in, a whole failure out, by the rule that is named.

use failsoft::Policy;
use failsoft::classify::{Facts, rule_names};
use failsoft::policy::failure::{Failure, Phase};
use failsoft::value::Spelling;
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// What the cases of a file show of the rules: those that decided one, and those that nearly did.
#[derive(Debug, Default)]
pub struct Shown {
    /// The rules named as those that decide.
    pub hits: Vec<String>,
    /// The rules named as those that a case nearly belongs to.
    pub near: Vec<String>,
}

/// Runs every case of one file and says which rules they show.
///
/// # Errors
/// What the file or its first wrong case gets wrong, with the expected and the actual failure.
pub fn run_classify(text: &str) -> Result<Shown, String> {
    let file: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let file = object(&file, &["name", "note", "source", "policy", "cases"])?;
    let policy = file.get("policy").map_or(failsoft::value::Value::Null, crate::plain);
    let policy = Policy::from_value(&policy, Spelling::Json).map_err(|wrong| wrong.to_string())?;
    let cases = file.get("cases").and_then(Value::as_array).ok_or("cases: not a list")?;
    if cases.is_empty() {
        return Err("cases: none".into());
    }
    let mut shown = Shown::default();
    for (index, case) in cases.iter().enumerate() {
        run_case(case, &policy, &mut shown).map_err(|wrong| format!("case {index}: {wrong}"))?;
    }
    Ok(shown)
}

fn run_case(case: &Value, policy: &Policy, shown: &mut Shown) -> Result<(), String> {
    let case = object(case, &["facts", "failure", "note", "rule", "near"])?;
    let known =
        ["status", "headers", "body", "code", "error_type", "message", "classes", "phase", "provider", "wall_ms"];
    let facts = object(case.get("facts").unwrap_or(&Value::Null), &known)?;
    let expected = case.get("failure").ok_or("no failure")?;
    let classes = match facts.get("classes") {
        None => Vec::new(),
        Some(list) => words(list).ok_or("classes: not a list of names")?,
    };
    let headers: Vec<(&str, &str)> = match facts.get("headers") {
        None => Vec::new(),
        Some(map) => map
            .as_object()
            .and_then(|map| map.iter().map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect())
            .ok_or("headers: not a map of texts")?,
    };
    let facts = Facts {
        status: whole(facts, "status")?.map(u16::try_from).transpose().map_err(|_| "status: beyond 65535")?,
        headers: &headers,
        body: word(facts, "body")?,
        code: word(facts, "code")?,
        error_type: word(facts, "error_type")?,
        message: word(facts, "message")?,
        classes: &classes,
        phase: match word(facts, "phase")? {
            None => None,
            Some(name) => Some(Phase::from_name(name).ok_or("phase: no such phase")?),
        },
        provider: word(facts, "provider")?,
        wall_ms: whole(facts, "wall_ms")?,
    };
    let told = policy.explain(&facts);
    let actual = fields(&policy.classify(&facts))?;
    if *expected != actual {
        return Err(format!("expected {expected}, got {actual}, by rule {}", told.rule));
    }
    if fields(&told.failure)? != actual {
        return Err(format!("the explanation has another failure: {told}"));
    }
    if let Some(rule) = word(case, "rule")? {
        if rule != told.rule {
            return Err(format!("expected the rule {rule}, got {}", told.rule));
        }
        shown.hits.push(rule.to_string());
    }
    let near = match case.get("near") {
        None => Vec::new(),
        Some(Value::String(name)) => vec![name.as_str()],
        Some(list) => words(list).ok_or("near: neither a rule nor a list of rules")?,
    };
    let of_policy = |name: &str| policy.classify.rules.iter().any(|rule| rule.name == name);
    if let Some(name) = near.iter().find(|name| !rule_names().any(|rule| rule == **name) && !of_policy(name)) {
        return Err(format!("near: there is no rule {name}"));
    }
    if near.contains(&told.rule.as_str()) {
        return Err(format!("{} is no near miss: it decides", told.rule));
    }
    shown.near.extend(near.into_iter().map(str::to_string));
    Ok(())
}

fn fields(failure: &Failure) -> Result<Value, String> {
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

fn words(list: &Value) -> Option<Vec<&str>> {
    list.as_array()?.iter().map(Value::as_str).collect()
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
