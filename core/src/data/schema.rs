//! What a policy may say, from the listing of its fields: as a table, and as a JSON Schema.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::mem::take;

use super::visit::{Data, Kind, Limits, Visitor};
use crate::value::{Spelling, Value};

/// One field of a policy, for reference tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its path, such as `retry.max_attempts`.
    pub path: String,
    /// Its value in the policy that was asked.
    pub value: String,
    /// What it may be.
    pub allowed: String,
    /// What it is.
    pub about: &'static str,
}

/// Every field with its value and what it may be, in order. A list is one field, whatever is in it.
pub(crate) fn list(part: &mut dyn Data) -> Vec<Field> {
    Visitor::describe(part).rows
}

/// The schema (draft 2020-12) of a file that says this, with its values as defaults.
pub(crate) fn schema(part: &mut dyn Data, title: &str, about: &str) -> Value {
    let mut schema = object(Visitor::describe(part).properties);
    schema.splice(
        0..0,
        [
            text("$schema", "https://json-schema.org/draft/2020-12/schema"),
            text("title", title),
            text("description", about),
        ],
    );
    Value::Map(schema)
}

type Entry = (String, Value);

fn text(name: &str, text: &str) -> Entry {
    (name.to_string(), Value::Text(text.to_string()))
}

fn number(name: &str, number: f64) -> Entry {
    (name.to_string(), Value::Number(number))
}

fn object(properties: Vec<Entry>) -> Vec<Entry> {
    let properties = ("properties".to_string(), Value::Map(properties));
    vec![text("type", "object"), properties, ("additionalProperties".to_string(), Value::Bool(false))]
}

/// What was described so far.
#[derive(Default)]
pub(crate) struct Sheet {
    /// The fields that stand around the present one.
    open: Vec<Open>,
    rows: Vec<Field>,
    properties: Vec<Entry>,
}

/// A field that is described.
struct Open {
    name: &'static str,
    spelled: String,
    about: &'static str,
    limits: Limits,
    leaf: Option<(Kind, String)>,
    /// How many items it has, if it is a list.
    list: Option<usize>,
    /// Whether it is absent, if it may be.
    absent: Option<bool>,
    properties: Vec<Entry>,
}

impl Sheet {
    pub(super) fn enter(&mut self, name: &'static str, spelled: String, about: &'static str, limits: Limits) {
        let (leaf, list, absent, properties) = (None, None, None, Vec::new());
        self.open.push(Open { name, spelled, about: about.trim_start(), limits, leaf, list, absent, properties });
    }

    pub(super) fn leaf(&mut self, kind: Kind, value: &Value) {
        let shown = match (kind, value) {
            (Kind::Span(..), Value::Number(millis)) => Spelling::Python.span(*millis),
            (_, Value::Text(text)) => text.clone(),
            (_, other) => other.to_string(),
        };
        if let Some(open) = self.open.last_mut() {
            open.leaf = Some((kind, shown));
        }
    }

    pub(super) fn list(&mut self, count: usize) {
        if let Some(open) = self.open.last_mut() {
            open.list = Some(count);
        }
    }

    pub(super) fn optional(&mut self, absent: bool) {
        if let Some(open) = self.open.last_mut() {
            open.absent = Some(absent);
        }
    }

    /// The present field is described, but for its default.
    pub(super) fn leave(&mut self, default: Value) {
        let Some(mut open) = self.open.pop() else { return };
        if !self.open.iter().any(|around| around.list.is_some()) {
            self.rows.extend(open.row(&self.open, &default));
        }
        let property = (take(&mut open.spelled), Value::Map(open.schema(default)));
        let around = self.open.last_mut().map_or(&mut self.properties, |around| &mut around.properties);
        around.push(property);
    }
}

impl Open {
    /// Its row, unless it is a group of fields.
    fn row(&self, around: &[Self], default: &Value) -> Option<Field> {
        let (value, allowed) = match (&self.leaf, self.list, default) {
            (Some(_), Some(_), Value::List(names)) => {
                let names = names.iter().map(|name| if let Value::Text(name) = name { name } else { "" });
                (names.collect::<Vec<_>>().join(", "), "a list of names".to_string())
            }
            (_, Some(count), _) => {
                let most = if let Limits::Most(most) = self.limits { most.to_string() } else { String::new() };
                (if count == 0 { String::new() } else { count.to_string() }, "a list of up to ".to_string() + &most)
            }
            (Some((kind, shown)), ..) => {
                let value = if self.absent == Some(true) { "not set" } else { shown };
                (value.to_string(), kind.allowed(Spelling::Python))
            }
            (None, None, _) => return None,
        };
        let names: Vec<&str> = around.iter().map(|around| around.name).chain([self.name]).collect();
        Some(Field { path: names.join("."), value, allowed, about: self.about })
    }

    fn schema(&mut self, default: Value) -> Vec<Entry> {
        let is_group = self.leaf.is_none() && self.list.is_none();
        let mut schema = match self.leaf {
            Some((kind, _)) => kind.schema(),
            None => object(take(&mut self.properties)),
        };
        if self.list.is_some() {
            schema = vec![text("type", "array"), ("items".to_string(), Value::Map(schema))];
            if let Limits::Most(most) = self.limits {
                schema.push(number("maxItems", most as f64));
            }
        }
        if self.absent.is_some() {
            schema.iter_mut().for_each(|(name, value)| or_null(name, value));
        }
        let about = match self.leaf {
            Some((Kind::Texts(allowed), _)) => alloc::format!("{} It is {allowed}.", self.about),
            _ => self.about.to_string(),
        };
        schema.insert(0, text("description", &about));
        // A list of texts that has none says nothing, and may not be empty where it is written.
        let unsaid = matches!(self.leaf, Some((Kind::Texts(_), _))) || default == Value::Text(String::new());
        if !is_group && !unsaid {
            schema.push(("default".to_string(), default));
        }
        schema
    }
}

/// `null` switches it off.
fn or_null(name: &str, value: &mut Value) {
    match (name, value) {
        ("type", kind) => *kind = Value::List(vec![kind.clone(), Value::Text("null".into())]),
        ("enum", Value::List(words)) => words.push(Value::Null),
        _ => {}
    }
}

impl Kind {
    fn schema(self) -> Vec<Entry> {
        let range = |name: &str, low: u64, high: u64, scale: f64| {
            let (low, high) = (low as f64 / scale, high as f64 / scale);
            vec![text("type", name), number("minimum", low), number("maximum", high)]
        };
        match self {
            Self::Whole(low, high) => range("integer", low, high, 1.0),
            Self::Span(low, high) => range("number", low, high, 1.0),
            Self::Ratio(low, high) => range("number", low, high, 1000.0),
            Self::Flag => vec![text("type", "boolean")],
            Self::Text | Self::Digest => vec![text("type", "string")],
            Self::Name => vec![text("type", "string"), number("minLength", 1.0)],
            Self::Word(words) => {
                let words = words.iter().map(|word| Value::Text(word.to_string()));
                vec![text("type", "string"), ("enum".to_string(), Value::List(words.collect()))]
            }
            Self::Texts(_) => {
                let kinds = ["string", "integer"].map(|kind| Value::Text(kind.into()));
                let items = Value::Map(vec![("type".to_string(), Value::List(kinds.into()))]);
                vec![
                    text("type", "array"),
                    ("items".to_string(), items),
                    number("minItems", 1.0),
                    number("maxItems", 32.0),
                ]
            }
        }
    }
}
