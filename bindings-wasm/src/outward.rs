//! Plain data of the core, as objects of JavaScript.

use failsoft::value::Value;
use serde::{Serialize, Serializer};
use wasm_bindgen::JsValue;

/// A value of the core, for serde.
struct Plain<'a>(&'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Number(number) => serializer.serialize_f64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items.iter().map(Plain)),
            Value::Map(entries) => serializer.collect_map(entries.iter().map(|(key, item)| (key, Plain(item)))),
        }
    }
}

/// As JSON would say it: what is absent is null.
pub(crate) fn plain(value: &Value) -> JsValue {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    Plain(value).serialize(&serializer).unwrap_or(JsValue::NULL)
}

/// As JavaScript says it: what is absent is undefined.
pub(crate) fn object(form: &impl Serialize) -> JsValue {
    form.serialize(&serde_wasm_bindgen::Serializer::new()).unwrap_or(JsValue::UNDEFINED)
}
