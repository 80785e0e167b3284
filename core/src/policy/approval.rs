//! Which tool calls need a person's word, and how a word is bound to what it was given for.

#[cfg(feature = "digest")]
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::data::LIMITS;
use crate::names::named;
use crate::stored::fields;
use crate::time::span;
use crate::visit::Limits;

fields! {
    /// Which tools ask, and how long an answer is waited for.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Approval {
        /// Tools that need approval, beside those declared risky where they are defined.
        risky: Vec<String> = Vec::new(), Limits::Names;
        /// Tools that never run. Beats every approval.
        deny: Vec<String> = Vec::new(), Limits::Names;
        /// How long a live approver is awaited. Silence is not consent. Default 300 s.
        expires: Duration = span(300_000), LIMITS;
    }
}

impl Approval {
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
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// SHA-256 of a text, whatever parts it comes in.
    #[cfg(feature = "digest")]
    #[must_use]
    pub fn of(parts: &[&str]) -> Self {
        use sha2::Digest as _;

        let mut hash = sha2::Sha256::new();
        for part in parts {
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }

    /// A digest from its 64 hexadecimal digits, as it is shown.
    #[must_use]
    pub fn from_hex(digits: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            for digit in pair {
                *byte = *byte << 4 | u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
            }
        }
        (digits.len() == 64).then_some(Self(bytes))
    }
}

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
/// One sentence for the model: arguments that are not JSON ([`NOT_JSON`]), nested too deeply ([`too_deep`]), not an object, or
/// that hold a number no JSON reader keeps exactly (beyond 2^53 - 1). None of them quotes a parser: hosts have different ones.
#[cfg(feature = "canonical")]
pub fn digest(tool: &str, arguments: &str) -> Result<Digest, String> {
    if let Some(complaint) = too_deep(arguments) {
        return Err(complaint);
    }
    let value: serde_json::Value = serde_json::from_str(arguments).map_err(|_| NOT_JSON)?;
    let canonical = serde_json_canonicalizer::to_string(&value).map_err(|_| NOT_JSON)?;
    digest_canonical(tool, &canonical)
}

/// The sentence for arguments that cannot be read.
#[cfg(feature = "digest")]
pub const NOT_JSON: &str = "the arguments are not valid JSON";

/// So deep may arguments be nested: every JSON reader of the hosts reads as far.
#[cfg(feature = "digest")]
const DEEPEST: usize = 100;

/// What is wrong with arguments that are nested too deeply to be read; asked before they are.
#[cfg(feature = "digest")]
#[must_use]
pub fn too_deep(arguments: &str) -> Option<String> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in arguments.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Some(format!("the arguments are nested deeper than {DEEPEST} levels"));
        }
    }
    None
}

/// The same for a host that has read the arguments and written the canonical form itself. One that can hold them writes `NaN`,
/// `Infinity`, and lone surrogates as escapes, as JavaScript does: JSON has none of them, and they are refused here.
///
/// # Errors
/// One sentence for the model, as [`digest`](fn@digest) has it.
#[cfg(feature = "digest")]
pub fn digest_canonical(tool: &str, canonical: &str) -> Result<Digest, String> {
    match complaint(canonical) {
        Some(complaint) => Err(complaint),
        None => Ok(Digest::of(&[tool, "\n", canonical])),
    }
}

/// What is wrong with arguments in canonical form, if something is. Outside of text, every digit belongs to a number.
#[cfg(feature = "digest")]
fn complaint(canonical: &str) -> Option<String> {
    if !canonical.starts_with('{') {
        return Some(format!("the arguments must be an object, not {}", kind_of(canonical)));
    }
    let mut rest = canonical.as_bytes().iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' if !is_whole(&mut rest) => {
                return Some(NOT_JSON.into());
            }
            b'I' | b'N' => return Some(NOT_JSON.into()),
            b'-' | b'0'..=b'9' => {
                let tail = rest.as_slice();
                let length = tail.iter().position(|more| matches!(more, b',' | b']' | b'}' | b'I'));
                let (begin, length) = (canonical.len() - tail.len() - 1, length.unwrap_or(tail.len()));
                rest = tail.get(length..).unwrap_or_default().iter();
                let number = canonical.get(begin..=begin + length).unwrap_or_default();
                if number != "-" && !is_exact(number) {
                    return Some(format!(
                        "the number {number} is beyond 2^53 - 1 and would not survive every JSON reader: pass ids as strings"
                    ));
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(feature = "digest")]
fn kind_of(canonical: &str) -> &'static str {
    match canonical.bytes().next() {
        Some(b'n') => "null",
        Some(b't' | b'f') => "a truth value",
        Some(b'"') => "text",
        Some(b'[') => "a list",
        _ => "a number",
    }
}

/// Reads to the end of a text. False for one with half of a surrogate pair: in canonical form nothing but those and control
/// characters is escaped by number.
#[cfg(feature = "digest")]
fn is_whole(text: &mut core::slice::Iter<'_, u8>) -> bool {
    while let Some(byte) = text.next() {
        match byte {
            b'"' => break,
            b'\\' if text.next() == Some(&b'u') && text.next() == Some(&b'd') => return false,
            _ => {}
        }
    }
    true
}

/// In canonical form a number has a positive exponent only from 10^21 on.
#[cfg(feature = "digest")]
fn is_exact(number: &str) -> bool {
    let size = number.strip_prefix('-').unwrap_or(number);
    let digits = size.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(size.len());
    let whole = size.get(..digits).unwrap_or_default();
    !number.contains('+') && whole.parse().is_ok_and(|whole: u64| whole <= crate::value::EXACT)
}

#[cfg(test)]
mod tests;
