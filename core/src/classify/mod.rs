//! What a failure is: a decision from plain facts that any host language can collect, the same in all of them.
//!
//! A host lists what it sees (a status, a code, class names) and judges nothing. [`classify`] asks the rules in
//! `rules.rs` from the top; the first whose conditions all hold says what the failure is.

mod classes;
mod finish;
mod retry_after;
mod rules;

use crate::policy::failure::{Effect, Failure, Phase};
use classes::{BUGS, CERTIFICATES, CONNECTING, FETCH, FETCH_SAYS, WRAPPERS};
pub use finish::judge_finish;
pub use retry_after::retry_after;
use rules::{RULES, Rule, UNKNOWN};

/// So much of a message is looked at, in bytes.
const LONGEST_MESSAGE: usize = 4096;
/// So many class names are looked at.
const MOST_CLASSES: usize = 128;
/// Where the bases of an exception end: the classes after these belong to its causes.
const ROOTS: &[&str] = &["Exception", "BaseException", "object", "Error", "Object"];

/// What a host can tell about an exception without judging it. Whatever it cannot tell, it leaves out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// The HTTP status.
    pub status: Option<u16>,
    /// The provider's error code, such as `insufficient_quota` or `context_length_exceeded`.
    pub code: Option<&'a str>,
    /// The provider's error type, such as `overloaded_error` or `invalid_request_error`.
    pub error_type: Option<&'a str>,
    /// The message; its first 4 KiB are looked at.
    pub message: Option<&'a str>,
    /// Bare class names: those of the exception and its bases, most derived first, up to and with `Exception` or
    /// `Error`; then in the same way those of its causes, the nearest first. Words that say what happened as well as a
    /// class does come before the classes of their error: a system's code (`ECONNRESET`), also behind its system call
    /// (`connect ETIMEDOUT`), and a name of its own (`TimeoutError` of a `DOMException`). The first 128 are looked at.
    pub classes: &'a [&'a str],
    /// How far the attempt had come, as far as the host knows. It outweighs what a class name says about that.
    pub phase: Option<Phase>,
    /// The header `retry-after-ms`, as it came.
    pub retry_after_ms: Option<&'a str>,
    /// The header `retry-after`, as it came.
    pub retry_after: Option<&'a str>,
    /// The header `x-should-retry`, as it came (OpenAI and Anthropic send `true` or `false`).
    pub should_retry: Option<&'a str>,
    /// Milliseconds since the Unix epoch, for a `retry-after` that is a date.
    pub wall_ms: Option<u64>,
}

/// What the failure is, from the facts about it.
///
/// The effect is [`Effect::None`] only where it is known that nothing was sent: no connection came about, or none was
/// free. A host that knows better (a [`Phase`] after connecting) is believed.
#[must_use]
pub fn classify(facts: &Facts<'_>) -> Failure {
    let rule = find(facts);
    let was_sending = matches!(facts.phase, Some(Phase::Send | Phase::FirstProgress | Phase::Idle));
    Failure {
        kind: rule.kind,
        status: facts.status,
        retry_after: retry_after(facts),
        reset_after: None,
        phase: facts.phase.or(rule.phase),
        should_retry: should_retry(facts),
        effect: if was_sending { Effect::Possible } else { rule.effect },
    }
}

