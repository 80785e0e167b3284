//! What the conformance tests of the three languages share, and their runner in Rust.
//!
//! The form of a vector is specified in `tests/vectors/README.md`.

pub mod circuit;
pub mod classify;
pub mod differential;
pub mod files;
pub mod foreign;
pub mod hostile;
mod named;
pub mod refused;
pub mod reply;
pub mod run;
pub mod said;
pub mod sessions;
pub mod simulate;
pub mod stream;
pub mod vector;
pub mod words;

/// The Rust of the page on failures compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/failures.md")]
struct Failures;

/// JSON as plain data.
#[must_use]
pub fn plain(json: &serde_json::Value) -> failsoft::value::Value {
    // Whatever JSON holds can be plain data.
    serde_json::from_value(json.clone()).unwrap_or(failsoft::value::Value::Null)
}
