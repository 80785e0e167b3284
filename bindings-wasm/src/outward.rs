//! Plain data and forms, as objects of JavaScript.

use failsoft::value::Value;
use serde::Serialize;
use wasm_bindgen::JsValue;

/// As JSON would say it: what is absent is null.
pub(crate) fn plain(value: &Value) -> JsValue {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value.serialize(&serializer).unwrap_or(JsValue::NULL)
}

/// As JavaScript says it: what is absent is undefined.
pub(crate) fn object(form: &impl Serialize) -> JsValue {
    form.serialize(&serde_wasm_bindgen::Serializer::new()).unwrap_or(JsValue::UNDEFINED)
}
