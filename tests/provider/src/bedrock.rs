//! Answers, streams and errors as Amazon Bedrock's runtime sends them: `converse`, the same for every model, and `invoke`,
//! where the body is the model's own and the model is one of Anthropic's.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::anthropic::{self, Anthropic};
use crate::api::{Dialect, Fault};
use crate::ask::{Answer, Frame, Part, pieces_of, plain};
use crate::event_stream::{exception, message};

/// `/model/{model}/converse` and `/converse-stream`.
pub(crate) struct Converse;

/// `/model/{model}/invoke` and `/invoke-with-response-stream`.
pub(crate) struct Invoke;

impl Dialect for Converse {
    fn tool_result(&self, message: &Value) -> Option<String> {
        let blocks = message.get("content")?.as_array()?;
        let result = blocks.iter().rev().find_map(|block| block.pointer("/toolResult/content"))?;
        let texts = result.as_array()?.iter().map(|it| it.get("json").map_or_else(|| plain(it), Value::to_string));
        Some(texts.collect())
    }

    fn whole(&self, answer: Answer<'_>, finished: bool) -> Value {
        let text = answer.text().map(|text| json!({ "text": text }));
        let calls = answer.reply.tool_calls.iter().enumerate().map(|(index, call)| {
            json!({ "toolUse": { "toolUseId": call_id(answer, index), "name": call.name, "input": call.arguments } })
        });
        let content: Vec<Value> = text.into_iter().chain(calls).collect();
        let mut whole = json!({
            "output": { "message": { "role": "assistant", "content": content } },
            "metrics": { "latencyMs": 1 },
        });
        if let Some(fields) = whole.as_object_mut() {
            if finished {
                fields.insert("stopReason".into(), answer.finish("end_turn", "tool_use").into());
            }
            fields.extend(usage(answer).map(|usage| ("usage".to_owned(), usage)));
        }
        whole
    }

    fn frames(&self, answer: Answer<'_>) -> Vec<Frame> {
        let mut frames = vec![event(Part::Frame, "messageStart", &json!({ "role": "assistant" }))];
        let delta = |place: usize, delta: Value| {
            event(Part::Content, "contentBlockDelta", &json!({ "contentBlockIndex": place, "delta": delta }))
        };
        let stop = |place: usize| event(Part::Frame, "contentBlockStop", &json!({ "contentBlockIndex": place }));
        if answer.text().is_some() {
            frames.extend(answer.text_pieces().into_iter().map(|piece| delta(0, json!({ "text": piece }))));
            frames.push(stop(0));
        }
        let first = usize::from(answer.text().is_some());
        for (index, call) in answer.reply.tool_calls.iter().enumerate() {
            let start = json!({ "toolUse": { "toolUseId": call_id(answer, index), "name": call.name } });
            let start = json!({ "contentBlockIndex": first + index, "start": start });
            frames.push(event(Part::Frame, "contentBlockStart", &start));
            let pieces = pieces_of(&call.arguments_text()).into_iter();
            frames.extend(pieces.map(|piece| delta(first + index, json!({ "toolUse": { "input": piece } }))));
            frames.push(stop(first + index));
        }
        let stop_reason = json!({ "stopReason": answer.finish("end_turn", "tool_use") });
        frames.push(event(Part::Finish, "messageStop", &stop_reason));
        let metadata = json!({ "usage": usage(answer), "metrics": { "latencyMs": 1 } });
        frames.push(event(Part::Terminator, "metadata", &metadata));
        frames
    }

    fn error(&self, fault: Fault<'_>) -> Value {
        json!({ "message": fault.message })
    }

    fn error_type(&self, status: StatusCode) -> &'static str {
        match status.as_u16() {
            403 => "AccessDeniedException",
            404 => "ResourceNotFoundException",
            408 => "ModelTimeoutException",
            424 => "ModelErrorException",
            429 => "ThrottlingException",
            503 => "ServiceUnavailableException",
            500.. => "InternalServerException",
            401 => "UnrecognizedClientException",
            _ => "ValidationException",
        }
    }

    /// Inside a stream the names begin in lower case.
    fn overloaded(&self) -> &'static str {
        "serviceUnavailableException"
    }

    fn piece(&self, data: &str) -> Bytes {
        message("contentBlockDelta", data)
    }

    fn error_piece(&self, kind: &str, data: &str) -> Bytes {
        exception(kind, data)
    }

    fn keep_alive(&self) -> Option<Bytes> {
        None
    }

    fn stream_type(&self) -> &'static str {
        "application/vnd.amazon.eventstream"
    }

    fn id_header(&self) -> &'static str {
        "x-amzn-requestid"
    }

    fn error_header(&self) -> Option<&'static str> {
        Some("x-amzn-errortype")
    }
}

impl Dialect for Invoke {
    fn check(&self, body: &Value) -> Result<(), String> {
        Anthropic.check(body)
    }

    fn tool_result(&self, message: &Value) -> Option<String> {
        Anthropic.tool_result(message)
    }

    fn whole(&self, answer: Answer<'_>, finished: bool) -> Value {
        Anthropic.whole(answer, finished)
    }

    fn frames(&self, answer: Answer<'_>) -> Vec<Frame> {
        let events = anthropic::events(answer).into_iter();
        events.map(|(part, data)| Frame { part, bytes: self.piece(&data.to_string()) }).collect()
    }

    fn error(&self, fault: Fault<'_>) -> Value {
        Converse.error(fault)
    }

    fn error_type(&self, status: StatusCode) -> &'static str {
        Converse.error_type(status)
    }

    fn overloaded(&self) -> &'static str {
        Converse.overloaded()
    }

    fn piece(&self, data: &str) -> Bytes {
        message("chunk", &json!({ "bytes": STANDARD.encode(data) }).to_string())
    }

    fn error_piece(&self, kind: &str, data: &str) -> Bytes {
        exception(kind, data)
    }

    fn keep_alive(&self) -> Option<Bytes> {
        Some(self.piece("{\"type\":\"ping\"}"))
    }

    fn stream_type(&self) -> &'static str {
        Converse.stream_type()
    }

    fn id_header(&self) -> &'static str {
        Converse.id_header()
    }

    fn error_header(&self) -> Option<&'static str> {
        Converse.error_header()
    }
}

fn event(part: Part, kind: &str, data: &Value) -> Frame {
    Frame { part, bytes: message(kind, &data.to_string()) }
}

fn usage(answer: Answer<'_>) -> Option<Value> {
    let usage = answer.usage()?;
    let total = usage.input_tokens.saturating_add(usage.output_tokens);
    Some(json!({ "inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens, "totalTokens": total }))
}

fn call_id(answer: Answer<'_>, index: usize) -> String {
    format!("tooluse_{}_{index}", answer.number)
}
