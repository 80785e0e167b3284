//! Plain data between JavaScript and the core, by the few functions of JavaScript that it takes. (The crate that has them all
//! would be a tenth of the module.)

use alloc::string::String;
use alloc::vec::Vec;

use failsoft::value::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = Array, js_name = isArray)]
    fn is_array(thing: &JsValue) -> Result<bool, JsValue>;
    #[wasm_bindgen(catch, js_namespace = Array, js_name = from)]
    fn items(thing: &JsValue) -> Result<Vec<JsValue>, JsValue>;
    #[wasm_bindgen(js_namespace = Array, js_name = of)]
    fn pair(key: &str, item: JsValue) -> JsValue;
    #[wasm_bindgen(js_namespace = Array, js_name = from)]
    fn array(items: Vec<JsValue>) -> JsValue;
    #[wasm_bindgen(catch, js_namespace = Object, js_name = keys)]
    fn keys(thing: &JsValue) -> Result<Vec<String>, JsValue>;
    #[wasm_bindgen(js_namespace = Object, js_name = fromEntries)]
    fn object(entries: Vec<JsValue>) -> JsValue;
    #[wasm_bindgen(catch, js_namespace = Reflect, js_name = get)]
    fn entry(thing: &JsValue, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = Number)]
    fn number(thing: &JsValue) -> Result<f64, JsValue>;
}

/// No policy nests deeper; an object that holds itself would never end.
const DEEPEST: u32 = 16;

/// Plain data of JavaScript as plain data of the core; anything else is shown as text, so that it is refused by name.
pub(crate) fn value(thing: &JsValue) -> Value {
    within(thing, DEEPEST)
}

fn within(thing: &JsValue, depth: u32) -> Value {
    if thing.is_null() || thing.is_undefined() {
        return Value::Null;
    }
    if let Some(flag) = thing.as_bool() {
        return Value::Bool(flag);
    }
    if let Some(number) = thing.as_f64() {
        return Value::Number(number);
    }
    if let Some(text) = thing.as_string() {
        return Value::Text(text);
    }
    if thing.is_bigint() {
        return number(thing).map_or_else(unreadable, Value::Number);
    }
    let Some(deeper) = depth.checked_sub(1) else { return Value::Text("too deeply nested".into()) };
    if is_array(thing).unwrap_or_default() {
        let listed = |items: Vec<JsValue>| Value::List(items.iter().map(|item| within(item, deeper)).collect());
        return items(thing).map_or_else(unreadable, listed);
    }
    if thing.is_object() {
        let mut entries = Vec::new();
        let Ok(keys) = keys(thing) else { return unreadable(JsValue::NULL) };
        for key in keys {
            let Ok(item) = entry(thing, &key) else { return unreadable(JsValue::NULL) };
            // What is `undefined` was not said; `null` says that it is off.
            if !item.is_undefined() {
                entries.push((key, within(&item, deeper)));
            }
        }
        return Value::Map(entries);
    }
    Value::Text(if thing.is_function() { "a function" } else { "a symbol" }.into())
}

/// What threw when it was looked at. It must not throw through the engine, which would never find its stack again.
fn unreadable(_: JsValue) -> Value {
    Value::Text("something that throws when it is read".into())
}

/// Plain data of the core as plain data of JavaScript.
pub(crate) fn thing(value: &Value) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        Value::Bool(flag) => JsValue::from_bool(*flag),
        Value::Number(number) => JsValue::from_f64(*number),
        Value::Text(text) => JsValue::from_str(text),
        Value::List(items) => array(items.iter().map(thing).collect()),
        Value::Map(entries) => object(entries.iter().map(|(key, item)| pair(key, thing(item))).collect()),
    }
}
