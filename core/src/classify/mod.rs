//! What a failure is: a decision from plain facts that any host language can collect, the same in all of them.
//!
//! A host lists what it sees (a status, headers, a body, class names) and judges nothing. [`classify`] asks the rules of
//! `rules.json` from the top; the first whose conditions all hold says what the failure is. A policy adds rules, replaces them
//! or switches them off by name ([`Policy::classify`](crate::Policy::classify)).
//!
//! From facts to a failure: `body.rs` and `headers.rs` read what the answer says, `classes.rs` finds the class that tells,
//! `evidence.rs` asks the rules, `rules.rs` and `table.rs` hold them.

mod body;
mod classes;
mod dates;
mod evidence;
mod explain;
mod finish;
mod headers;
mod ours;
mod phrases;
mod retry_after;
mod rules;
mod spans;
#[rustfmt::skip]
mod table;

use core::time::Duration;

use crate::policy::Policy;
use crate::policy::classify::Classify;
use crate::policy::failure::{Effect, Failure, FailureKind, Phase};
use evidence::{Evidence, Holding};
pub use explain::Explanation;
pub use finish::judge_finish;
pub(crate) use headers::named_value;
pub use headers::{HEADERS, Headers};
pub use ours::is_limit_of_ours;
pub use retry_after::retry_after;
pub use rules::On;
pub(crate) use rules::is_known;

/// What a host can tell about an exception without judging it. Whatever it cannot tell, it leaves out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// The HTTP status.
    pub status: Option<u16>,
    /// Those of [`HEADERS`] that the answer has, by their names in lower case, as they came.
    pub headers: &'a [(&'a str, &'a str)],
    /// The text of the answer's body, JSON or not; its first 64 KiB are looked at. Where only the parsed body was kept, its
    /// JSON again.
    pub body: Option<&'a str>,
    /// The provider's error code that the exception carries as an attribute, such as `insufficient_quota`.
    pub code: Option<&'a str>,
    /// The provider's error type that the exception carries as an attribute, such as `overloaded_error`.
    pub error_type: Option<&'a str>,
    /// The exception's own message; its first 4 KiB are looked at.
    pub message: Option<&'a str>,
    /// Bare class names: those of the exception and its bases, most derived first, up to and with `Exception` or
    /// `Error`; then in the same way those of its causes, the nearest first. Words that say what happened as well as a
    /// class does come before the classes of their error: a system's code (`ECONNRESET`), also behind its system call
    /// (`connect ETIMEDOUT`), and a name of its own (`TimeoutError` of a `DOMException`). The first 128 are looked at.
    pub classes: &'a [&'a str],
    /// How far the attempt had come, as far as the host knows it. It outweighs what a class name says about that. A reader of
    /// a stream says [`Phase::Idle`] after progress and [`Phase::FirstProgress`] before.
    pub phase: Option<Phase>,
    /// Whose answer it is, in lower case, from the route or the client's package: `openai`, `anthropic`, `google`,
    /// `bedrock`, `openrouter`. A hint for rules that would be too wide without it.
    pub provider: Option<&'a str>,
    /// Milliseconds since the Unix epoch, for dates.
    pub wall_ms: Option<u64>,
}

/// What the failure is, from the facts about it, by the built-in rules.
///
/// The effect is [`Effect::None`] only where it is known that nothing was sent: no connection came about, or none was
/// free. A host that knows better (a [`Phase`] after connecting) is believed.
///
/// [`Failure::reset_after`] is filled where a limit was met and the provider stated no `Retry-After`: a reset says when a limit
/// is whole again, `Retry-After` when to come back.
#[must_use]
pub fn classify(facts: &Facts<'_>) -> Failure {
    judge(facts, &Classify::default())
}

/// What the failure is, why, and what follows, by the built-in rules and a policy's defaults: for people.
#[must_use]
pub fn explain(facts: &Facts<'_>) -> Explanation {
    Policy::default().explain(facts)
}

/// The name of the built-in rule that decides what the failure is: for logs, and for those who look for a wrong one.
#[must_use]
pub fn deciding_rule(facts: &Facts<'_>) -> &'static str {
    let policy = Classify::default();
    match Evidence::read(facts, &policy).rule(&policy) {
        Holding::Table(rule) => rule.name(),
        Holding::Policy(_) | Holding::None => UNKNOWN,
    }
}

/// The names of all built-in rules, in the order in which they are asked.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    table::RULES.iter().map(rules::Rule::name)
}

impl Policy {
    /// What the failure is, from the facts about it, by the built-in rules and this policy's own.
    #[must_use]
    pub fn classify(&self, facts: &Facts<'_>) -> Failure {
        judge(facts, &self.classify)
    }

    /// What the failure is, which rule says so and why, and what follows by this policy: for people.
    #[must_use]
    pub fn explain(&self, facts: &Facts<'_>) -> Explanation {
        let evidence = Evidence::read(facts, &self.classify);
        let holding = evidence.rule(&self.classify);
        explain::explain(&evidence, holding, failure(&evidence, holding, self.classify.headers), self)
    }

    /// What follows a failure that an error brought along, by this policy: for people.
    #[must_use]
    pub fn explain_failure(&self, failure: Failure) -> Explanation {
        explain::said(failure, self)
    }
}

/// What decides when no rule holds.
const UNKNOWN: &str = "unknown";

fn judge(facts: &Facts<'_>, policy: &Classify) -> Failure {
    let evidence = Evidence::read(facts, policy);
    failure(&evidence, evidence.rule(policy), policy.headers)
}

fn failure(evidence: &Evidence<'_>, holding: Holding<'_>, headers: Headers) -> Failure {
    let facts = evidence.facts;
    let seconds = |seconds: u32| (seconds > 0).then(|| Duration::from_secs(seconds.into()));
    let (kind, phase, effect, times) = match holding {
        Holding::Table(rule) => (rule.kind, rule.phase, rule.effect, rule.times.map(seconds)),
        Holding::Policy(rule) => {
            (rule.kind.unwrap_or(FailureKind::Unknown), rule.phase, rule.effect, [rule.retry_after, rule.reset_after])
        }
        Holding::None => (FailureKind::Unknown, None, Effect::Possible, [None; 2]),
    };
    let was_sending = matches!(facts.phase, Some(Phase::Send | Phase::FirstProgress | Phase::Idle));
    let is_limit = matches!(kind, FailureKind::RateLimited | FailureKind::QuotaExhausted);
    let stated = retry_after(facts, headers).or(evidence.body.retry_delay);
    let reads_resets = is_limit && stated.is_none() && headers == Headers::Lenient;
    let reset = if reads_resets { headers::reset_after(facts) } else { None };
    let [retry_after, reset_after] = if stated.or(reset).is_some() { [stated, reset] } else { times };
    Failure {
        kind,
        status: facts.status,
        retry_after,
        reset_after,
        phase: facts.phase.or(phase),
        should_retry: headers::should_retry(facts),
        effect: if was_sending { Effect::Possible } else { effect },
    }
}

#[cfg(test)]
mod tests;
