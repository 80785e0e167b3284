//! Answers, streams and errors as an Anthropic-compatible `/v1/messages` sends them.

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::api::{Dialect, Fault};
use crate::ask::{Answer, Frame, Part, pieces_of, plain};

/// The Messages API.
pub(crate) struct Anthropic;

impl Dialect for Anthropic {
    fn check(&self, body: &Value) -> Result<(), String> {
        match body.get("max_tokens").and_then(Value::as_u64) {
            None | Some(0) => Err("max_tokens: a positive whole number is required".into()),
            Some(_) => Ok(()),
        }
    }

    fn tool_result(&self, message: &Value) -> Option<String> {
        let blocks = message.get("content")?.as_array()?;
        let is_result = |block: &&Value| block.get("type").and_then(Value::as_str) == Some("tool_result");
        blocks.iter().rev().find(is_result).map(|block| block.get("content").map(plain).unwrap_or_default())
    }

    fn whole(&self, answer: Answer<'_>, finished: bool) -> Value {
        let text = answer.text().map(|text| json!({ "type": "text", "text": text }));
        let calls = answer.reply.tool_calls.iter().enumerate().map(|(index, call)| {
        json!({ "type": "tool_use", "id": call_id(answer, index), "name": call.name, "input": call.arguments })
    });
        let content: Vec<Value> = text.into_iter().chain(calls).collect();
        let finish = finished.then(|| answer.finish("end_turn", "tool_use"));
        let usage = answer.usage().map(|usage| (usage.input_tokens, usage.output_tokens));
        message(answer, &content, finish, usage)
    }

    fn frames(&self, answer: Answer<'_>) -> Vec<Frame> {
        let named =
            |data: &Value| named(data.get("type").and_then(Value::as_str).unwrap_or_default(), &data.to_string());
        events(answer).into_iter().map(|(part, data)| Frame { part, bytes: named(&data) }).collect()
    }

    fn error(&self, Fault { kind, message, number, .. }: Fault<'_>) -> Value {
        let error = json!({ "type": kind, "message": message });
        json!({ "type": "error", "error": error, "request_id": format!("req_{number}") })
    }

    fn error_type(&self, status: StatusCode) -> &'static str {
        match status.as_u16() {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            504 => "timeout_error",
            503 | 529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        }
    }

    fn piece(&self, data: &str) -> Bytes {
        named("content_block_delta", data)
    }

    fn error_piece(&self, _kind: &str, data: &str) -> Bytes {
        named("error", data)
    }

    fn keep_alive(&self) -> Option<Bytes> {
        Some(named("ping", "{\"type\":\"ping\"}"))
    }

    fn id_header(&self) -> &'static str {
        "request-id"
    }
}

/// The events of a whole answer: `message_start`, each block, `message_delta`, `message_stop`.
pub(crate) fn events(answer: Answer<'_>) -> Vec<(Part, Value)> {
    let usage = answer.usage();
    let start = message(answer, &[], None, usage.map(|usage| (usage.input_tokens, 0)));
    let mut events = vec![
        (Part::Frame, json!({ "type": "message_start", "message": start })),
        (Part::Frame, json!({ "type": "ping" })),
    ];
    if answer.text().is_some() {
        let pieces = answer.text_pieces().into_iter().map(|piece| json!({ "type": "text_delta", "text": piece }));
        block(&mut events, 0, json!({ "type": "text", "text": "" }), pieces);
    }
    let first = usize::from(answer.text().is_some());
    for (index, call) in answer.reply.tool_calls.iter().enumerate() {
        let opening = json!({ "type": "tool_use", "id": call_id(answer, index), "name": call.name, "input": {} });
        let arguments = call.arguments_text();
        let pieces = pieces_of(&arguments).into_iter();
        let pieces = pieces.map(|piece| json!({ "type": "input_json_delta", "partial_json": piece }));
        block(&mut events, first + index, opening, pieces);
    }
    let delta = json!({ "stop_reason": answer.finish("end_turn", "tool_use"), "stop_sequence": null });
    let mut end = json!({ "type": "message_delta", "delta": delta });
    if let (Some(fields), Some(usage)) = (end.as_object_mut(), usage) {
        fields.insert("usage".into(), json!({ "output_tokens": usage.output_tokens }));
    }
    events.push((Part::Finish, end));
    events.push((Part::Terminator, json!({ "type": "message_stop" })));
    events
}

/// One event of a stream, named after the type in its data.
pub(crate) fn named(kind: &str, data: &str) -> Bytes {
    Bytes::from(format!("event: {kind}\ndata: {data}\n\n"))
}

fn message(answer: Answer<'_>, content: &[Value], finish: Option<&str>, usage: Option<(u64, u64)>) -> Value {
    let mut message = json!({
        "id": format!("msg_{}", answer.number),
        "type": "message",
        "role": "assistant",
        "model": answer.model(),
        "content": content,
        "stop_reason": finish,
        "stop_sequence": null,
    });
    if let (Some(fields), Some((input, output))) = (message.as_object_mut(), usage) {
        fields.insert("usage".into(), json!({ "input_tokens": input, "output_tokens": output }));
    }
    message
}

fn block(events: &mut Vec<(Part, Value)>, index: usize, opening: Value, deltas: impl Iterator<Item = Value>) {
    let start = json!({ "type": "content_block_start", "index": index, "content_block": opening });
    events.push((Part::Frame, start));
    for delta in deltas {
        events.push((Part::Content, json!({ "type": "content_block_delta", "index": index, "delta": delta })));
    }
    events.push((Part::Frame, json!({ "type": "content_block_stop", "index": index })));
}

fn call_id(answer: Answer<'_>, index: usize) -> String {
    format!("toolu_{}_{index}", answer.number)
}
