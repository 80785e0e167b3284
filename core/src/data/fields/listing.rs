//! Writing a policy part as plain data, and listing its fields for people.

use super::*;

/// Writes fields as plain data, in the spelling of JSON.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) entries: Vec<(String, Value)>,
    absent: bool,
}

impl Writer {
    fn write(&mut self, name: &str, is_span: bool, value: Value) {
        let value = if self.absent { Value::Null } else { value };
        self.entries.push((Spelling::Json.field(name, is_span), value));
    }
}

impl Fields for Writer {
    fn count(&mut self, name: &'static str, slot: &mut u32, _: RangeInclusive<u32>) {
        self.write(name, false, Value::Number(f64::from(*slot)));
    }

    fn span(&mut self, name: &'static str, slot: &mut Duration, _: RangeInclusive<Duration>) {
        self.write(name, true, Value::Number(millis(*slot) as f64));
    }

    fn ratio(&mut self, name: &'static str, slot: &mut Thousandths, _: RangeInclusive<Thousandths>) {
        self.write(name, false, Value::Number(f64::from(slot.0) / 1000.0));
    }

    fn flag(&mut self, name: &'static str, slot: &mut bool) {
        self.write(name, false, Value::Bool(*slot));
    }

    fn text(&mut self, name: &'static str, slot: &mut String) {
        self.write(name, false, Value::Text(slot.clone()));
    }

    fn choice(&mut self, name: &'static str, at: &mut usize, words: &'static [&'static str]) {
        self.write(name, false, Value::Text(words.get(*at).copied().unwrap_or_default().to_string()));
    }

    fn names(&mut self, name: &'static str, slot: &mut Vec<String>) {
        self.write(name, false, Value::List(slot.iter().cloned().map(Value::Text).collect()));
    }

    fn words(&mut self, name: &'static str, slot: &mut Vec<String>, _: &'static str, _: &dyn Fn(&[String]) -> bool) {
        // As a person would write them: statuses as numbers, and nothing where nothing is asked.
        let item = |word: &String| match word.parse::<u16>() {
            Ok(status) if name == "status" => Value::Number(status.into()),
            _ => Value::Text(word.clone()),
        };
        if !slot.is_empty() {
            self.write(name, false, Value::List(slot.iter().map(item).collect()));
        }
    }

    fn list(
        &mut self,
        name: &'static str,
        count: &mut usize,
        _: &'static str,
        visit: &mut dyn FnMut(usize, &mut dyn Fields),
    ) {
        let written = (0..*count).map(|at| {
            let mut inner = Self::default();
            visit(at, &mut inner);
            Value::Map(inner.entries)
        });
        let items = written.collect();
        self.write(name, false, Value::List(items));
    }

    fn group(&mut self, name: &'static str, visit: &mut dyn FnMut(&mut dyn Fields)) {
        let mut inner = Self::default();
        visit(&mut inner);
        self.entries.push((name.to_string(), Value::Map(inner.entries)));
    }

    fn optional(&mut self, _: &'static str, present: &mut bool, visit: &mut dyn FnMut(&mut dyn Fields)) {
        self.absent = !*present;
        visit(self);
        self.absent = false;
    }
}

/// One field of a policy, for reference tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its path, such as `retry.max_attempts`.
    pub path: String,
    /// Its value in the policy that was asked.
    pub value: String,
    /// What it may be.
    pub allowed: String,
}

/// Lists the fields with their values and ranges.
#[derive(Default)]
pub(crate) struct Lister {
    path: String,
    absent: bool,
    pub(crate) fields: Vec<Field>,
}

impl Lister {
    fn row(&mut self, name: &str, value: impl fmt::Display, allowed: String) {
        let value = if self.absent { "not set".to_string() } else { value.to_string() };
        self.fields.push(Field { path: format!("{}{name}", self.path), value, allowed });
    }
}

impl Fields for Lister {
    fn count(&mut self, name: &'static str, slot: &mut u32, range: RangeInclusive<u32>) {
        self.row(name, *slot, counts(&range));
    }

    fn span(&mut self, name: &'static str, slot: &mut Duration, range: RangeInclusive<Duration>) {
        self.row(name, Seconds(*slot), spans(&range));
    }

    fn ratio(&mut self, name: &'static str, slot: &mut Thousandths, range: RangeInclusive<Thousandths>) {
        self.row(name, *slot, ratios(&range));
    }

    fn flag(&mut self, name: &'static str, slot: &mut bool) {
        self.row(name, *slot, "true or false".to_string());
    }

    fn text(&mut self, name: &'static str, slot: &mut String) {
        self.row(name, slot, "text".to_string());
    }

    fn choice(&mut self, name: &'static str, at: &mut usize, words: &'static [&'static str]) {
        self.row(name, words.get(*at).copied().unwrap_or_default(), words.join(", "));
    }

    fn names(&mut self, name: &'static str, slot: &mut Vec<String>) {
        self.row(name, slot.join(", "), "a list of names".to_string());
    }

    fn words(
        &mut self,
        name: &'static str,
        slot: &mut Vec<String>,
        allowed: &'static str,
        _: &dyn Fn(&[String]) -> bool,
    ) {
        self.row(name, slot.join(", "), allowed.to_string());
    }

    fn list(
        &mut self,
        name: &'static str,
        count: &mut usize,
        allowed: &'static str,
        _: &mut dyn FnMut(usize, &mut dyn Fields),
    ) {
        let count = if *count == 0 { String::new() } else { count.to_string() };
        self.row(name, count, allowed.to_string());
    }

    fn group(&mut self, name: &'static str, visit: &mut dyn FnMut(&mut dyn Fields)) {
        let outer = self.path.len();
        self.path.push_str(name);
        self.path.push('.');
        visit(self);
        self.path.truncate(outer);
    }

    fn optional(&mut self, _: &'static str, present: &mut bool, visit: &mut dyn FnMut(&mut dyn Fields)) {
        self.absent = !*present;
        visit(self);
        self.absent = false;
    }
}
