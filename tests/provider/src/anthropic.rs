//! Answers, streams and errors as an Anthropic-compatible `/v1/messages` sends them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::ask::{Answer, Frame, Part, pieces_of, plain};

/// The content of a message's last tool result, if it has one.
pub(crate) fn tool_result(message: &Value) -> Option<String> {
    let blocks = message.get("content")?.as_array()?;
    let is_result = |block: &&Value| block.get("type").and_then(Value::as_str) == Some("tool_result");
    blocks.iter().rev().find(is_result).map(|block| block.get("content").map(plain).unwrap_or_default())
}

/// A whole answer. `finished` false leaves the stop reason `null`.
pub(crate) fn whole(answer: Answer<'_>, finished: bool) -> Value {
    let text = answer.text().map(|text| json!({ "type": "text", "text": text }));
    let calls = answer.reply.tool_calls.iter().enumerate().map(|(index, call)| {
        json!({ "type": "tool_use", "id": call_id(answer, index), "name": call.name, "input": call.arguments })
    });
    let content: Vec<Value> = text.into_iter().chain(calls).collect();
    let finish = finished.then(|| answer.finish("end_turn", "tool_use"));
    let usage = answer.usage().map(|usage| (usage.input_tokens, usage.output_tokens));
    message(answer, &content, finish, usage)
}

/// The stream of a whole answer: `message_start`, each block, `message_delta`, `message_stop`.
pub(crate) fn frames(answer: Answer<'_>) -> Vec<Frame> {
    let usage = answer.usage();
    let start = message(answer, &[], None, usage.map(|usage| (usage.input_tokens, 0)));
    let mut frames = vec![
        event(Part::Frame, json!({ "type": "message_start", "message": start })),
        event(Part::Frame, json!({ "type": "ping" })),
    ];
    if answer.text().is_some() {
        let pieces = answer.text_pieces().into_iter().map(|piece| json!({ "type": "text_delta", "text": piece }));
        block(&mut frames, 0, json!({ "type": "text", "text": "" }), pieces);
    }
    let first = usize::from(answer.text().is_some());
    for (index, call) in answer.reply.tool_calls.iter().enumerate() {
        let opening = json!({ "type": "tool_use", "id": call_id(answer, index), "name": call.name, "input": {} });
        let arguments = call.arguments_text();
        let pieces = pieces_of(&arguments).into_iter();
        let pieces = pieces.map(|piece| json!({ "type": "input_json_delta", "partial_json": piece }));
        block(&mut frames, first + index, opening, pieces);
    }
    let delta = json!({ "stop_reason": answer.finish("end_turn", "tool_use"), "stop_sequence": null });
    let mut end = json!({ "type": "message_delta", "delta": delta });
    if let (Some(fields), Some(usage)) = (end.as_object_mut(), usage) {
        fields.insert("usage".into(), json!({ "output_tokens": usage.output_tokens }));
    }
    frames.push(event(Part::Finish, end));
    frames.push(event(Part::Terminator, json!({ "type": "message_stop" })));
    frames
}

/// One event of a stream, named after the type in its data.
pub(crate) fn named(kind: &str, data: &str) -> String {
    format!("event: {kind}\ndata: {data}\n\n")
}

/// The body of an error.
pub(crate) fn error(kind: &str, message: &str, number: u64) -> Value {
    let error = json!({ "type": kind, "message": message });
    json!({ "type": "error", "error": error, "request_id": format!("req_{number}") })
}

/// The type such a server gives an error with this status.
pub(crate) fn error_type(status: StatusCode) -> &'static str {
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

fn block(frames: &mut Vec<Frame>, index: usize, opening: Value, deltas: impl Iterator<Item = Value>) {
    let start = json!({ "type": "content_block_start", "index": index, "content_block": opening });
    frames.push(event(Part::Frame, start));
    for delta in deltas {
        frames.push(event(Part::Content, json!({ "type": "content_block_delta", "index": index, "delta": delta })));
    }
    frames.push(event(Part::Frame, json!({ "type": "content_block_stop", "index": index })));
}

fn event(part: Part, data: Value) -> Frame {
    let kind = data.get("type").and_then(Value::as_str).unwrap_or_default();
    Frame { part, bytes: named(kind, &data.to_string()) }
}

fn call_id(answer: Answer<'_>, index: usize) -> String {
    format!("toolu_{}_{index}", answer.number)
}
