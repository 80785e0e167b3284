//! The same plain data for whatever reads and writes with `serde`: JSON, TOML, configuration in layers.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor as Reader};
use serde::ser::{Serialize, Serializer};

use super::visit::Visitor;
use crate::notice::Notice;
use crate::policy::Policy;
use crate::route::Route;
use crate::turn::Report;
use crate::value::{Spelling, Value};

/// The largest whole number of which a double holds the neighbours.
const MOST: f64 = 9_007_199_254_740_991.0;

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            // A whole number is written without a fraction, so that a policy file reads as a person would write it. Larger ones
            // are refused by JavaScript, where a number holds no integer beyond these.
            #[expect(clippy::cast_possible_truncation, reason = "guarded by the comparison")]
            Self::Number(number) if number.abs() <= MOST && *number == (*number as i64) as f64 => {
                serializer.serialize_i64(*number as i64)
            }
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => serializer.collect_map(entries.iter().map(|(key, value)| (key, value))),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Plain)
    }
}

struct Plain;

impl<'de> Reader<'de> for Plain {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain data")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let (mut map, mut places) = (Vec::<(String, Value)>::new(), BTreeMap::new());
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            // Of a key that is there twice the last one counts, as JSON's readers have it.
            let place = *places.entry(key.clone()).or_insert(map.len());
            match map.get_mut(place) {
                Some((_, slot)) => *slot = value,
                None => map.push((key, value)),
            }
        }
        Ok(Value::Map(map))
    }
}

/// In the spelling of policy files. What is wrong with one is told in the same line as by `from_value`.
macro_rules! readable {
    ($($type:ident),+) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::from_value(&Value::deserialize(deserializer)?, Spelling::Json).map_err(D::Error::custom)
            }
        }
    )+};
}
readable!(Policy, Route);

macro_rules! writable {
    ($($type:ident),+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Visitor::write(&mut self.clone(), Some(Spelling::Json)).serialize(serializer)
            }
        }
    )+};
}
writable!(Policy, Route, Report, Notice);
