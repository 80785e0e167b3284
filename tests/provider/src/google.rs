//! Answers, streams and errors as Google's `models/{model}:generateContent` and `:streamGenerateContent` send them.

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::api::{Dialect, Fault};
use crate::ask::{Answer, Frame, Part, plain};
use crate::openai::data;

/// The Gemini API, and Vertex AI.
pub(crate) struct Google;

impl Dialect for Google {
    fn conversation(&self) -> &'static str {
        "contents"
    }

    fn said(&self, message: &Value) -> String {
        message.get("parts").map(plain).unwrap_or_default()
    }

    fn tool_result(&self, message: &Value) -> Option<String> {
        let parts = message.get("parts")?.as_array()?;
        let response = parts.iter().rev().find_map(|part| part.pointer("/functionResponse/response"))?;
        // Clients put what a function gave under one of these two names.
        let result = response.get("result").or(response.get("output")).unwrap_or(response);
        Some(result.as_str().map_or_else(|| result.to_string(), str::to_owned))
    }

    fn whole(&self, answer: Answer<'_>, finished: bool) -> Value {
        let text = answer.text().map(|text| json!({ "text": text }));
        let parts = text.into_iter().chain(calls(answer)).collect();
        body(answer, parts, finished.then(|| answer.finish("STOP", "STOP")), true)
    }

    fn frames(&self, answer: Answer<'_>) -> Vec<Frame> {
        let texts = answer.text_pieces().into_iter().map(|piece| json!({ "text": piece }));
        let pieces = texts.chain(calls(answer));
        let mut frames: Vec<Frame> =
            pieces.map(|part| frame(Part::Content, &body(answer, vec![part], None, false))).collect();
        let end = body(answer, vec![json!({ "text": "" })], Some(answer.finish("STOP", "STOP")), true);
        frames.push(frame(Part::Finish, &end));
        frames
    }

    fn error(&self, fault: Fault<'_>) -> Value {
        let Fault { kind, message, status, .. } = fault;
        json!({ "error": { "code": status.as_u16(), "message": message, "status": kind, "details": [] } })
    }

    fn error_type(&self, status: StatusCode) -> &'static str {
        match status.as_u16() {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ABORTED",
            429 => "RESOURCE_EXHAUSTED",
            503 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            500.. => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        }
    }

    fn overloaded(&self) -> &'static str {
        "UNAVAILABLE"
    }

    fn piece(&self, text: &str) -> Bytes {
        data(text)
    }

    fn error_piece(&self, _kind: &str, text: &str) -> Bytes {
        data(text)
    }
}

fn calls(answer: Answer<'_>) -> impl Iterator<Item = Value> {
    answer.reply.tool_calls.iter().map(|call| json!({ "functionCall": { "name": call.name, "args": call.arguments } }))
}

fn body(answer: Answer<'_>, parts: Vec<Value>, finish: Option<&str>, with_usage: bool) -> Value {
    let mut candidate = Map::new();
    candidate.insert("content".into(), json!({ "parts": parts, "role": "model" }));
    if let Some(finish) = finish {
        candidate.insert("finishReason".into(), finish.into());
    }
    candidate.insert("index".into(), 0.into());
    let mut body = json!({
        "candidates": [candidate], "modelVersion": answer.model(), "responseId": format!("resp-{}", answer.number),
    });
    if let (Some(fields), Some(usage)) = (body.as_object_mut(), answer.usage().filter(|_| with_usage)) {
        let total = usage.input_tokens.saturating_add(usage.output_tokens);
        let counts = json!({
            "promptTokenCount": usage.input_tokens,
            "candidatesTokenCount": usage.output_tokens,
            "totalTokenCount": total,
        });
        fields.insert("usageMetadata".into(), counts);
    }
    body
}

fn frame(part: Part, body: &Value) -> Frame {
    Frame { part, bytes: data(&body.to_string()) }
}
