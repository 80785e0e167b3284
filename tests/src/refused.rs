//! Policies and chains that are refused, and the one line that says why: `tests/vectors/policy`.

use std::sync::Arc;

use failsoft::value::{Spelling, Value};
use failsoft::{Invalid, Policy, Route, Session};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "name")]
    _name: String,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    policy: Option<Value>,
    routes: Option<Vec<Value>>,
    line: String,
    /// What hosts say that are given routes in their own spelling.
    #[serde(default, rename = "python")]
    _python: Option<String>,
    #[serde(default, rename = "javascript")]
    _javascript: Option<String>,
    /// Whether the JSON Schema refuses it, too.
    #[serde(default, rename = "schema")]
    _schema: Option<bool>,
}

/// Runs a file of refused policies; returns how many it holds.
///
/// # Errors
/// The first case that is accepted, or refused with another line.
pub fn run_refused(text: &str) -> Result<usize, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    for case in &file.refused {
        let said = make(case).map_or_else(|wrong| wrong.to_string(), |_| "accepted".into());
        if said != case.line {
            return Err(format!("said:     {said}\nexpected: {}", case.line));
        }
    }
    Ok(file.refused.len())
}

fn make(case: &Refused) -> Result<Session, Invalid> {
    let policy = Arc::new(Policy::from_value(case.policy.as_ref().unwrap_or(&Value::Null), Spelling::Json)?);
    let Some(routes) = &case.routes else { return Session::without_routes(policy) };
    let routes = routes.iter().map(|route| Route::from_value(route, Spelling::Json));
    Session::new(policy, routes.collect::<Result<_, _>>()?)
}
