//! Values that are checked when they are read: spans, status codes, headers.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;

/// Whole milliseconds, at most an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct Millis(u64);

impl Millis {
    /// The same as a span.
    pub(crate) fn span(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl TryFrom<u64> for Millis {
    type Error = String;

    fn try_from(ms: u64) -> Result<Self, String> {
        if ms <= 3_600_000 { Ok(Self(ms)) } else { Err(format!("{ms} ms is too long: 0 to 3600000, an hour")) }
    }
}

/// A status an HTTP server may end a request with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub(crate) struct Code(pub(crate) StatusCode);

impl TryFrom<u16> for Code {
    type Error = String;

    fn try_from(code: u16) -> Result<Self, String> {
        let refused = || format!("{code} is no status to answer with: 200 to 599");
        if !(200..600).contains(&code) {
            return Err(refused());
        }
        StatusCode::from_u16(code).map(Self).map_err(|_| refused())
    }
}

/// Headers, checked when they are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub(crate) struct Headers(pub(crate) Vec<(HeaderName, HeaderValue)>);

impl TryFrom<BTreeMap<String, String>> for Headers {
    type Error = String;

    fn try_from(pairs: BTreeMap<String, String>) -> Result<Self, String> {
        let checked = pairs.into_iter().map(|(name, value)| {
            let valid_name = HeaderName::try_from(&name).map_err(|_| format!("`{name}` is no header name"))?;
            let valid_value =
                HeaderValue::try_from(&value).map_err(|_| format!("`{value}` is no value for `{name}`"))?;
            if ["content-length", "transfer-encoding", "connection"].contains(&valid_name.as_str()) {
                return Err(format!("`{name}` is the server's own to set: use `cut` or `reset` to break a reply"));
            }
            Ok((valid_name, valid_value))
        });
        checked.collect::<Result<_, String>>().map(Self)
    }
}
