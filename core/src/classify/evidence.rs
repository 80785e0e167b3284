//! How a rule holds: what the facts come to, and each condition asked of it.

use alloc::string::String;
use alloc::vec::Vec;

use super::Facts;
use super::body::{Body, seen};
use super::classes::{Telling, telling};
use super::headers::{amazon_type, header, named_value};
use super::phrases::{self, Found};
use super::rules::{self, On, Run};
use super::table::RULES;
use crate::policy::classify::{self, Classify};

/// The facts, read once for all rules.
pub(super) struct Evidence<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) body: Body,
    telling: Option<Telling<'a>>,
    amazon: Option<&'a str>,
    phrases: Found,
}

/// The rule that holds first: of the table or of the policy. Where none does, nothing is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holding<'p> {
    Table(&'static rules::Rule),
    Policy(&'p classify::ClassifyRule),
    None,
}

/// The words of a condition, of which one is enough.
#[derive(Clone, Copy)]
enum Words<'p> {
    Table(Run),
    Policy(&'p [String]),
}

impl<'a> Evidence<'a> {
    pub(super) fn read(facts: &'a Facts<'a>, policy: &Classify) -> Self {
        let body = facts.body.map(Body::read).unwrap_or_default();
        let mut phrases = Found::NONE;
        for text in [facts.message.map(seen).unwrap_or_default(), &body.texts] {
            phrases.look_in(text);
        }
        Self { facts, body, telling: telling(facts, policy), amazon: amazon_type(facts), phrases }
    }

    /// The status of the answer; where it is none of an error, the one that the body names.
    pub(super) fn status(&self) -> Option<u16> {
        self.facts.status.filter(|status| *status >= 400).or(self.body.status).or(self.facts.status)
    }

    /// The first rule that holds: those of the policy where they stand, and the table's but for those it switched off.
    pub(super) fn rule<'p>(&self, policy: &'p Classify) -> Holding<'p> {
        let of_policy = |rule: &&'p classify::ClassifyRule| self.holds_of_policy(rule);
        if let Some(rule) = policy.first().find(of_policy) {
            return Holding::Policy(rule);
        }
        for rule in &RULES {
            if !policy.is_empty() {
                if let Some(rule) = policy.at(rule.name()).find(of_policy) {
                    return Holding::Policy(rule);
                }
                if policy.replaces(rule.name()) {
                    continue;
                }
            }
            if self.holds(rule) {
                return Holding::Table(rule);
            }
        }
        Holding::None
    }

    fn holds(&self, rule: &rules::Rule) -> bool {
        let meets =
            |condition: &rules::Condition| self.meets(condition.on, Words::Table(condition.run), rule.own).is_some();
        rule.when().chunk_by(|one, other| one.on == other.on).all(|same| same.iter().any(meets))
            && !rule.unless().iter().any(meets)
    }

    fn holds_of_policy(&self, rule: &classify::ClassifyRule) -> bool {
        let meets = |condition: &classify::Condition| {
            self.meets(condition.on, Words::Policy(&condition.any), rule.own).is_some()
        };
        rule.when.iter().all(meets) && !rule.unless.iter().any(meets)
    }

    /// What made a rule hold: what each of its conditions looked at, and the word that it found.
    pub(super) fn reasons<'p>(&self, holding: Holding<'p>) -> Vec<(On, &'p str)> {
        let found = |on, words, own| self.meets(on, words, own).map(|word| (on, word));
        match holding {
            Holding::Table(rule) => {
                rule.when().iter().filter_map(|one| found(one.on, Words::Table(one.run), rule.own)).collect()
            }
            Holding::Policy(rule) => {
                rule.when.iter().filter_map(|one| found(one.on, Words::Policy(&one.any), rule.own)).collect()
            }
            Holding::None => Vec::new(),
        }
    }

    /// The first of the words that is true of what the condition looks at.
    fn meets<'p>(&self, on: On, words: Words<'p>, own: bool) -> Option<&'p str> {
        match on {
            On::Status => {
                let status = self.status()?;
                words.find(&|word| is_status(word, status))
            }
            On::Phase => {
                let phase = self.facts.phase?.name();
                words.find(&|word| word == phase)
            }
            On::Provider => {
                let provider = self.facts.provider?;
                words.find(&|word| word.eq_ignore_ascii_case(provider))
            }
            On::Code => {
                let told = [self.facts.code, self.facts.error_type, self.amazon];
                if self.body.words.is_empty() && told == [None; 3] {
                    return None;
                }
                let of_body = || self.body.words.iter().map(String::as_str);
                words.find(&|word| told.into_iter().flatten().chain(of_body()).any(|code| is_like(code, word)))
            }
            On::Class => {
                let telling = self.telling.filter(|telling| telling.own || !own)?;
                words.find(&|word| word == telling.class)
            }
            On::Header => words.find(&|word| {
                let (name, value) = named_value(word).unwrap_or((word, "*"));
                header(self.facts, name).is_some_and(|told| is_like(told.trim_ascii(), value))
            }),
            On::Field => words.find(&|word| self.body.fields.iter().any(|field| field.eq_ignore_ascii_case(word))),
            On::Phrase => match words {
                Words::Table(run) => self.phrases.first_of(run),
                Words::Policy(_) => {
                    let texts = [self.facts.message.map(seen).unwrap_or_default(), &self.body.texts];
                    words.find(&|word| texts.iter().any(|text| phrases::holds(text, word)))
                }
            },
        }
    }
}

impl<'p> Words<'p> {
    fn find(self, is_true: &dyn Fn(&str) -> bool) -> Option<&'p str> {
        match self {
            Self::Table(run) => run.words().find(|word| is_true(word)),
            Self::Policy(words) => words.iter().map(String::as_str).find(|word| is_true(word)),
        }
    }
}

/// Whether a status is this one (`429`), or one of these hundred (`4xx`).
fn is_status(word: &str, status: u16) -> bool {
    match word.strip_suffix("xx") {
        Some(hundred) => hundred.parse() == Ok(status / 100),
        None => word.parse() == Ok(status),
    }
}

/// Whether a word is like a pattern, whatever the case of ASCII letters; `*` at either end of it stands for anything.
fn is_like(word: &str, pattern: &str) -> bool {
    let (front, rest) = pattern.strip_prefix('*').map_or((false, pattern), |rest| (true, rest));
    let (back, rest) = rest.strip_suffix('*').map_or((false, rest), |rest| (true, rest));
    let (word, rest) = (word.as_bytes(), rest.as_bytes());
    let Some(over) = word.len().checked_sub(rest.len()) else { return false };
    let is_at = |at: usize| word.get(at..at + rest.len()).is_some_and(|part| part.eq_ignore_ascii_case(rest));
    match (front, back) {
        (false, false) => over == 0 && is_at(0),
        (true, false) => is_at(over),
        (false, true) => is_at(0),
        (true, true) => (0..=over).any(is_at),
    }
}

#[cfg(test)]
mod tests;
