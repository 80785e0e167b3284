//! So much of JSON Schema as `rules.schema.json` uses. A keyword that is not known here is an error, not a promise.

use anyhow::{Result, bail};
use serde_json::{Map, Value};

/// Every place where `value` is not as `schema` has it, one line each.
pub(super) fn complaints(schema: &Value, value: &Value) -> Result<Vec<String>> {
    let mut reader = Reader { root: schema, wrong: Vec::new() };
    reader.check(schema, value, "$")?;
    Ok(reader.wrong)
}

struct Reader<'a> {
    root: &'a Value,
    wrong: Vec<String>,
}

impl Reader<'_> {
    fn check(&mut self, schema: &Value, value: &Value, at: &str) -> Result<()> {
        let Some(schema) = schema.as_object() else { bail!("a schema that is no object, for {at}") };
        for (keyword, told) in schema {
            let right = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" => true,
                "$ref" => {
                    let pointer = told.as_str().unwrap_or_default().trim_start_matches('#');
                    let Some(target) = self.root.pointer(pointer) else { bail!("no {told}") };
                    self.check(&target.clone(), value, at)?;
                    true
                }
                "type" => alternatives(told).iter().any(|name| is_of(value, name.as_str().unwrap_or_default())),
                "enum" => alternatives(told).contains(value),
                "required" => {
                    let names = alternatives(told);
                    value
                        .as_object()
                        .is_none_or(|map| names.iter().all(|name| map.contains_key(name.as_str().unwrap_or(""))))
                }
                "properties" | "additionalProperties" => {
                    self.properties(schema, keyword, value, at)?;
                    true
                }
                "propertyNames" => {
                    for name in value.as_object().into_iter().flat_map(Map::keys) {
                        self.check(told, &Value::from(name.as_str()), &format!("{at}.{name}"))?;
                    }
                    true
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(told, item, &format!("{at}[{index}]"))?;
                    }
                    true
                }
                "uniqueItems" => value.as_array().is_none_or(|items| {
                    items
                        .iter()
                        .enumerate()
                        .all(|(index, item)| !items.iter().skip(index + 1).any(|other| other == item))
                }),
                "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= bound(told)),
                "minProperties" => value.as_object().is_none_or(|map| map.len() as u64 >= bound(told)),
                "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= bound(told)),
                "maxLength" => value.as_str().is_none_or(|text| text.len() as u64 <= bound(told)),
                "minimum" => value.as_u64().is_none_or(|number| number >= bound(told)),
                "maximum" => value.as_u64().is_none_or(|number| number <= bound(told)),
                "pattern" => match value.as_str() {
                    Some(text) => fits(told.as_str().unwrap_or_default(), text)?,
                    None => true,
                },
                other => bail!("the keyword {other} is not known here, for {at}"),
            };
            if !right {
                self.wrong.push(format!("{at}: {keyword} {told}"));
            }
        }
        Ok(())
    }

    fn properties(&mut self, schema: &Map<String, Value>, keyword: &str, value: &Value, at: &str) -> Result<()> {
        let named = schema.get("properties").and_then(Value::as_object);
        for (name, item) in value.as_object().into_iter().flatten() {
            let known = named.and_then(|named| named.get(name));
            let place = format!("{at}.{name}");
            match (keyword, known, schema.get("additionalProperties")) {
                ("properties", Some(schema), _) => self.check(schema, item, &place)?,
                ("additionalProperties", None, Some(Value::Bool(false))) => {
                    self.wrong.push(format!("{place}: not known"))
                }
                ("additionalProperties", None, Some(schema)) => self.check(schema, item, &place)?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn alternatives(told: &Value) -> Vec<Value> {
    told.as_array().cloned().unwrap_or_else(|| vec![told.clone()])
}

fn bound(told: &Value) -> u64 {
    told.as_u64().unwrap_or_default()
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        _ => false,
    }
}

/// The four patterns of the file, told by hand: a whole engine for them would be more than the rest of the program.
fn fits(pattern: &str, text: &str) -> Result<bool> {
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    Ok(match pattern {
        "^[A-Z_]+$" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'),
        "^[a-z][a-z0-9_]*$" => {
            text.starts_with(|first: char| first.is_ascii_lowercase())
                && text.bytes().all(|byte| lower(byte) || byte == b'_')
        }
        "^[1-5]xx$" => ["1xx", "2xx", "3xx", "4xx", "5xx"].contains(&text),
        "^[a-z0-9-]+: .+$" => text.split_once(": ").is_some_and(|(name, value)| {
            !name.is_empty() && !value.is_empty() && name.bytes().all(|byte| lower(byte) || byte == b'-')
        }),
        other => bail!("the pattern {other} is not known here"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_wrong_is_named_with_its_place() -> Result<()> {
        let schema = json!({
            "type": "object", "required": ["a"], "additionalProperties": false,
            "properties": { "a": { "$ref": "#/$defs/list" }, "b": { "enum": [1, "x"] }, "c": { "pattern": "^[1-5]xx$" } },
            "$defs": { "list": { "type": "array", "minItems": 1, "uniqueItems": true, "items": { "type": "string", "maxLength": 2 } } },
        });
        let said = |value: Value| complaints(&schema, &value).map(|wrong| wrong.join("; "));
        assert_eq!(said(json!({ "a": ["x", "yy"], "b": "x", "c": "5xx" }))?, "");
        assert_eq!(said(json!({ "b": 2 }))?, "$.b: enum [1,\"x\"]; $: required [\"a\"]");
        assert_eq!(said(json!({ "a": [] }))?, "$.a: minItems 1");
        assert_eq!(said(json!({ "a": ["x", "x"] }))?, "$.a: uniqueItems true");
        assert_eq!(said(json!({ "a": ["xxx", 1] }))?, "$.a[0]: maxLength 2; $.a[1]: type \"string\"");
        assert_eq!(said(json!({ "a": ["x"], "d": 1, "c": "6xx" }))?, "$.d: not known; $.c: pattern \"^[1-5]xx$\"");
        assert!(complaints(&json!({ "oneOf": [] }), &json!(1)).is_err());
        Ok(())
    }
}
