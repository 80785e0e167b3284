//! What a healthy answer contains.

use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::units::{Headers, Millis};

/// A healthy answer. In JSON also a plain string: its text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reply(pub(crate) ReplyFields);

/// The fields of a [`Reply`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReplyFields {
    /// The text; `{last_tool_result}`, `{model}` and `{request}` are replaced. Without text and tool calls: a stock sentence.
    pub(crate) text: Option<String>,
    /// The tools to call, in order.
    pub(crate) tool_calls: Vec<ToolCall>,
    /// The usage to report instead of a count of words.
    pub(crate) usage: Option<Usage>,
    /// Report no usage at all.
    pub(crate) no_usage: bool,
    /// The model to report instead of the one asked for.
    pub(crate) model: Option<String>,
    /// The finish reason to report, in the words of the API spoken.
    pub(crate) finish: Option<String>,
    /// Headers beside the usual ones.
    pub(crate) headers: Headers,
    /// How long to wait before the headers.
    pub(crate) delay_ms: Millis,
    /// How long to wait after each chunk of a stream.
    pub(crate) pace_ms: Millis,
}

impl Reply {
    /// A reply of nothing but text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self(ReplyFields { text: Some(text.into()), ..ReplyFields::default() })
    }

    /// A reply of nothing but tool calls.
    pub(crate) fn calls(tool_calls: Vec<ToolCall>) -> Self {
        Self(ReplyFields { tool_calls, ..ReplyFields::default() })
    }
}

impl<'de> Deserialize<'de> for Reply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrFields;
        impl<'de> Visitor<'de> for TextOrFields {
            type Value = Reply;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, or an object with `text`, `tool_calls`, ..")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Reply, E> {
                Ok(Reply::text(text))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Reply, A::Error> {
                ReplyFields::deserialize(MapAccessDeserializer::new(map)).map(Reply)
            }
        }
        deserializer.deserialize_any(TextOrFields)
    }
}

/// One tool the model asks for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolCall {
    /// The tool's name.
    pub(crate) name: String,
    /// Its arguments: any JSON, usually an object. A string is sent raw, so that it can be malformed.
    #[serde(default = "no_arguments")]
    pub(crate) arguments: Value,
}

impl ToolCall {
    /// The arguments as the text a model would write.
    pub(crate) fn arguments_text(&self) -> String {
        match &self.arguments {
            Value::String(raw) => raw.clone(),
            other => other.to_string(),
        }
    }
}

/// An empty object of arguments.
pub(crate) fn no_arguments() -> Value {
    Value::Object(Map::new())
}

/// Tokens reported.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Usage {
    /// Tokens of the prompt.
    pub(crate) input_tokens: u64,
    /// Tokens of the answer.
    pub(crate) output_tokens: u64,
}
