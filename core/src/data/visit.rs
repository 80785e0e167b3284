//! One traversal for policies, routes and states: it writes them, reads them, checks their ranges and describes them.
//!
//! Each type lists its fields once, with `stored!` or `fields!`. A policy is read over its defaults and in the spelling of its host;
//! a state is read over nothing, as it was written, and translated to the clock and the chain of today where it says when and whom.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem::{discriminant, replace, take};

use super::invalid::Invalid;
pub(crate) use super::kind::{Blank, Data, Kind, Limits};
use super::travel::Travel;
use crate::value::{Spelling, Value};

/// The longest list that is read: a bound for texts that somebody else wrote.
const LONGEST_LIST: usize = 100_000;

/// Fields that have no type of their own.
pub(crate) struct Group<F>(pub(crate) F);

impl<F: FnMut(&mut Visitor<'_>)> Data for Group<F> {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        if visitor.does == Does::Write {
            visitor.into = Value::Map(Vec::new());
        }
        (self.0)(visitor);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Write,
    /// Keeps the first thing that is out of its range, and otherwise goes the way of writing.
    Check,
    /// Reads, and keeps the first thing that is wrong.
    Read,
    #[cfg(feature = "schema")]
    Describe,
}

/// Goes through what is written, read or described.
pub(crate) struct Visitor<'a> {
    does: Does,
    /// How a policy is written; a state has one form alone, in which no field may be missing.
    pub(super) spelling: Option<Spelling>,
    /// What is read: `None` where it is missing.
    from: Option<&'a Value>,
    /// What was written.
    into: Value,
    /// Where it stands, for messages.
    path: String,
    /// The fields of the present map that were asked for.
    known: Vec<Cow<'static, str>>,
    /// Of a policy's part, only these fields.
    only: &'static [&'static str],
    pub(super) limits: Limits,
    /// What a state that is read is translated by.
    pub(crate) travel: Travel,
    /// Whether what was read last names a route that is gone.
    pub(super) lost: bool,
    wrong: Option<Invalid>,
    #[cfg(feature = "schema")]
    pub(super) sheet: super::schema::Sheet,
}

impl<'a> Visitor<'a> {
    fn new(does: Does, spelling: Option<Spelling>, path: String) -> Self {
        Self {
            does,
            spelling,
            from: None,
            into: Value::Null,
            path,
            known: Vec::new(),
            only: &[],
            limits: Limits::Any,
            travel: Travel::default(),
            lost: false,
            wrong: None,
            #[cfg(feature = "schema")]
            sheet: super::schema::Sheet::default(),
        }
    }

    /// A policy in a spelling, or a state, as plain data.
    pub(crate) fn write(part: &mut dyn Data, spelling: Option<Spelling>) -> Value {
        let mut visitor = Self::new(Does::Write, spelling, String::new());
        part.visit(&mut visitor);
        visitor.into
    }

    /// Checks ranges, where the types of Rust allow more; messages have spans in seconds.
    pub(crate) fn check(part: &mut dyn Data, path: String) -> Result<(), Invalid> {
        let mut visitor = Self::new(Does::Check, Some(Spelling::Python), path);
        part.visit(&mut visitor);
        visitor.wrong.map_or(Ok(()), Err)
    }

