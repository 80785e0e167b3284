//! What failures are taken for, beside the built-in rules: rules added, replaced and switched off by name.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem::take;
use core::time::Duration;

use super::Invalid;
use super::failure::{Effect, FailureKind, Phase};
use crate::classify::{HEADERS, Headers, On, is_known, named_value};
use crate::data::LIMITS;
use crate::stored::{about, fields};
use crate::value::Value;
use crate::visit::{Blank, Data, Group, Kind, Limits, Visitor};

const MOST_RULES: usize = 64;
const MOST_WORDS: usize = 32;
/// The longest name and the longest word, in bytes.
const LONGEST_WORD: usize = 200;

fields! {
    /// How failures are told apart beside the built-in rules.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Classify {
        /// How far headers are believed. Default: lenient.
        headers: Headers = Headers::Lenient;
        /// Built-in rules that are not asked.
        off: Vec<String> = Vec::new(), Limits::Names;
        /// Rules of the policy's own, at most 64.
        rules: Vec<ClassifyRule> = Vec::new(), Limits::Most(MOST_RULES);
    }
}

/// A rule of the policy's own. One with the name of a built-in rule stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassifyRule {
    /// Its name.
    pub name: String,
    /// The built-in rule before which it is asked; before all of them where there is none.
    pub before: Option<String>,
    /// Of classes, only those of the exception itself count and not those of its causes.
    pub own: bool,
    /// What must hold, all of it.
    pub when: Vec<Condition>,
    /// What must not hold, none of it.
    pub unless: Vec<Condition>,
    /// What the failure is then; it has to be given.
    pub kind: Option<FailureKind>,
    /// How far the attempt had come then, where the host does not know it.
    pub phase: Option<Phase>,
    /// Whether it may have had an effect then.
    pub effect: Effect,
    /// How long to wait before asking again, where the provider stated no time.
    pub retry_after: Option<Duration>,
    /// When the limit is lifted, where the provider stated no time.
    pub reset_after: Option<Duration>,
}

/// One condition of a rule: what it looks at, and the words of which one is enough (at most 32, each up to 200 bytes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What it looks at.
    pub on: On,
    /// The words.
    pub any: Vec<String>,
}

impl Classify {
    /// What must hold between fields: known names, and rules that ask for something.
    pub(crate) fn check_together(&self) -> Result<(), Invalid> {
        let built_in = |field: String, name: &str| {
            let wrong = || Invalid::new(field, Value::Text(name.to_string()), "the name of a built-in rule");
            if is_known(name) { Ok(()) } else { Err(wrong()) }
        };
        self.off.iter().enumerate().try_for_each(|(at, name)| built_in(format!("classify.off[{at}]"), name))?;
        for (at, rule) in self.rules.iter().enumerate() {
            let path = format!("classify.rules[{at}]");
            if rule.name.is_empty() || rule.name.len() > LONGEST_WORD {
                let name = Value::Text(rule.name.clone());
                return Err(Invalid::new(format!("{path}.name"), name, "a name of 1 to 200 bytes"));
            }
            if rule.when.is_empty() {
                return Err(Invalid::new(format!("{path}.when"), "nothing", "at least one condition"));
            }
            if rule.kind.is_none() {
                let allowed = format!("one of {}", FailureKind::NAMES.join(", "));
                return Err(Invalid::new(format!("{path}.then.kind"), "nothing", allowed));
            }
            if let Some(before) = &rule.before {
                built_in(format!("{path}.before"), before)?;
                if is_known(&rule.name) {
                    let allowed = "nothing: a rule with the name of a built-in one stands in its place";
                    return Err(Invalid::new(format!("{path}.before"), Value::Text(before.clone()), allowed));
                }
            }
        }
        Ok(())
    }

    /// Whether all is as it is built in.
    pub(crate) fn is_empty(&self) -> bool {
        self.off.is_empty() && self.rules.is_empty()
    }

    /// Whether a built-in rule is switched off, or another stands in its place.
    pub(crate) fn replaces(&self, name: &str) -> bool {
        self.off.iter().any(|off| off == name) || self.rules.iter().any(|rule| rule.name == name)
    }

    /// The rules that are asked before all others.
    pub(crate) fn first(&self) -> impl Iterator<Item = &ClassifyRule> {
        self.rules.iter().filter(|rule| rule.before.is_none() && !is_known(&rule.name))
    }

    /// The rules that are asked before a built-in one, and then those that stand in its place.
    pub(crate) fn at(&self, name: &str) -> impl Iterator<Item = &ClassifyRule> {
        let before = self.rules.iter().filter(move |rule| rule.before.as_deref() == Some(name));
        before.chain(self.rules.iter().filter(move |rule| rule.name == name))
    }
}

impl ClassifyRule {
    /// A rule without conditions; one at least has to be given to it.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: FailureKind) -> Self {
        Self { name: name.into(), kind: Some(kind), ..Self::BLANK }
    }

    /// The same rule with one more condition.
    #[must_use]
    pub fn when(mut self, on: On, any: &[&str]) -> Self {
        self.when.push(Condition { on, any: any.iter().map(ToString::to_string).collect() });
        self
    }
}

