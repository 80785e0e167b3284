//! Values that are checked when they are read: spans, status codes, headers.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;

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

/// Headers, checked when they are read. A value is a text (beyond ASCII it goes out as UTF-8), a number, `{"bytes": [..]}` for
/// what no text can say, or a list of values: the header repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, Value>")]
pub(crate) struct Headers(pub(crate) Vec<(HeaderName, HeaderValue)>);

impl TryFrom<BTreeMap<String, Value>> for Headers {
    type Error = String;

    fn try_from(pairs: BTreeMap<String, Value>) -> Result<Self, String> {
        let mut checked = Vec::new();
        for (name, given) in pairs {
            let valid_name = HeaderName::try_from(&name).map_err(|_| format!("`{name}` is no header name"))?;
            if ["content-length", "transfer-encoding", "connection"].contains(&valid_name.as_str()) {
                return Err(format!("`{name}` is the server's own to set: use `cut` or `reset` to break a reply"));
            }
            let values = match given {
                Value::Array(values) => values,
                one => vec![one],
            };
            for value in values {
                checked.push((valid_name.clone(), header_value(&name, &value)?));
            }
        }
        Ok(Self(checked))
    }
}

fn header_value(name: &str, value: &Value) -> Result<HeaderValue, String> {
    let octet = |number: &Value| number.as_u64().and_then(|number| u8::try_from(number).ok());
    let bytes = match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Number(number) => Some(number.to_string().into_bytes()),
        Value::Object(fields) if fields.len() == 1 => {
            let bytes = fields.get("bytes").and_then(Value::as_array);
            bytes.and_then(|bytes| bytes.iter().map(octet).collect())
        }
        _ => None,
    };
    let refused = || match value {
        Value::String(text) => format!("`{text}` is no value for `{name}`"),
        other => format!("{other} is no value for `{name}`"),
    };
    HeaderValue::from_bytes(&bytes.ok_or_else(refused)?).map_err(|_| refused())
}
