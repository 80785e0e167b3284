//! Answers, streams and errors as Ollama's `/api/chat` sends them: a stream is JSON by the line.

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::api::{Dialect, Fault};
use crate::ask::{Answer, Frame, Part, plain};

/// A fixed time, so that the same script gives the same bytes.
const CREATED: &str = "2023-11-14T22:13:20Z";

/// Ollama's own API.
pub(crate) struct Ollama;

impl Dialect for Ollama {
    fn streams_by_default(&self) -> bool {
        true
    }

    fn tool_result(&self, message: &Value) -> Option<String> {
        let is_tool = message.get("role").and_then(Value::as_str) == Some("tool");
        is_tool.then(|| message.get("content").map(plain).unwrap_or_default())
    }

    fn whole(&self, answer: Answer<'_>, finished: bool) -> Value {
        let message = message(answer.text().unwrap_or_default().as_str(), calls(answer));
        let mut whole = line(answer, &message);
        if finished {
            end(answer, &mut whole);
        }
        whole
    }

    fn frames(&self, answer: Answer<'_>) -> Vec<Frame> {
        let texts = answer.text_pieces().into_iter().map(|piece| message(&piece, Vec::new()));
        // Each call comes whole.
        let calls = calls(answer).into_iter().map(|call| message("", vec![call]));
        let mut frames: Vec<Frame> = texts
            .chain(calls)
            .map(|message| Frame { part: Part::Content, bytes: self.piece(&line(answer, &message).to_string()) })
            .collect();
        let mut last = line(answer, &message("", Vec::new()));
        end(answer, &mut last);
        frames.push(Frame { part: Part::Finish, bytes: self.piece(&last.to_string()) });
        frames
    }

    fn error(&self, fault: Fault<'_>) -> Value {
        json!({ "error": fault.message })
    }

    fn error_type(&self, _status: StatusCode) -> &'static str {
        "error"
    }

    fn piece(&self, text: &str) -> Bytes {
        Bytes::from(format!("{text}\n"))
    }

    fn error_piece(&self, _kind: &str, text: &str) -> Bytes {
        self.piece(text)
    }

    fn keep_alive(&self) -> Option<Bytes> {
        None
    }

    fn stream_type(&self) -> &'static str {
        "application/x-ndjson"
    }
}

fn calls(answer: Answer<'_>) -> Vec<Value> {
    let calls = answer.reply.tool_calls.iter();
    calls.map(|call| json!({ "function": { "name": call.name, "arguments": call.arguments } })).collect()
}

fn message(text: &str, calls: Vec<Value>) -> Value {
    let mut message = json!({ "role": "assistant", "content": text });
    if let (Some(fields), false) = (message.as_object_mut(), calls.is_empty()) {
        fields.insert("tool_calls".into(), calls.into());
    }
    message
}

fn line(answer: Answer<'_>, message: &Value) -> Value {
    json!({ "model": answer.model(), "created_at": CREATED, "message": message, "done": false })
}

/// What the last line says beside its message.
fn end(answer: Answer<'_>, line: &mut Value) {
    let Some(fields) = line.as_object_mut() else { return };
    fields.insert("done".into(), true.into());
    fields.insert("done_reason".into(), answer.finish("stop", "stop").into());
    if let Some(usage) = answer.usage() {
        fields.insert("prompt_eval_count".into(), usage.input_tokens.into());
        fields.insert("eval_count".into(), usage.output_tokens.into());
    }
}
