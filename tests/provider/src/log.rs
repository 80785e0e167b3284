//! What the provider saw and did: the list behind `GET /log`.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

/// Headers whose values no log should keep.
const SECRET: &[&str] = &["authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"];

/// One request for a model.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Entry {
    /// Counts from 1 over all models, in the order of arrival.
    pub(crate) number: u64,
    /// When it arrived, in milliseconds since the provider started (monotonic).
    pub(crate) at_ms: f64,
    /// When the reply was complete, broken off, or given up by the client; `null` while it is under way.
    pub(crate) ended_ms: Option<f64>,
    /// The model asked for.
    pub(crate) model: String,
    /// Which request for this model it is, from 1.
    pub(crate) request: u64,
    /// How many requests for this model were under way, this one included, when it arrived.
    pub(crate) concurrent: u64,
    /// Which TCP connection it came over, from 1.
    pub(crate) connection: u64,
    /// The path.
    pub(crate) path: String,
    /// The headers, names in lower case, secrets redacted.
    pub(crate) headers: BTreeMap<String, String>,
    /// Whether a stream was asked for.
    pub(crate) stream: bool,
    /// What was done: the behaviour's name, or `invalid_request`, `no_script`, `invalid_script`.
    pub(crate) behaviour: &'static str,
    /// The HTTP status sent, if one was.
    pub(crate) status: Option<u16>,
    /// Whether the client went away before the provider was done.
    pub(crate) client_left: bool,
    /// What was asked, shown only for `GET /log?bodies=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
}

/// Headers as the log keeps them.
pub(crate) fn readable(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut all = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let text = match SECRET.contains(&name.as_str()) {
            true => "(redacted)".into(),
            false => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        };
        all.entry(name.as_str().into()).and_modify(|old| *old = format!("{old}, {text}")).or_insert(text);
    }
    all
}
