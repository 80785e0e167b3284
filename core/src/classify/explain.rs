//! What a failure is, why, and what follows: for people.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::UNKNOWN;
use super::evidence::{Evidence, Holding};
use super::rules::On;
use crate::foreign;
use crate::policy::Policy;
use crate::policy::failure::{Again, Charge, Cool, Effect, Failure, FailureRule, NextRule, RebuildRule};
use crate::policy::retry::PastPatience;
use crate::time::Seconds;

/// What a failure was taken for, and why. Shown, it is a few lines for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The name of the rule that decided; `unknown` where none held.
    pub rule: String,
    /// What it was taken for.
    pub failure: Failure,
    /// The facts that made the rule hold.
    pub why: String,
    /// What the ladder does about it, by the policy's table.
    pub next: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = &self.failure;
        write!(f, "{failure}")?;
        if let Some(wait) = failure.retry_after {
            write!(f, ", may be asked again after {}", Seconds(wait))?;
        }
        if let Some(reset) = failure.reset_after {
            write!(f, ", the limit is lifted after {}", Seconds(reset))?;
        }
        if let Some(phase) = failure.phase {
            write!(f, ", in phase {phase}")?;
        }
        match failure.effect {
            Effect::None => write!(f, ", nothing was sent")?,
            Effect::Possible => {}
        }
        match failure.should_retry {
            Some(true) => write!(f, ", the provider says: ask again")?,
            Some(false) => write!(f, ", the provider says: do not ask again")?,
            None => {}
        }
        write!(f, "\nrule {}: {}\nnext: {}", foreign::name(&self.rule), self.why, self.next)
    }
}

pub(super) fn explain(evidence: &Evidence<'_>, holding: Holding<'_>, failure: Failure, policy: &Policy) -> Explanation {
    let rule = match holding {
        Holding::Table(rule) => rule.name(),
        Holding::Policy(rule) => &rule.name,
        Holding::None => UNKNOWN,
    };
    let mut why = String::new();
    for (on, word) in evidence.reasons(holding) {
        if !why.is_empty() {
            why.push_str(" and ");
        }
        why.push_str(&reason(on, word, evidence));
    }
    if why.is_empty() {
        why.push_str("no rule knows it");
    }
    Explanation { rule: rule.to_string(), failure, why, next: next(failure, policy) }
}

/// An error that brings its failure along has facts of no interest.
pub(super) fn said(failure: Failure, policy: &Policy) -> Explanation {
    let (rule, why) = ("said".to_string(), "the error brings its failure along".to_string());
    Explanation { rule, failure, why, next: next(failure, policy) }
}

fn reason(on: On, word: &str, evidence: &Evidence<'_>) -> String {
    match on {
        On::Status => {
            let status = evidence.status().unwrap_or_default();
            let of_body = if evidence.facts.status == Some(status) { "" } else { " in the body" };
            format!("status {status}{of_body}")
        }
        On::Phase | On::Provider => format!("{on} {}", foreign::name(word)),
        On::Code | On::Class | On::Header | On::Field | On::Phrase => format!("{on} `{}`", foreign::name(word)),
    }
}

/// What the ladder does about a failure of this kind, rung by rung.
fn next(failure: Failure, policy: &Policy) -> String {
    let rule = policy.failures.rule(failure.kind);
    let mut steps = String::new();
    let mut say = |step: &str| {
        if !steps.is_empty() {
            steps.push_str("; ");
        }
        steps.push_str(step);
    };
    if let Some(again) = again(failure, rule, policy) {
        say(&again);
    }
    match rule.rebuild {
        RebuildRule::OnPrimary if policy.recovery.enabled => say("the primary's client made again, once a turn"),
        RebuildRule::Anywhere if policy.recovery.enabled => say("the client made again, once a turn"),
        _ => {}
    }
    match rule.next {
        NextRule::Yes => say("the next route"),
        NextRule::LargerContext => say("the next route with a larger context window"),
        NextRule::IfRestartable => say("the next route if the call may start over"),
        NextRule::No => {}
    }
    if steps.is_empty() {
        steps.push_str("nothing can follow: the error is handed on");
    }
    format!("{steps}; {}; {}", counted(rule), cooldown(failure, rule))
}

fn again(failure: Failure, rule: FailureRule, policy: &Policy) -> Option<String> {
    let most = policy.retry.max_attempts.saturating_sub(1);
    let often = match most {
        0 => return None,
        1 => "once".to_string(),
        most => format!("up to {most} times"),
    };
    let (often, only) = match rule.again {
        _ if failure.should_retry == Some(false) => return None,
        Again::Yes => (often, ""),
        Again::Once => ("once".to_string(), ""),
        Again::OnLastRoute => (often, ", but only if it is the last"),
        Again::IfRestartable => (often, ", but only if the call may start over"),
        Again::No if failure.should_retry == Some(true) => (often, ""),
        Again::No => return None,
    };
    let beyond = match policy.retry.past_patience {
        PastPatience::MoveOn => "beyond that the route is left",
        PastPatience::Obey => "but a longer one that is stated is waited",
        PastPatience::Clamp => "also where a longer one is stated",
        PastPatience::Backoff => "else the backoff is waited",
        PastPatience::Fail => "beyond that the call ends",
    };
    let patience = format!(
        "a wait is at most {} ({} on the last route), {beyond}",
        Seconds(policy.retry.patience),
        Seconds(policy.retry.patience_last)
    );
    Some(format!("the same route again {often}{only}; {patience}"))
}

const fn counted(rule: FailureRule) -> &'static str {
    match rule.charge {
        _ if rule.proves_alive => "shows that the provider is alive",
        Charge::Deployment => "counts as a failure of the deployment",
        Charge::Endpoint => "counts as a failure of the endpoint",
        Charge::DeploymentIfFullTime => "counts as a failure of the deployment if it had its time in full",
        Charge::No => "not counted",
    }
}

fn cooldown(failure: Failure, rule: FailureRule) -> String {
    let stated = failure.stated().map(|stated| format!("for the stated {}", Seconds(stated)));
    let what = match rule.cool {
        Cool::Limit => "the credential at this deployment",
        Cool::Credential => "the credential",
        Cool::Deployment => "the deployment",
        Cool::StatedOnly if stated.is_some() => "the deployment",
        Cool::StatedOnly | Cool::No => return "no cooldown".to_string(),
    };
    let doubling = || format!("for {}, doubling to {}", Seconds(rule.cool_base), Seconds(rule.cool_cap));
    format!("cooldown of {what} {}", stated.unwrap_or_else(doubling))
}

#[cfg(test)]
mod tests;