    /// Replaces the fields of a policy that are given; `path` is what messages call it.
    pub(crate) fn read(
        value: &'a Value,
        spelling: Spelling,
        path: &str,
        only: &'static [&'static str],
        limits: Limits,
        part: &mut dyn Data,
    ) -> Result<(), Invalid> {
        let mut visitor = Self::new(Does::Read, Some(spelling), String::new());
        visitor.only = only;
        visitor.within(path, Some(value), limits, part);
        visitor.wrong.map_or(Ok(()), Err)
    }

    /// Replaces a state by what is read, and says whether something in it named a route that is gone.
    pub(crate) fn restore(value: &'a Value, path: &str, part: &mut dyn Data) -> Result<bool, Invalid> {
        let mut visitor = Self::new(Does::Read, None, String::new());
        visitor.within(path, Some(value), Limits::Any, part);
        visitor.wrong.map_or(Ok(visitor.lost), Err)
    }

    /// The same for a description, which `part` is the defaults of.
    #[cfg(feature = "schema")]
    pub(super) fn describe(part: &mut dyn Data) -> super::schema::Sheet {
        let mut visitor = Self::new(Does::Describe, Some(Spelling::Json), String::new());
        part.visit(&mut visitor);
        visitor.sheet
    }

    pub(crate) fn is_reading(&self) -> bool {
        self.does == Does::Read
    }

    /// Whether it writes, so that what says nothing may be left out.
    pub(crate) fn is_writing(&self) -> bool {
        matches!(self.does, Does::Write | Does::Check)
    }

    /// A field of a state.
    pub(crate) fn part(&mut self, name: &'static str, part: &mut dyn Data) {
        self.field(name, part, Limits::Any, "");
    }

    /// A field of which nothing holds beyond its type, and what it is.
    pub(crate) fn part_about(&mut self, name: &'static str, part: &mut dyn Data, about: &'static str) {
        self.field(name, part, Limits::Any, about);
    }

    /// A field, what holds for it beyond its type, and what it is, in a sentence.
    pub(crate) fn field(&mut self, name: &'static str, part: &mut dyn Data, limits: Limits, about: &'static str) {
        if self.wrong.is_some() || !(self.only.is_empty() || self.only.contains(&name)) {
            return;
        }
        let spelled = match self.spelling {
            Some(spelling) => spelling.field(name, part.is_span()),
            None => Cow::Borrowed(name),
        };
        match self.does {
            Does::Check => drop(self.within(&spelled, None, limits, part)),
            Does::Write => {
                let value = self.within(&spelled, None, limits, part);
                match &mut self.into {
                    Value::Map(entries) => entries.push((spelled.into_owned(), value)),
                    other => *other = Value::Map([(spelled.into_owned(), value)].into()),
                }
            }
            Does::Read => match self.from {
                Some(map @ Value::Map(_)) => {
                    let found = map.get(&spelled);
                    self.known.push(spelled.clone());
                    // What a policy does not name keeps its default.
                    if found.is_some() || self.spelling.is_none() {
                        self.within(&spelled, found, limits, part);
                    }
                }
                Some(Value::Null) if self.spelling.is_some() => {}
                _ => self.refuse("a map of fields".into()),
            },
            #[cfg(feature = "schema")]
            Does::Describe => {
                // Before it is visited, which leaves nothing of it.
                let default = Self::write(part, self.spelling);
                self.sheet.enter(name, spelled.into_owned(), about, limits);
                self.within(name, None, limits, part);
                self.sheet.leave(default);
            }
        }
        #[cfg(not(feature = "schema"))]
        let _ = about;
    }

    /// Which variant of an enum it is. Reading makes the blank one, whose fields follow.
    pub(crate) fn variant<T: Clone>(&mut self, slot: &mut T, words: &'static [&'static str], blanks: &[T]) {
        let mut at = blanks.iter().position(|blank| discriminant(blank) == discriminant(slot)).unwrap_or_default();
        #[cfg(feature = "serde")]
        if self.spelling.is_some() {
            return self.part("is", &mut crate::value::snake(words.get(at).copied().unwrap_or_default()));
        }
        self.part("is", &mut Group(|visitor: &mut Visitor<'_>| visitor.word(&mut at, words)));
        if let (true, Some(blank)) = (self.is_reading(), blanks.get(at)) {
            slot.clone_from(blank);
        }
    }

    /// How many items the present list has: `count`, or what is read. Each is then visited by [`Visitor::item`].
    /// `None` where it stays as it is.
    pub(super) fn items(&mut self, count: usize) -> Option<usize> {
        let most = if let Limits::Most(most) = self.limits { most } else { LONGEST_LIST };
        let named = self.limits == Limits::Names;
        let allowed = || if named { "a list of names".into() } else { format!("a list of up to {most}") };
        match (self.does, self.from) {
            (Does::Write | Does::Check, _) => {
                if self.does == Does::Write {
                    self.into = Value::List(Vec::new());
                }
                if count > most {
                    self.refuse_value(format!("a list of {count}"), allowed());
                }
                Some(count)
            }
            (Does::Read, Some(Value::List(items))) if items.len() <= most => Some(items.len()),
            (Does::Read, Some(Value::Null)) if self.spelling.is_some() => None,
            (Does::Read, _) => {
                self.refuse(allowed());
                None
            }
            #[cfg(feature = "schema")]
            (Does::Describe, _) => {
                self.sheet.list(count);
                Some(1)
            }
        }
    }

    /// An item of the present list. False once something is wrong: then the rest is not worth the time.
    pub(super) fn item(&mut self, at: usize, part: &mut dyn Data) -> bool {
        let from = if let Some(Value::List(items)) = self.from { items.get(at) } else { None };
        let value = self.within(&format!("[{at}]"), from, self.limits, part);
        if let Value::List(items) = &mut self.into {
            items.push(value);
        }
        self.wrong.is_none()
    }

    /// Visits what stands one step further in, and gives what was written.
    fn within(&mut self, step: &str, from: Option<&'a Value>, limits: Limits, part: &mut dyn Data) -> Value {
        let (around, length) = (replace(&mut self.limits, limits), self.path.len());
        self.step(step);
        let written = if self.does == Does::Check {
            part.visit(self);
            Value::Null
        } else {
            self.inside(from, part)
        };
        self.path.truncate(length);
        self.limits = around;
        written
    }

    fn inside(&mut self, from: Option<&'a Value>, part: &mut dyn Data) -> Value {
        let (outer, known) = (replace(&mut self.from, from), take(&mut self.known));
        let into = replace(&mut self.into, Value::Null);
        part.visit(self);
        if let (Some(Value::Map(entries)), None) = (from, &self.wrong)
            && let Some((key, value)) = entries.iter().find(|(key, _)| !self.known.iter().any(|known| known == key))
        {
            self.step(key);
            self.from = Some(value);
            self.refuse(format!("one of the fields {}", self.known.join(", ")));
        }
        (self.from, self.known) = (outer, known);
        replace(&mut self.into, into)
    }

    fn step(&mut self, step: &str) {
        if !(self.path.is_empty() || step.is_empty() || step.starts_with('[')) {
            self.path.push('.');
        }
        self.path.push_str(step);
    }

    /// Whether it is nothing: `absent`, or what is read.
    pub(super) fn absent(&mut self, absent: bool) -> bool {
        match self.does {
            Does::Write | Does::Check => absent,
            Does::Read => self.from == Some(&Value::Null),
            #[cfg(feature = "schema")]
            Does::Describe => {
                self.sheet.optional(absent);
                false
            }
        }
    }

    /// A leaf: writes its value, or hands over what is read and refuses it where `take` does.
    pub(crate) fn leaf(&mut self, kind: Kind, value: &dyn Fn() -> Value, take: &mut dyn FnMut(&Value) -> bool) {
        match (self.does, self.from) {
            (Does::Write, _) => self.into = value(),
            (Does::Check, _) => {}
            (Does::Read, Some(Value::Null)) if self.spelling.is_some() => {}
            (Does::Read, Some(from)) if take(from) => {}
            (Does::Read, from) => match (kind, from) {
                (Kind::Span(..), Some(Value::Number(number))) => self.refuse_span(*number, kind),
                _ => self.refuse(kind.allowed(self.language())),
            },
            #[cfg(feature = "schema")]
            (Does::Describe, _) => self.sheet.leaf(kind, &value()),
        }
    }

    /// One of these words.
    pub(crate) fn word(&mut self, at: &mut usize, words: &'static [&'static str]) {
        let now = *at;
        let value = || Value::Text(words.get(now).copied().unwrap_or_default().to_string());
        self.leaf(Kind::Word(words), &value, &mut |value| {
            let found = if let Value::Text(text) = value { words.iter().position(|word| word == text) } else { None };
            *at = found.unwrap_or(now);
            found.is_some()
        });
    }

    fn language(&self) -> Spelling {
        self.spelling.unwrap_or(Spelling::Python)
    }

    fn refuse_span(&mut self, number: f64, kind: Kind) {
        let millis = number / self.language().units_per_second() * 1000.0;
        self.refuse_value(self.language().span(millis), kind.allowed(self.language()));
    }

    /// What is written is out of its range.
    pub(crate) fn refuse_own(&mut self, shown: String, kind: Kind) {
        self.refuse_value(shown, kind.allowed(self.language()));
    }

    /// Refuses what is read.
    pub(crate) fn refuse(&mut self, allowed: String) {
        let value = self.from.map_or_else(|| "nothing".to_string(), Value::to_string);
        self.refuse_value(value, allowed);
    }

    /// Refuses a value, as a message shows it.
    pub(crate) fn refuse_value(&mut self, value: String, allowed: String) {
        if self.wrong.is_none() {
            let field = if self.path.is_empty() { "policy".to_string() } else { self.path.clone() };
            self.wrong = Some(Invalid { field, value, allowed });
        }
    }
}
