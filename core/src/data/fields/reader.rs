//! Reading a policy part from plain data.

use super::*;
use crate::time::span;

/// Reads fields from plain data and keeps the first thing that is wrong.
pub(crate) struct Reader<'a> {
    value: &'a Value,
    spelling: Spelling,
    path: String,
    known: Vec<String>,
    wrong: Option<Invalid>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(value: &'a Value, spelling: Spelling, path: &str) -> Self {
        Self { value, spelling, path: path.to_string(), known: Vec::new(), wrong: None }
    }

    /// The first thing that is wrong, fields that nobody asked for included.
    pub(crate) fn finish(mut self) -> Result<(), Invalid> {
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        match self.value {
            Value::Null => Ok(()),
            Value::Map(entries) => match entries.iter().find(|(key, _)| !self.known.contains(key)) {
                None => Ok(()),
                Some((key, value)) => {
                    Err(Invalid::new(self.at(key), value, format!("one of the fields {}", self.known.join(", "))))
                }
            },
            other => Err(Invalid::new(self.path, other, "a map of fields")),
        }
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) }
    }

    fn find(&mut self, name: &str, is_span: bool) -> Option<&'a Value> {
        let spelled = self.spelling.field(name, is_span);
        if !self.known.contains(&spelled) {
            self.known.push(spelled.clone());
        }
        if self.wrong.is_some() {
            return None;
        }
        self.value.get(&spelled).filter(|value| **value != Value::Null)
    }

    fn refuse(&mut self, name: &str, value: impl fmt::Display, allowed: String) {
        let field = self.at(name);
        self.wrong.get_or_insert(Invalid::new(field, value, allowed));
    }
}

impl Fields for Reader<'_> {
    fn count(&mut self, name: &'static str, slot: &mut u32, range: RangeInclusive<u32>) {
        let Some(value) = self.find(name, false) else { return };
        match value {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and within the range")]
            Value::Number(n)
                if *n == libm_trunc(*n) && *n >= f64::from(*range.start()) && *n <= f64::from(*range.end()) =>
            {
                *slot = *n as u32;
            }
            other => self.refuse(name, other, counts(&range)),
        }
    }

    fn span(&mut self, name: &'static str, slot: &mut Duration, range: RangeInclusive<Duration>) {
        let Some(value) = self.find(name, true) else { return };
        let Value::Number(n) = value else { return self.refuse(name, value, spans(&range)) };
        let ms = n / self.spelling.units_per_second() * 1000.0;
        let shown = ms / 1000.0;
        // Half a millisecond of slack absorbs the binary fraction of a decimal number of seconds.
        let (low, high) = (millis(*range.start()) as f64 - 0.0005, millis(*range.end()) as f64 + 0.0005);
        if !(low..=high).contains(&ms) {
            return self.refuse(name, format_args!("{} s", Value::Number(shown)), spans(&range));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the range, so not negative"
        )]
        {
            *slot = span((ms + 0.5) as u64);
        }
    }

    fn ratio(&mut self, name: &'static str, slot: &mut Thousandths, range: RangeInclusive<Thousandths>) {
        let Some(value) = self.find(name, false) else { return };
        let within = f64::from(range.start().0) / 1000.0..=f64::from(range.end().0) / 1000.0;
        match value {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range")]
            Value::Number(n) if within.contains(n) => *slot = Thousandths((n * 1000.0 + 0.5) as u32),
            other => self.refuse(name, other, ratios(&range)),
        }
    }

    fn flag(&mut self, name: &'static str, slot: &mut bool) {
        match self.find(name, false) {
            None => {}
            Some(Value::Bool(flag)) => *slot = *flag,
            Some(other) => self.refuse(name, other, "true or false".to_string()),
        }
    }

    fn text(&mut self, name: &'static str, slot: &mut String) {
        match self.find(name, false) {
            None => {}
            Some(Value::Text(text)) => slot.clone_from(text),
            Some(other) => self.refuse(name, other, "text".to_string()),
        }
    }

    fn choice(&mut self, name: &'static str, at: &mut usize, words: &'static [&'static str]) {
        let Some(value) = self.find(name, false) else { return };
        let known = |text: &String| words.iter().position(|word| word == text);
        match if let Value::Text(text) = value { known(text) } else { None } {
            Some(found) => *at = found,
            None => self.refuse(name, value, format!("one of {}", words.join(", "))),
        }
    }

    fn names(&mut self, name: &'static str, slot: &mut Vec<String>) {
        let Some(value) = self.find(name, false) else { return };
        let Value::List(items) = value else { return self.refuse(name, value, "a list of names".to_string()) };
        slot.clear();
        for item in items {
            match item {
                Value::Text(text) if !text.is_empty() => slot.push(text.clone()),
                other => self.refuse(name, other, "names that are not empty".to_string()),
            }
        }
    }

    fn words(
        &mut self,
        name: &'static str,
        slot: &mut Vec<String>,
        allowed: &'static str,
        are_right: &dyn Fn(&[String]) -> bool,
    ) {
        let Some(value) = self.find(name, false) else { return };
        let Value::List(items) = value else { return self.refuse(name, value, allowed.to_string()) };
        slot.clear();
        for item in items {
            match (item, item.as_whole()) {
                (Value::Text(text), _) => slot.push(text.clone()),
                (_, Some(whole)) => slot.push(whole.to_string()),
                (other, None) => return self.refuse(name, other, allowed.to_string()),
            }
        }
        if slot.is_empty() || !are_right(slot) {
            self.refuse(name, shown(slot, are_right), allowed.to_string());
        }
    }

    fn list(
        &mut self,
        name: &'static str,
        count: &mut usize,
        allowed: &'static str,
        visit: &mut dyn FnMut(usize, &mut dyn Fields),
    ) {
        let Some(value) = self.find(name, false) else { return };
        let Value::List(items) = value else { return self.refuse(name, value, allowed.to_string()) };
        *count = items.len();
        for (at, item) in items.iter().enumerate() {
            let mut inner = Reader::new(item, self.spelling, &format!("{}[{at}]", self.at(name)));
            visit(at, &mut inner);
            if let Err(wrong) = inner.finish() {
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    fn group(&mut self, name: &'static str, visit: &mut dyn FnMut(&mut dyn Fields)) {
        let Some(value) = self.find(name, false) else { return };
        let mut inner = Reader::new(value, self.spelling, &self.at(name));
        visit(&mut inner);
        if let Err(wrong) = inner.finish() {
            self.wrong.get_or_insert(wrong);
        }
    }

    fn optional(&mut self, name: &'static str, present: &mut bool, visit: &mut dyn FnMut(&mut dyn Fields)) {
        for is_span in [true, false] {
            let spelled = self.spelling.field(name, is_span);
            match self.value.get(&spelled) {
                None => {}
                Some(Value::Null) => *present = false,
                Some(_) => *present = true,
            }
        }
        visit(self);
    }
}

/// `f64::trunc` needs `std`; within the range of a `u32` the cast does the same, and NaN becomes 0, which differs.
#[expect(clippy::cast_possible_truncation, reason = "saturating, and compared with the original")]
fn libm_trunc(n: f64) -> f64 {
    (n as i64) as f64
}
