//! The differential test: random scripts, which Rust, Python and JavaScript must answer with the same transcript, byte for byte.
//!
//! A script is one line of JSON: what a session is made of, and steps `[at, turn, verb, value]` in the words of the vectors
//! (`tests/vectors/README.md`), with nothing that is expected. Each language plays it through its public machine and writes
//! down all that it is told:
//!
//! - per step a line `TIME VERB`, with what came of it: `accepted` or `stale`, or the command and all its fields; then a line
//!   per new notice;
//! - at the end what is left: breakers, approvals, the session's snapshot; per turn the tally, the time left, the degraded answer,
//!   outcomes and sentences of its tool calls, and the turn's snapshot (what it holds: hosts order its fields as they like).
//!
//! Fields are JSON in the order of their names; spans and moments are whole milliseconds. Verbs beyond the vectors' are those of
//! [`stage`]. Rust invents the scripts ([`invent`]) while it plays them, since what makes sense depends on what the machine says.

pub mod dice;
mod forms;
pub mod head;
pub mod invent;
pub mod seen;
pub mod stage;
mod told;

use sha2::{Digest, Sha256};

use stage::{Script, Stage};

/// Scripts in one file: what is compared by one fingerprint.
pub const CHUNK: u64 = 100;

/// The transcript of these scripts, one a line.
///
/// # Errors
/// A line that is no script, with its number.
pub fn transcript(chunk: &str) -> Result<String, String> {
    let mut told = String::new();
    for (place, line) in chunk.lines().enumerate() {
        let wrong = |error: String| format!("script {place}: {error}");
        let script: Script = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        told += &format!("script {place}\n");
        told += &play(&script).map_err(wrong)?;
    }
    Ok(told)
}

fn play(script: &Script) -> Result<String, String> {
    let mut stage = Stage::new(&script.head)?;
    for (place, step) in script.steps.iter().enumerate() {
        stage.step(step).map_err(|error| format!("step {place}: {error}"))?;
    }
    Ok(stage.close())
}

/// SHA-256 as hexadecimal digits.
#[must_use]
pub fn fingerprint(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
