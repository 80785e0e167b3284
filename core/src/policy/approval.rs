//! Which tool calls need a person's word, and how a word is bound to what it was given for.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::fields::{Fields, LONGEST};
use crate::names::named;
use crate::time::span;

/// Which tools ask, and how long an answer is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Approval {
    /// Tools that need approval, beside those declared risky where they are defined.
    pub risky: Vec<String>,
    /// Tools that never run. Beats every approval.
    pub deny: Vec<String>,
    /// How long a live approver is awaited. Silence is not consent. Default 300 s.
    pub expires: Duration,
}

impl Default for Approval {
    fn default() -> Self {
        Self { risky: Vec::new(), deny: Vec::new(), expires: span(300_000) }
    }
}

impl Approval {
    pub(crate) fn fields(&mut self, fields: &mut dyn Fields) {
        fields.names("risky", &mut self.risky);
        fields.names("deny", &mut self.deny);
        fields.span("expires", &mut self.expires, span(1)..=LONGEST);
    }

    /// What the policy says about a tool call before anybody is asked; `standing` are approvals given for longer.
    #[must_use]
    pub fn gate(&self, tool: &str, declared_risky: bool, standing: &[String]) -> Gate {
        let named = |names: &[String]| names.iter().any(|name| name == tool);
        if named(&self.deny) {
            Gate::Deny
        } else if !(declared_risky || named(&self.risky)) {
            Gate::Run
        } else if named(standing) {
            Gate::Standing
        } else {
            Gate::Ask
        }
    }
}

/// The policy's word on a tool call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It is not risky: it runs, and nobody is asked.
    Run,
    /// It is risky, and an approval given earlier covers it.
    Standing,
    /// It is risky: ask.
    Ask,
    /// It never runs.
    Deny,
}

named! {
    /// What an approver said.
    pub enum Decision {
        /// This call, with these arguments, once.
        Once = "once",
        /// This tool for the rest of the session, its snapshots included, whatever its arguments.
        Session = "session",
        /// This tool from now on: to the engine as `session`; it tells the host to approve it in sessions to come.
        Always = "always",
        /// No.
        Deny = "deny",
        /// The request was taken back before anybody decided.
        Withdrawn = "withdrawn",
        /// Nobody is there to ask.
        NoApprover = "no_approver",
    }
}

/// An approver's answer, as a host sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Yes or no.
    Flag(bool),
    /// A word.
    Word(&'a str),
    /// It failed: an error came in place of an answer.
    Failed,
    /// Anything else.
    Other,
}

impl Decision {
    /// An approver's answer as a decision: a plain yes is for this call, a word is what it says, and nothing else is a yes, an
    /// error least of all.
    #[must_use]
    pub fn read(answer: Answer<'_>) -> Self {
        match answer {
            Answer::Flag(true) => Self::Once,
            Answer::Word(word) => Self::from_name(word).unwrap_or(Self::Deny),
            Answer::Flag(false) | Answer::Failed | Answer::Other => Self::Deny,
        }
    }

    /// Whether it covers later calls of the tool too.
    #[must_use]
    pub const fn stands(self) -> bool {
        matches!(self, Self::Session | Self::Always)
    }
}

/// SHA-256 of a tool call's canonical arguments: what an approval is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The digest of a tool call: SHA-256 over the tool's name, a newline, and the RFC 8785 canonical JSON of its arguments.
///
/// # Errors
/// One sentence for the model: arguments that are not JSON, not an object, or that hold a number no JSON reader keeps exactly
/// (beyond 2^53 - 1).
#[cfg(feature = "canonical")]
pub fn digest(tool: &str, arguments: &str) -> Result<Digest, String> {
    use alloc::format;
    use sha2::Digest as _;

    let value: serde_json::Value =
        serde_json::from_str(arguments).map_err(|error| format!("the arguments are not valid JSON: {error}"))?;
    if !value.is_object() {
        return Err(format!("the arguments must be an object, not {}", kind_of(&value)));
    }
    if let Some(number) = inexact(&value) {
        return Err(format!(
            "the number {number} is beyond 2^53 - 1 and would not survive every JSON reader: pass ids as strings"
        ));
    }
    let canonical = serde_json_canonicalizer::to_string(&value)
        .map_err(|error| format!("the arguments have no canonical form: {error}"))?;
    let mut hash = sha2::Sha256::new();
    hash.update(tool.as_bytes());
    hash.update(b"\n");
    hash.update(canonical.as_bytes());
    Ok(Digest(hash.finalize().into()))
}

#[cfg(feature = "canonical")]
const fn kind_of(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "a truth value",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "text",
        serde_json::Value::Array(_) => "a list",
        serde_json::Value::Object(_) => "an object",
    }
}

#[cfg(feature = "canonical")]
fn inexact(value: &serde_json::Value) -> Option<&serde_json::Number> {
    const EXACT: f64 = 9_007_199_254_740_991.0;
    match value {
        serde_json::Value::Number(number) => {
            (!number.as_f64().is_some_and(|n| (-EXACT..=EXACT).contains(&n))).then_some(number)
        }
        serde_json::Value::Array(items) => items.iter().find_map(inexact),
        serde_json::Value::Object(entries) => entries.values().find_map(inexact),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    #[test]
    fn a_deny_rule_beats_every_allow() {
        let approval = Approval { deny: vec!["rm".to_string()], ..Approval::default() };
        assert_eq!(approval.gate("rm", false, &["rm".to_string()]), Gate::Deny);
        assert_eq!(approval.gate("mail", true, &["mail".to_string()]), Gate::Standing);
        assert_eq!(approval.gate("mail", true, &[]), Gate::Ask);
        assert_eq!(approval.gate("add", false, &[]), Gate::Run);
    }

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        assert_eq!(Decision::read(Answer::Flag(true)), Decision::Once);
        assert_eq!(Decision::read(Answer::Word("session")), Decision::Session);
        let no = [Answer::Flag(false), Answer::Word("yes"), Answer::Word(""), Answer::Failed, Answer::Other];
        assert_eq!(no.map(Decision::read), [Decision::Deny; 5]);
    }

    #[cfg(feature = "canonical")]
    #[test]
    fn a_digest_ignores_the_order_and_spelling_of_arguments() {
        let same = [r#"{"b":1.0,"a":"é"}"#, r#"{ "a": "\u00e9", "b": 1 }"#].map(|json| digest("t", json));
        assert_eq!(same[0], same[1]);
        assert!(same[0].is_ok());
        assert_ne!(digest("u", r#"{"a":"é","b":1}"#), same[0]);
    }

    #[cfg(feature = "canonical")]
    #[test]
    fn what_has_no_exact_form_is_refused() {
        for wrong in
            ["[1]", "{", r#"{"id": 9007199254740993}"#, r#"{"x": NaN}"#, r#"{"x": "\ud800"}"#, r#"{"n":1e300}"#]
        {
            assert!(digest("t", wrong).is_err(), "{wrong}");
        }
    }
}
