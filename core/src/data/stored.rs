//! State as plain data, written and read back by the same lines: each type lists its parts once, with `stored!`.

mod leaves;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem::{discriminant, replace, take};

use crate::policy::Invalid;
use crate::value::Value;

/// The longest list that is read: a bound for texts that somebody else wrote.
const LONGEST: usize = 100_000;

/// What can be written as plain data and read back.
pub(crate) trait Stored {
    /// Visits its parts: writes them, or replaces them by what is read.
    fn stored(&mut self, store: &mut Store<'_>);
}

/// What reading starts from.
pub(crate) trait Blank: Stored + Sized {
    const BLANK: Self;
}

/// Lists the parts of a type: `stored! { Type { part, other } }`, `stored! { Type(_) }` for what stands for its one field, and
/// `stored! { enum Type { Plain, Tuple(part), Struct { part, other } } }`. The compiler sees to it that none is forgotten.
macro_rules! stored {
    ($type:ident { $($part:ident),+ $(,)? }) => {
        impl $crate::stored::Stored for $type {
            fn stored(&mut self, store: &mut $crate::stored::Store<'_>) {
                let Self { $($part),+ } = self;
                $(store.part(stringify!($part), $part);)+
            }
        }
        impl $crate::stored::Blank for $type {
            const BLANK: Self = Self { $($part: $crate::stored::Blank::BLANK),+ };
        }
    };
    ($type:ident(_)) => {
        impl $crate::stored::Stored for $type {
            fn stored(&mut self, store: &mut $crate::stored::Store<'_>) {
                self.0.stored(store);
            }
        }
        impl $crate::stored::Blank for $type {
            const BLANK: Self = Self($crate::stored::Blank::BLANK);
        }
    };
    (enum $type:ident { $first:ident $(($first_inner:ident))? $({ $($first_part:ident),+ })?
        $(, $variant:ident $(($inner:ident))? $({ $($part:ident),+ })?)* $(,)? }) => {
        impl $crate::stored::Stored for $type {
            fn stored(&mut self, store: &mut $crate::stored::Store<'_>) {
                const BLANKS: &[$type] = &[<$type as $crate::stored::Blank>::BLANK, $($type::$variant
                    $(({ let $inner = $crate::stored::Blank::BLANK; $inner }))?
                    $({ $($part: $crate::stored::Blank::BLANK),+ })?),*];
                store.variant(self, &[stringify!($first), $(stringify!($variant)),*], BLANKS);
                match self {
                    Self::$first $(($first_inner))? $({ $($first_part),+ })? => {
                        $(store.part(stringify!($first_inner), $first_inner);)?
                        $($(store.part(stringify!($first_part), $first_part);)+)?
                    }
                    $(Self::$variant $(($inner))? $({ $($part),+ })? => {
                        $(store.part(stringify!($inner), $inner);)?
                        $($(store.part(stringify!($part), $part);)+)?
                    })*
                }
            }
        }
        impl $crate::stored::Blank for $type {
            const BLANK: Self = $type::$first
                $(({ let $first_inner = $crate::stored::Blank::BLANK; $first_inner }))?
                $({ $($first_part: $crate::stored::Blank::BLANK),+ })?;
        }
    };
}
pub(crate) use stored;

/// Writes a state, or reads one and keeps the first thing that is wrong.
pub(crate) struct Store<'a> {
    reads: bool,
    /// What is read: `None` where it is missing.
    from: Option<&'a Value>,
    /// What was written.
    into: Value,
    /// Where it stands, for messages.
    path: String,
    /// The parts of the present map that were asked for.
    known: Vec<&'static str>,
    wrong: Option<Invalid>,
}

impl<'a> Store<'a> {
    /// A state as plain data.
    pub(crate) fn write(part: &mut dyn Stored) -> Value {
        let mut store = Self::new(false, String::new());
        part.stored(&mut store);
        store.into
    }

    /// Replaces a state by what is read; `path` is what messages call it.
    pub(crate) fn read(value: &'a Value, path: &str, part: &mut dyn Stored) -> Result<(), Invalid> {
        let mut store = Self::new(true, path.to_string());
        store.within("", Some(value), part);
        store.wrong.map_or(Ok(()), Err)
    }

    const fn new(reads: bool, path: String) -> Self {
        Self { reads, from: None, into: Value::Null, path, known: Vec::new(), wrong: None }
    }

