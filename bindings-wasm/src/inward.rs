//! Plain data of JavaScript, as plain data of the core. Whatever an object does while it is looked at, nothing is thrown through
//! the engine, which would never find its stack again, and nothing is followed without end.

use failsoft::value::Value;
use js_sys::{Array, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

// As `js_sys` has them, but that what they throw is caught: a proxy that was revoked throws at every look.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = Array, js_name = isArray)]
    fn is_array(thing: &JsValue) -> Result<bool, JsValue>;
    #[wasm_bindgen(catch, js_namespace = Object, js_name = keys)]
    fn own_keys(thing: &JsValue) -> Result<Array, JsValue>;
}

/// No policy nests deeper; an object that holds itself would never end.
const DEEPEST: u32 = 16;
/// So many entries are read of one value, at all depths together; no policy and no snapshot has so many.
const MOST: f64 = 1e6;

/// Reads plain data; anything else is shown as text, so that it is refused by name.
pub(crate) fn value(thing: &JsValue) -> Value {
    Reader { left: MOST }.read(thing, DEEPEST)
}

struct Reader {
    left: f64,
}

impl Reader {
    fn read(&mut self, thing: &JsValue, depth: u32) -> Value {
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
            let number = i64::try_from(thing.clone()).map(|whole| Value::Number(whole as f64));
            return number.unwrap_or_else(|_| Value::Text("a bigint of more than 64 bits".into()));
        }
        if thing.is_symbol() || thing.is_function() {
            return Value::Text(if thing.is_symbol() { "a symbol" } else { "a function" }.into());
        }
        let Some(deeper) = depth.checked_sub(1) else { return Value::Text("too deeply nested".into()) };
        self.read_entries(thing, deeper).unwrap_or_else(|_| Value::Text("something that throws when it is read".into()))
    }

    fn read_entries(&mut self, thing: &JsValue, deeper: u32) -> Result<Value, JsValue> {
        let is_list = is_array(thing)?;
        let keys = if is_list { Array::new() } else { own_keys(thing)? };
        let count = if is_list {
            Reflect::get(thing, &"length".into())?.as_f64().unwrap_or_default()
        } else {
            f64::from(keys.length())
        };
        if count > self.left {
            return Ok(Value::Text("too large".into()));
        }
        self.left -= count;
        if is_list {
            let mut items = Vec::new();
            for place in 0..count as u32 {
                items.push(self.read(&Reflect::get_u32(thing, place)?, deeper));
            }
            return Ok(Value::List(items));
        }
        let mut entries = Vec::new();
        for key in keys.iter() {
            let item = Reflect::get(thing, &key)?;
            // What is `undefined` was not said; `null` says that it is off.
            if !item.is_undefined() {
                entries.push((key.as_string().unwrap_or_default(), self.read(&item, deeper)));
            }
        }
        Ok(Value::Map(entries))
    }
}