/// The name of the rule that decides what the failure is: for logs, and for those who look for a wrong one.
#[must_use]
pub fn deciding_rule(facts: &Facts<'_>) -> &'static str {
    find(facts).name
}

fn find(facts: &Facts<'_>) -> &'static Rule {
    let class = telling_class(facts);
    RULES.iter().find(|rule| rule.holds(facts, class)).unwrap_or(&UNKNOWN)
}

fn should_retry(facts: &Facts<'_>) -> Option<bool> {
    match facts.should_retry?.trim_ascii() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The one class that says most about the failure: the first that a rule knows exactly, and only where there is none a
/// wrapper. Of a connection that did not come about, only a certificate says more.
///
/// The search ends at the first exact one: what comes after it may be an older failure, already dealt with, in whose
/// handling this one happened (Python's `__context__`), and must not speak for it.
fn telling_class<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    let mut own = true;
    let mut connecting = None;
    let mut wrapper = None;
    for &class in facts.classes.iter().take(MOST_CLASSES) {
        if own && class == "TypeError" && of_fetch(facts.message) {
            wrapper = wrapper.or(Some(FETCH));
        } else if CONNECTING.contains(&class) {
            connecting = connecting.or(Some(class));
        } else if WRAPPERS.contains(&class) {
            wrapper = wrapper.or(Some(class));
        } else if CERTIFICATES.contains(&class) || (own && BUGS.contains(&class)) {
            return Some(class);
        } else if !BUGS.contains(&class) && RULES.iter().any(|rule| rule.classes.contains(&class)) {
            return connecting.or(Some(class));
        }
        own &= !ROOTS.contains(&class);
    }
    connecting.or(wrapper)
}

/// Whether a message is that of `fetch`, to the letter: bugs of this class say anything.
fn of_fetch(message: Option<&str>) -> bool {
    let said = |says: &&str| message.and_then(|text| text.strip_prefix(*says));
    FETCH_SAYS.iter().filter_map(said).any(|rest| rest.is_empty() || rest.starts_with(" ("))
}

impl Rule {
    /// Whether every condition of the rule holds; of the alternatives within one condition, one is enough.
    fn holds(&self, facts: &Facts<'_>, class: Option<&str>) -> bool {
        let any = |list: &[&str], fact: Option<&str>, same: fn(&str, &str) -> bool| {
            list.is_empty() || fact.is_some_and(|fact| list.iter().any(|item| same(fact, item)))
        };
        self.statuses.is_none_or(|statuses| facts.status.is_some_and(|status| statuses.contain(status)))
            && (any(self.words, facts.code, str::eq_ignore_ascii_case)
                || any(self.words, facts.error_type, str::eq_ignore_ascii_case))
            && any(self.classes, class, str::eq)
            && (self.phases.is_empty() || facts.phase.is_some_and(|phase| self.phases.contains(&phase)))
            && any(self.phrases, facts.message, contains)
    }
}

/// Whether the first 4 KiB of a message contain a phrase, whatever the case of its ASCII letters.
fn contains(message: &str, phrase: &str) -> bool {
    let message = message.as_bytes();
    let seen = message.get(..LONGEST_MESSAGE).unwrap_or(message);
    seen.windows(phrase.len().max(1)).any(|window| window.eq_ignore_ascii_case(phrase.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::failure::FailureKind as K;

    fn kind(classes: &[&str]) -> K {
        classify(&Facts { classes, ..Facts::default() }).kind
    }

    #[test]
    fn names_are_unique_and_only_the_last_rule_has_no_condition() {
        for (i, rule) in RULES.iter().enumerate() {
            assert_eq!(RULES.iter().filter(|other| other.name == rule.name).count(), 1, "{}", rule.name);
            let words = [rule.words, rule.phrases, rule.classes];
            let free = rule.statuses.is_none() && rule.phases.is_empty() && words.iter().all(|list| list.is_empty());
            assert!(!free, "rule {i}, {}, holds always", rule.name);
            assert!(words.concat().iter().all(|word| !word.is_empty()), "{}", rule.name);
        }
        assert_eq!(classify(&Facts::default()), Failure::new(K::Unknown));
    }

    #[test]
    fn every_listed_class_is_in_a_rule() {
        for class in [CERTIFICATES, CONNECTING, WRAPPERS, BUGS].concat() {
            assert!(RULES.iter().any(|rule| rule.classes.contains(&class)), "{class}");
        }
    }

    #[test]
    fn an_exact_cause_says_more_than_a_wrapper_and_than_a_connecting_class() {
        let mut chain = alloc::vec!["APIConnectionError", "Exception"];
        assert_eq!(classify(&Facts { classes: &chain, ..Facts::default() }).effect, Effect::Possible);
        chain.extend(["ConnectError", "NetworkError", "TransportError", "Exception"]);
        assert_eq!(classify(&Facts { classes: &chain, ..Facts::default() }).effect, Effect::None);
        chain.extend(["SSLCertVerificationError", "SSLError", "OSError", "Exception"]);
        assert_eq!(kind(&chain), K::Certificate);
    }

    #[test]
    fn an_older_failure_does_not_speak_for_this_one() {
        let chain = ["ReadTimeout", "TimeoutException", "Exception", "ConnectionRefusedError", "Exception"];
        let failure = classify(&Facts { classes: &chain, ..Facts::default() });
        assert_eq!((failure.kind, failure.effect), (K::ReadTimeout, Effect::Possible));
    }

    #[test]
    fn a_bug_is_a_bug_only_in_the_exception_itself() {
        assert_eq!(kind(&["ModuleNotFoundError", "ImportError", "Exception"]), K::Bug);
        assert_eq!(kind(&["ValueError", "Exception", "object", "TypeError", "Exception"]), K::Unknown);
        assert_eq!(kind(&["TransientError", "Exception", "TypeError", "Exception"]), K::ServerError);
    }

    #[test]
    fn a_type_error_of_fetch_is_a_wrapper_and_no_bug() {
        let judged = |message, classes| classify(&Facts { classes, message: Some(message), ..Facts::default() });
        let alone = judged("Failed to fetch (example.com)", &["TypeError", "Error"]);
        assert_eq!((alone.kind, alone.effect), (K::Connect, Effect::Possible));
        let refused = judged("fetch failed", &["TypeError", "Error", "ECONNREFUSED", "Error"]);
        assert_eq!((refused.kind, refused.effect), (K::Connect, Effect::None));
        for message in ["fetch failed?", "Load failed: x is undefined", "unterminated", ""] {
            assert_eq!(judged(message, &["TypeError", "Error"]).kind, K::Bug, "{message}");
        }
        assert_eq!(judged("fetch failed", &["Error", "TypeError", "Error"]).kind, K::Unknown);
    }

    #[test]
    fn a_host_that_had_begun_to_send_is_believed() {
        let facts = Facts { classes: &["ConnectTimeout"], phase: Some(Phase::Send), ..Facts::default() };
        let failure = classify(&facts);
        assert_eq!((failure.phase, failure.effect), (Some(Phase::Send), Effect::Possible));
    }

    #[test]
    fn phrases_are_found_in_any_case_within_the_first_4_kib() {
        assert!(contains("Sorry: PROMPT is Too Long!", "prompt is too long"));
        assert!(!contains("prompt is too lon", "prompt is too long"));
        let late = "é".repeat(2040) + "prompt is too long";
        assert!(!contains(&late, "prompt is too long"));
        assert!(contains(&late, "prompt is"));
    }

    #[test]
    fn hostile_facts_end_soon() {
        let message = "prompt is too lon".repeat(4096);
        let classes = alloc::vec!["x"; 100_000];
        let facts = Facts { status: Some(400), message: Some(&message), classes: &classes, ..Facts::default() };
        assert_eq!(classify(&facts).kind, K::InvalidRequest);
        assert_eq!(deciding_rule(&facts), "refused_4xx");
    }
}