impl Data for ClassifyRule {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        let Self { name, before, own, when, unless, kind, phase, effect, retry_after, reset_after } = self;
        visitor.part_about("name", name, about!("The name of the rule, 1 to 200 bytes."));
        visitor.part_about(
            "before",
            before,
            about!("The built-in rule before which it is asked; before all where there is none."),
        );
        visitor.part_about(
            "own",
            own,
            about!("Whether of classes only those of the exception itself count, and not those of its causes."),
        );
        let mut all = Group(|visitor: &mut Visitor<'_>| conditions(when, visitor));
        visitor.part_about("when", &mut all, about!("What must hold, all of it; at least one condition."));
        let mut none = Group(|visitor: &mut Visitor<'_>| conditions(unless, visitor));
        visitor.part_about("unless", &mut none, about!("What must not hold, none of it."));
        let mut then = Group(|visitor: &mut Visitor<'_>| {
            visitor.part_about("kind", kind, about!("What the failure is then; it has to be given."));
            visitor.part_about(
                "phase",
                phase,
                about!("How far the attempt had come then, where the host does not know it."),
            );
            visitor.part_about("effect", effect, about!("Whether the attempt may have had an effect then."));
            let wait = about!("How long to wait before asking again, where the provider stated no time.");
            visitor.field("retry_after", retry_after, LIMITS.into(), wait);
            let lifted = about!("When the limit is lifted, where the provider stated no time.");
            visitor.field("reset_after", reset_after, LIMITS.into(), lifted);
        });
        visitor.part_about("then", &mut then, about!("What the failure is taken for."));
    }
}

impl Blank for ClassifyRule {
    const BLANK: Self = Self {
        name: String::new(),
        before: None,
        own: false,
        when: Vec::new(),
        unless: Vec::new(),
        kind: None,
        phase: None,
        effect: Effect::Possible,
        retry_after: None,
        reset_after: None,
    };
}

/// Each thing that can be looked at is a field with a list of words; an empty list is no condition.
fn conditions(conditions: &mut Vec<Condition>, visitor: &mut Visitor<'_>) {
    let mut before = take(conditions);
    for on in On::ALL {
        let found = before.iter_mut().find(|condition| condition.on == *on);
        let mut any = found.map(|condition| take(&mut condition.any)).unwrap_or_default();
        if !(visitor.is_writing() && any.is_empty()) {
            let words = &mut Words { on: *on, any: &mut any };
            visitor.part_about(on.name(), words, about!("Words of which one is enough."));
        }
        if !any.is_empty() {
            conditions.push(Condition { on: *on, any });
        }
    }
}

/// The words of a condition.
struct Words<'a> {
    on: On,
    any: &'a mut Vec<String>,
}

impl Data for Words<'_> {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        let (on, kind) = (self.on, Kind::Texts(allowed(self.on)));
        // As a person would write them: statuses as numbers.
        let item = |word: &String| match word.parse::<u16>() {
            Ok(status) if on == On::Status => Value::Number(status.into()),
            _ => Value::Text(word.clone()),
        };
        let mut read = None;
        visitor.leaf(kind, &|| Value::List(self.any.iter().map(item).collect()), &mut |value| {
            let Value::List(items) = value else { return false };
            let words = items.iter().map(|item| match item {
                Value::Text(text) => Some(text.clone()),
                other => other.as_whole().map(|whole| whole.to_string()),
            });
            read = words.collect::<Option<Vec<_>>>();
            read.is_some()
        });
        if !(visitor.is_writing() || read.is_some()) {
            return;
        }
        *self.any = read.unwrap_or_else(|| take(self.any));
        let wrong = self.any.iter().find(|word| !is_right(on, word));
        if wrong.is_some() || self.any.is_empty() || self.any.len() > MOST_WORDS {
            let shown = wrong
                .map_or_else(|| format!("a list of {}", self.any.len()), |word| Value::Text(word.clone()).to_string());
            visitor.refuse_own(shown, kind);
        }
    }
}

fn is_right(on: On, word: &str) -> bool {
    let right = match on {
        On::Status => match word.strip_suffix("xx") {
            Some(hundred) => matches!(hundred, "1" | "2" | "3" | "4" | "5"),
            None => word.parse().is_ok_and(|status: u16| (100..=599).contains(&status)),
        },
        On::Phase => Phase::from_name(word).is_some(),
        On::Header => named_value(word).is_some_and(|(name, value)| HEADERS.contains(&name) && !value.is_empty()),
        // Lists of classes have names in the table alone.
        On::Class => !word.is_empty() && !word.starts_with('@'),
        _ => !word.is_empty(),
    };
    right && word.len() <= LONGEST_WORD
}

const fn allowed(on: On) -> &'static str {
    match on {
        On::Status => "a list of up to 32 of 100 to 599 and \"1xx\" to \"5xx\"",
        On::Phase => "a list of pool, connect, send, first_progress, idle, total",
        On::Header => "a list of up to 32 texts \"name: value\", with the names of headers that are read",
        On::Class => "a list of up to 32 names of classes of 1 to 200 bytes, without @",
        _ => "a list of up to 32 words of 1 to 200 bytes",
    }
}

#[cfg(test)]
mod tests;