    /// A part of a map.
    pub(crate) fn part(&mut self, name: &'static str, part: &mut dyn Stored) {
        if !self.reads {
            let value = Self::write(part);
            match &mut self.into {
                Value::Map(entries) => entries.push((name.to_string(), value)),
                other => *other = Value::Map([(name.to_string(), value)].into()),
            }
            return;
        }
        match self.from {
            Some(map @ Value::Map(_)) => {
                self.known.push(name);
                self.within(name, map.get(name), part);
            }
            _ => self.refuse("a map of parts"),
        }
    }

    /// Which variant of an enum it is. Reading makes the blank one, whose parts follow.
    pub(crate) fn variant<T: Clone>(&mut self, slot: &mut T, words: &'static [&'static str], blanks: &[T]) {
        let mut at = blanks.iter().position(|blank| discriminant(blank) == discriminant(slot)).unwrap_or_default();
        self.part("is", &mut Word { at: &mut at, words });
        if let (true, Some(blank)) = (self.reads, blanks.get(at)) {
            slot.clone_from(blank);
        }
    }

    /// How many items the present list has: `count`, or what is read. Each is then visited by [`Store::item`].
    fn items(&mut self, count: usize) -> usize {
        if !self.reads {
            self.into = Value::List(Vec::with_capacity(count));
            return count;
        }
        match self.from {
            Some(Value::List(items)) if items.len() <= LONGEST => items.len(),
            _ => {
                self.refuse(&format!("a list of at most {LONGEST}"));
                0
            }
        }
    }

    /// An item of the present list. False once something is wrong: then the rest is not worth the time.
    fn item(&mut self, at: usize, part: &mut dyn Stored) -> bool {
        if let Value::List(items) = &mut self.into {
            items.push(Self::write(part));
        } else if let Some(Value::List(items)) = self.from {
            self.within(&format!("[{at}]"), items.get(at), part);
        }
        self.wrong.is_none()
    }

    fn within(&mut self, step: &str, from: Option<&'a Value>, part: &mut dyn Stored) {
        if self.wrong.is_some() {
            return;
        }
        let (outer, known, path) = (replace(&mut self.from, from), take(&mut self.known), self.path.len());
        if !step.is_empty() && !step.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(step);
        part.stored(self);
        if let Some(Value::Map(entries)) = from
            && let Some((key, value)) = entries.iter().find(|(key, _)| !self.known.contains(&key.as_str()))
        {
            self.path.push('.');
            self.path.push_str(key);
            self.from = Some(value);
            self.refuse(&format!("one of the parts {}", self.known.join(", ")));
        }
        self.path.truncate(path);
        (self.from, self.known) = (outer, known);
    }

    /// Whether it is nothing: `absent`, or what is read.
    fn absent(&self, absent: bool) -> bool {
        if self.reads { self.from == Some(&Value::Null) } else { absent }
    }

    /// A whole number up to `most`. Text where a reader of JSON might not keep it.
    fn whole(&mut self, slot: &mut u64, most: u64) {
        if !self.reads {
            self.into = (*slot).into();
            return;
        }
        match self.from.and_then(Value::as_whole).filter(|number| *number <= most) {
            Some(number) => *slot = number,
            None => self.refuse(&format!("a whole number up to {most}")),
        }
    }

    /// One of these words.
    pub(crate) fn word(&mut self, at: &mut usize, words: &'static [&'static str]) {
        if !self.reads {
            self.into = Value::Text(words.get(*at).copied().unwrap_or_default().to_string());
            return;
        }
        let known = |text: &String| words.iter().position(|word| word == text);
        match if let Some(Value::Text(text)) = self.from { known(text) } else { None } {
            Some(found) => *at = found,
            None => self.refuse(&format!("one of {}", words.join(", "))),
        }
    }

    fn refuse(&mut self, allowed: &str) {
        if self.wrong.is_none() {
            let value = self.from.map_or_else(|| "nothing".to_string(), Value::to_string);
            self.wrong = Some(Invalid { field: self.path.clone(), value, allowed: allowed.to_string() });
        }
    }
}

struct Word<'a> {
    at: &'a mut usize,
    words: &'static [&'static str],
}

impl Stored for Word<'_> {
    fn stored(&mut self, store: &mut Store<'_>) {
        store.word(self.at, self.words);
    }
}
