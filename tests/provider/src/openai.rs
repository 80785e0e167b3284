//! Answers, streams and errors as an OpenAI-compatible `/v1/chat/completions` sends them.

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::api::{Dialect, Fault};
use crate::ask::{Answer, Frame, Part, pieces_of, plain};

/// A fixed `created`, so that the same script gives the same bytes.
pub(crate) const CREATED: u64 = 1_700_000_000;

/// The Chat Completions API, Azure's included.
pub(crate) struct OpenAi;

impl Dialect for OpenAi {
    fn tool_result(&self, message: &Value) -> Option<String> {
        let is_tool = message.get("role").and_then(Value::as_str) == Some("tool");
        is_tool.then(|| message.get("content").map(plain).unwrap_or_default())
    }

    fn whole(&self, answer: Answer<'_>, finished: bool) -> Value {
        let mut message = json!({ "role": "assistant", "content": answer.text(), "refusal": null });
        if let (Some(fields), false) = (message.as_object_mut(), answer.reply.tool_calls.is_empty()) {
            let calls = answer.reply.tool_calls.iter().enumerate().map(|(index, call)| {
                let function = json!({ "name": call.name, "arguments": call.arguments_text() });
                json!({ "id": call_id(answer, index), "type": "function", "function": function })
            });
            fields.insert("tool_calls".into(), calls.collect());
        }
        let finish = finished.then(|| answer.finish("stop", "tool_calls"));
        let mut body = json!({
            "id": format!("chatcmpl-{}", answer.number),
            "object": "chat.completion",
            "created": CREATED,
            "model": answer.model(),
            "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": finish }],
        });
        if let (Some(fields), Some(usage)) = (body.as_object_mut(), usage(answer)) {
            fields.insert("usage".into(), usage);
        }
        body
    }

    fn frames(&self, answer: Answer<'_>) -> Vec<Frame> {
        let mut frames = vec![chunk(answer, Part::Frame, json!({ "role": "assistant", "content": "" }), None)];
        for piece in answer.text_pieces() {
            frames.push(chunk(answer, Part::Content, json!({ "content": piece }), None));
        }
        for (index, call) in answer.reply.tool_calls.iter().enumerate() {
            let function = json!({ "name": call.name, "arguments": "" });
            let opening =
                json!({ "index": index, "id": call_id(answer, index), "type": "function", "function": function });
            frames.push(chunk(answer, Part::Content, json!({ "tool_calls": [opening] }), None));
            for piece in pieces_of(&call.arguments_text()) {
                let more = json!({ "index": index, "function": { "arguments": piece } });
                frames.push(chunk(answer, Part::Content, json!({ "tool_calls": [more] }), None));
            }
        }
        frames.push(chunk(answer, Part::Finish, json!({}), Some(answer.finish("stop", "tool_calls"))));
        if let (true, Some(usage)) = (answer.ask.include_usage, usage(answer)) {
            let mut last = chunk_body(answer, json!([]));
            if let Some(fields) = last.as_object_mut() {
                fields.insert("usage".into(), usage);
            }
            frames.push(Frame { part: Part::Finish, bytes: data(&last.to_string()) });
        }
        frames.push(Frame { part: Part::Terminator, bytes: data("[DONE]") });
        frames
    }

    fn error(&self, Fault { kind, message, .. }: Fault<'_>) -> Value {
        json!({ "error": { "message": message, "type": kind, "param": null, "code": kind } })
    }

    fn error_type(&self, status: StatusCode) -> &'static str {
        match status.as_u16() {
            401 => "invalid_api_key",
            403 => "permission_denied",
            404 => "model_not_found",
            429 => "rate_limit_exceeded",
            503 | 529 => "overloaded",
            500.. => "server_error",
            _ => "invalid_request_error",
        }
    }

    fn piece(&self, text: &str) -> Bytes {
        data(text)
    }

    fn error_piece(&self, _kind: &str, text: &str) -> Bytes {
        data(text)
    }
}

/// One event of a stream.
pub(crate) fn data(text: &str) -> Bytes {
    Bytes::from(format!("data: {text}\n\n"))
}

fn usage(answer: Answer<'_>) -> Option<Value> {
    let usage = answer.usage()?;
    let total = usage.input_tokens.saturating_add(usage.output_tokens);
    Some(json!({
        "prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens, "total_tokens": total,
    }))
}

fn call_id(answer: Answer<'_>, index: usize) -> String {
    format!("call_{}_{index}", answer.number)
}

fn chunk(answer: Answer<'_>, part: Part, delta: Value, finish: Option<&str>) -> Frame {
    let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish });
    Frame { part, bytes: data(&chunk_body(answer, json!([choice])).to_string()) }
}

fn chunk_body(answer: Answer<'_>, choices: Value) -> Value {
    json!({
        "id": format!("chatcmpl-{}", answer.number),
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": answer.model(),
        "choices": choices,
    })
}
