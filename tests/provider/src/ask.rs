//! A request for a model, whichever API it came by: the few facts the provider acts on, and the answer they lead to.

use bytes::Bytes;
use serde_json::Value;

use crate::api::Api;
use crate::reply::{ReplyFields, ToolCall, Usage};

/// What is answered when a script gives neither text nor tool calls.
const STOCK_TEXT: &str = "This answer comes from a provider that can misbehave.";

/// A request, understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ask {
    /// The API it came by.
    pub(crate) api: Api,
    /// The model asked for.
    pub(crate) model: String,
    /// Whether a stream is wanted.
    pub(crate) stream: bool,
    /// Whether a stream is to report usage.
    pub(crate) include_usage: bool,
    /// The content of the last message, if it is a tool result.
    pub(crate) last_tool_result: Option<String>,
    /// Words in the messages, standing in for tokens.
    pub(crate) input_tokens: u64,
}

impl Ask {
    /// Understands a request's body, or says what is wrong with it.
    pub(crate) fn read(api: Api, named: &Named, body: &Value) -> Result<Self, String> {
        let dialect = api.dialect();
        let model = named.model(body).filter(|model| !model.is_empty());
        let model = model.ok_or("model: a non-empty string is required")?;
        let field = dialect.conversation();
        let messages = match body.get(field) {
            Some(Value::Array(messages)) if !messages.is_empty() => messages.as_slice(),
            // The Responses API takes a text for a conversation of one message.
            Some(text @ Value::String(_)) if api == Api::Responses => std::slice::from_ref(text),
            _ => return Err(format!("{field}: a non-empty list is required")),
        };
        let lacks_role = |message: &Value| message.get("role").and_then(Value::as_str).is_none();
        if let (Some(index), "messages") = (messages.iter().position(lacks_role), field) {
            return Err(format!("messages[{index}].role: a string is required"));
        }
        let stream = match (named.stream, body.get("stream")) {
            (Some(stream), _) => stream,
            (None, None | Some(Value::Null)) => dialect.streams_by_default(),
            (None, Some(Value::Bool(stream))) => *stream,
            (None, Some(other)) => return Err(format!("stream: {other} is neither true nor false")),
        };
        dialect.check(body)?;
        Ok(Self {
            api,
            model: model.to_owned(),
            stream,
            include_usage: body.pointer("/stream_options/include_usage").and_then(Value::as_bool) == Some(true),
            last_tool_result: messages.last().and_then(|last| dialect.tool_result(last)),
            input_tokens: messages.iter().map(|message| words(&dialect.said(message))).sum(),
        })
    }
}

/// What a request's path says, where the API puts it there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// The model.
    pub(crate) model: Option<String>,
    /// Whether a stream is wanted.
    pub(crate) stream: Option<bool>,
}

impl Named {
    /// The model asked for.
    pub(crate) fn model<'a>(&'a self, body: &'a Value) -> Option<&'a str> {
        self.model.as_deref().or_else(|| body.get("model").and_then(Value::as_str))
    }
}

/// An answer about to be rendered.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a> {
    /// The request.
    pub(crate) ask: &'a Ask,
    /// What the script says.
    pub(crate) reply: &'a ReplyFields,
    /// The request's number over all models; ids are made of it.
    pub(crate) number: u64,
    /// The request's number for its model.
    pub(crate) request: u64,
}

impl Answer<'_> {
    /// The text with its placeholders replaced; `None` if there is none.
    pub(crate) fn text(&self) -> Option<String> {
        let text = match &self.reply.text {
            Some(text) => text,
            None if self.reply.tool_calls.is_empty() => STOCK_TEXT,
            None => return None,
        };
        let result = self.ask.last_tool_result.as_deref().unwrap_or("(no tool result)");
        let text = text.replace("{model}", &self.ask.model).replace("{request}", &self.request.to_string());
        Some(text.replace("{last_tool_result}", result))
    }

    /// The text in pieces, a word and the space after it each.
    pub(crate) fn text_pieces(&self) -> Vec<String> {
        self.text().unwrap_or_default().split_inclusive(' ').map(str::to_owned).collect()
    }

    /// The model to report.
    pub(crate) fn model(&self) -> &str {
        self.reply.model.as_deref().unwrap_or(&self.ask.model)
    }

    /// The usage to report: what the script says, else words counted; `None` if none is to be reported.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let arguments = self.reply.tool_calls.iter().map(ToolCall::arguments_text);
        let output_tokens =
            self.text().iter().map(|text| words(text)).sum::<u64>() + arguments.map(|it| words(&it)).sum::<u64>();
        let counted = Usage { input_tokens: self.ask.input_tokens, output_tokens };
        (!self.reply.no_usage).then_some(self.reply.usage.unwrap_or(counted))
    }

    /// The finish reason: what the script says, else one of these two.
    pub(crate) fn finish<'b>(&'b self, text: &'b str, tool_calls: &'b str) -> &'b str {
        let usual = if self.reply.tool_calls.is_empty() { text } else { tool_calls };
        self.reply.finish.as_deref().unwrap_or(usual)
    }
}

/// A tool's arguments in pieces, as a stream brings them.
pub(crate) fn pieces_of(arguments: &str) -> Vec<String> {
    let characters: Vec<char> = arguments.chars().collect();
    characters.chunks(8).map(|piece| piece.iter().collect()).collect()
}

/// Content as plain text: a string, or the texts of its blocks.
pub(crate) fn plain(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks.iter().map(plain).collect::<Vec<_>>().join(""),
        Value::Object(block) => block.get("text").or(block.get("content")).map(plain).unwrap_or_default(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn words(text: &str) -> u64 {
    u64::try_from(text.split_whitespace().count()).unwrap_or(u64::MAX)
}

/// A piece of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    /// What it is for.
    pub(crate) part: Part,
    /// Its bytes, what ends it included.
    pub(crate) bytes: Bytes,
}

/// What a piece of a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The role, the beginning or end of a block: no progress.
    Frame,
    /// Text or a part of a tool call.
    Content,
    /// The finish reason, and usage.
    Finish,
    /// What comes after the finish reason: `[DONE]`, `message_stop`, `metadata`; not every API has one.
    Terminator,
}
