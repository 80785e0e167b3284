//! Answers, streams and errors as OpenAI's `/v1/responses` sends them.

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::anthropic::named;
use crate::api::{Dialect, Fault};
use crate::ask::{Answer, Frame, Part, pieces_of, plain};
use crate::openai::{CREATED, OpenAi};

/// The Responses API.
pub(crate) struct Responses;

impl Dialect for Responses {
    fn conversation(&self) -> &'static str {
        "input"
    }

    fn said(&self, item: &Value) -> String {
        item.get("content").unwrap_or(item).as_str().map_or_else(|| plain(item), str::to_owned)
    }

    fn tool_result(&self, item: &Value) -> Option<String> {
        let is_result = item.get("type").and_then(Value::as_str) == Some("function_call_output");
        is_result.then(|| item.get("output").map(plain).unwrap_or_default())
    }

    fn whole(&self, answer: Answer<'_>, finished: bool) -> Value {
        let text = answer.text().map(|text| message(answer, &[text_part(&text)], "completed"));
        let calls = (0..answer.reply.tool_calls.len()).filter_map(|index| call(answer, index, true));
        response(answer, text.into_iter().chain(calls).collect(), finished)
    }

    fn frames(&self, answer: Answer<'_>) -> Vec<Frame> {
        let mut events = Events(Vec::new());
        let empty = response(answer, Vec::new(), false);
        events.push(Part::Frame, "response.created", json!({ "response": empty }));
        if let Some(text) = answer.text() {
            let id = format!("msg_{}", answer.number);
            let place = json!({ "item_id": id, "output_index": 0, "content_index": 0 });
            let item = message(answer, &[], "in_progress");
            events.push(Part::Frame, "response.output_item.added", json!({ "output_index": 0, "item": item }));
            events.push(Part::Frame, "response.content_part.added", with(&place, "part", text_part("")));
            for piece in answer.text_pieces() {
                events.push(Part::Content, "response.output_text.delta", with(&place, "delta", piece.into()));
            }
            events.push(Part::Frame, "response.output_text.done", with(&place, "text", text.as_str().into()));
            events.push(Part::Frame, "response.content_part.done", with(&place, "part", text_part(&text)));
            let item = message(answer, &[text_part(&text)], "completed");
            events.push(Part::Frame, "response.output_item.done", json!({ "output_index": 0, "item": item }));
        }
        let first = usize::from(answer.text().is_some());
        for (index, tool_call) in answer.reply.tool_calls.iter().enumerate() {
            let place = json!({ "item_id": format!("fc_{}_{index}", answer.number), "output_index": first + index });
            let added = call(answer, index, false).unwrap_or_default();
            events.push(
                Part::Content,
                "response.output_item.added",
                json!({ "output_index": first + index, "item": added }),
            );
            let arguments = tool_call.arguments_text();
            for piece in pieces_of(&arguments) {
                let delta = with(&place, "delta", piece.into());
                events.push(Part::Content, "response.function_call_arguments.delta", delta);
            }
            let done = with(&place, "arguments", arguments.into());
            events.push(Part::Frame, "response.function_call_arguments.done", done);
            let done = call(answer, index, true).unwrap_or_default();
            events.push(
                Part::Frame,
                "response.output_item.done",
                json!({ "output_index": first + index, "item": done }),
            );
        }
        let whole = self.whole(answer, true);
        let kind = if answer.reply.finish.is_some() { "response.incomplete" } else { "response.completed" };
        events.push(Part::Finish, kind, json!({ "response": whole }));
        events.0
    }

    fn error(&self, fault: Fault<'_>) -> Value {
        OpenAi.error(fault)
    }

    fn error_type(&self, status: StatusCode) -> &'static str {
        OpenAi.error_type(status)
    }

    fn piece(&self, data: &str) -> Bytes {
        named("response.output_text.delta", data)
    }

    fn error_piece(&self, _kind: &str, data: &str) -> Bytes {
        named("error", data)
    }
}

/// Events so far, numbered.
struct Events(Vec<Frame>);

impl Events {
    fn push(&mut self, part: Part, kind: &str, fields: Value) {
        let fields = with(&with(&fields, "type", kind.into()), "sequence_number", self.0.len().into());
        self.0.push(Frame { part, bytes: named(kind, &fields.to_string()) });
    }
}

fn with(fields: &Value, name: &str, value: Value) -> Value {
    let mut all: Map<String, Value> = fields.as_object().cloned().unwrap_or_default();
    all.insert(name.into(), value);
    Value::Object(all)
}

fn text_part(text: &str) -> Value {
    json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] })
}

fn message(answer: Answer<'_>, content: &[Value], status: &str) -> Value {
    let id = format!("msg_{}", answer.number);
    json!({ "id": id, "type": "message", "role": "assistant", "status": status, "content": content })
}

fn call(answer: Answer<'_>, index: usize, whole: bool) -> Option<Value> {
    let call = answer.reply.tool_calls.get(index)?;
    let (number, status) = (answer.number, if whole { "completed" } else { "in_progress" });
    let arguments = if whole { call.arguments_text() } else { String::new() };
    Some(json!({
        "id": format!("fc_{number}_{index}"), "type": "function_call", "status": status,
        "call_id": format!("call_{number}_{index}"), "name": call.name, "arguments": arguments,
    }))
}

/// A finish reason of the script's is the reason why a response is incomplete, such as `max_output_tokens`.
fn response(answer: Answer<'_>, output: Vec<Value>, finished: bool) -> Value {
    let (status, details) = match &answer.reply.finish {
        _ if !finished => ("in_progress", Value::Null),
        None => ("completed", Value::Null),
        Some(reason) => ("incomplete", json!({ "reason": reason })),
    };
    let usage = answer.usage().filter(|_| finished).map(|usage| {
        json!({
            "input_tokens": usage.input_tokens,
            "input_tokens_details": { "cached_tokens": 0 },
            "output_tokens": usage.output_tokens,
            "output_tokens_details": { "reasoning_tokens": 0 },
            "total_tokens": usage.input_tokens.saturating_add(usage.output_tokens),
        })
    });
    json!({
        "id": format!("resp_{}", answer.number), "object": "response", "created_at": CREATED, "status": status,
        "error": null, "incomplete_details": details, "instructions": null, "metadata": {}, "model": answer.model(),
        "output": output, "parallel_tool_calls": true, "temperature": 1.0, "tool_choice": "auto", "tools": [],
        "top_p": 1.0, "usage": usage,
    })
}
