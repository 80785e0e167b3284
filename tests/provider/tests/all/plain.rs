//! Plain JSON replies: answers, tool calls, statuses, bodies that are no JSON.

use serde_json::{Value, json};

use crate::client::{ANTHROPIC, End, OPENAI, Server, question};

#[test]
fn an_openai_answer_has_text_finish_reason_and_usage() {
    let server = Server::scripted(&json!([{ "do": "answer", "text": "hello from {model} {request}" }]));
    let (status, body) = server.ask(OPENAI, "m");
    assert_eq!(status, 200);
    assert_eq!(body["choices"][0]["message"]["content"], "hello from m 1");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"], json!({ "prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9 }));
}

#[test]
fn an_anthropic_answer_has_content_stop_reason_and_usage() {
    let server = Server::scripted(&json!("answer:hello"));
    let (status, body) = server.ask(ANTHROPIC, "m");
    assert_eq!(status, 200);
    assert_eq!(body["content"], json!([{ "type": "text", "text": "hello" }]));
    assert_eq!(body["stop_reason"], "end_turn");
    assert_eq!(body["usage"], json!({ "input_tokens": 5, "output_tokens": 1 }));
}

#[test]
fn an_answer_reports_the_usage_model_finish_and_headers_it_is_told_to() {
    let server = Server::scripted(&json!([
        { "do": "answer", "usage": { "input_tokens": 7, "output_tokens": 8 }, "model": "other", "finish": "length",
          "headers": { "x-ratelimit-remaining": "1" } },
        { "do": "answer", "no_usage": true },
    ]));
    let heard = server.send(OPENAI, &question("m", false)).hear_out();
    let body: Value = serde_json::from_str(&heard.body).unwrap();
    assert_eq!(body["usage"]["total_tokens"], 15);
    assert_eq!((&body["model"], &body["choices"][0]["finish_reason"]), (&json!("other"), &json!("length")));
    assert!(heard.head.contains("x-ratelimit-remaining: 1"));
    assert_eq!(server.ask(OPENAI, "m").1["usage"], Value::Null);
}

#[test]
fn several_tool_calls_come_in_one_answer_and_arguments_may_be_malformed() {
    let calls = json!([
        { "name": "multiply", "arguments": { "a": 17, "b": 23 } },
        { "name": "broken", "arguments": "{\"a\": 17" },
        { "name": "now" },
    ]);
    let server = Server::scripted(&json!({ "do": "answer", "tool_calls": calls }));
    let (_, body) = server.ask(OPENAI, "m");
    let message = &body["choices"][0]["message"];
    assert_eq!(message["content"], Value::Null);
    let sent: Vec<_> =
        message["tool_calls"].as_array().unwrap().iter().map(|call| &call["function"]["arguments"]).collect();
    assert_eq!(sent, ["{\"a\":17,\"b\":23}", "{\"a\": 17", "{}"]);
    assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");
    let (_, body) = server.ask(ANTHROPIC, "m");
    assert_eq!(body["content"][0]["input"], json!({ "a": 17, "b": 23 }));
    assert_eq!(body["content"][1]["input"], "{\"a\": 17");
    assert_eq!(body["stop_reason"], "tool_use");
}

#[test]
fn after_a_tool_result_the_answer_carries_what_the_tool_computed() {
    let server = Server::scripted(&json!({
        "do": "after_tool", "first": "call:multiply({\"a\":17,\"b\":23})", "then": "answer:it is {last_tool_result}",
    }));
    assert_eq!(server.ask(OPENAI, "m").1["choices"][0]["finish_reason"], "tool_calls");
    let result = json!({ "role": "tool", "tool_call_id": "call_1_0", "content": "391" });
    let asked = json!({ "model": "m", "messages": [{ "role": "user", "content": "?" }, result] });
    let (_, body) = server.call("POST", OPENAI, &asked.to_string());
    assert_eq!(body["choices"][0]["message"]["content"], "it is 391");
    let block = json!({ "type": "tool_result", "tool_use_id": "x", "content": [{ "type": "text", "text": "392" }] });
    let asked = json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": [block] }] });
    let (_, body) = server.call("POST", ANTHROPIC, &asked.to_string());
    assert_eq!(body["content"][0]["text"], "it is 392");
}

#[test]
fn a_status_comes_with_its_headers_and_body() {
    let server = Server::scripted(&json!([
        { "do": "status", "status": 429, "headers": { "Retry-After": "2" }, "body": { "error": { "code": "insufficient_quota" } } },
        { "do": "status", "status": 502, "body": "<html>" },
        "529",
    ]));
    let heard = server.send(OPENAI, &question("m", false)).hear_out();
    assert_eq!((heard.status, heard.body.as_str()), (Some(429), "{\"error\":{\"code\":\"insufficient_quota\"}}"));
    assert!(heard.head.contains("retry-after: 2"));
    let heard = server.send(OPENAI, &question("m", true)).hear_out();
    assert_eq!((heard.status, heard.body.as_str()), (Some(502), "<html>"));
    let (status, body) = server.ask(ANTHROPIC, "m");
    assert_eq!((status, &body["error"]["type"]), (529, &json!("overloaded_error")));
}

#[test]
fn headers_may_be_repeated_empty_long_or_no_text_at_all() {
    let odd = json!({
        "retry-after-ms": 1500, "x-ratelimit-reset-tokens": "1m12s", "x-twice": ["a", "b"], "x-empty": "", "x-text": "é",
        "x-raw": { "bytes": [233, 255] }, "x-long": "9".repeat(100_000),
    });
    let server = Server::scripted(&json!([{ "do": "status", "status": 429, "headers": odd }]));
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_response_header_size(1 << 20).build().into();
    let reply = agent.post(server.url() + OPENAI).send_json(question("m", false)).unwrap();
    let sent = |name: &str| reply.headers().get_all(name).iter().map(|value| value.as_bytes()).collect::<Vec<_>>();
    assert_eq!((sent("retry-after-ms"), sent("x-ratelimit-reset-tokens")), (vec![&b"1500"[..]], vec![&b"1m12s"[..]]));
    assert_eq!((sent("x-twice"), sent("x-empty")), (vec![&b"a"[..], b"b"], vec![&b""[..]]));
    assert_eq!((sent("x-raw"), sent("x-text")), (vec![&[233, 255][..]], vec!["é".as_bytes()]));
    assert_eq!(sent("x-long")[0].len(), 100_000);
}

#[test]
fn a_malformed_body_is_a_200_that_is_not_json() {
    let server = Server::scripted(&json!(["malformed_body", { "do": "malformed_body", "body": "{\"id\": " }]));
    let heard = server.send(OPENAI, &question("m", false)).hear_out();
    assert_eq!((heard.status, heard.end), (Some(200), End::Whole));
    assert!(heard.body.starts_with("<html>"));
    assert_eq!(server.stream(OPENAI).body, "{\"id\": ");
}

#[test]
fn every_stream_fault_has_a_plain_form() {
    let heard = |steps: Value| Server::scripted(&steps).send(OPENAI, &question("m", false)).hear_out();
    let parsed = |steps: Value| serde_json::from_str::<Value>(&heard(steps).body);
    assert!(parsed(json!("malformed_chunk")).is_err());
    assert_eq!(parsed(json!("no_finish")).unwrap()["choices"][0]["finish_reason"], Value::Null);
    assert_eq!(parsed(json!("overloaded")).unwrap()["error"]["type"], "overloaded_error");
    assert_eq!(parsed(json!("no_terminator:hi")).unwrap()["choices"][0]["message"]["content"], "hi");
    assert_eq!(parsed(json!("slow:1:hi")).unwrap()["choices"][0]["message"]["content"], "hi");
    assert_eq!(heard(json!("cut")).end, End::Reset);
    assert_eq!(heard(json!("close")).end, End::Closed);
    assert_eq!(heard(json!([{ "do": "stall", "for_ms": 1 }])).end, End::Whole);
}

#[test]
fn a_request_that_is_none_is_refused_and_uses_up_nothing() {
    let server = Server::scripted(&json!(["503", "answer"]));
    let refused = |path, body: Value| server.call("POST", path, &body.to_string()).1["error"]["message"].clone();
    assert_eq!(refused(OPENAI, json!({ "messages": [] })), "model: a non-empty string is required");
    assert_eq!(refused(OPENAI, json!({ "model": "m", "messages": [] })), "messages: a non-empty list is required");
    assert_eq!(refused(OPENAI, json!({ "model": "m", "messages": [{}] })), "messages[0].role: a string is required");
    let asked = json!({ "model": "m", "messages": [{ "role": "user", "content": "" }] });
    assert_eq!(refused(ANTHROPIC, asked), "max_tokens: a positive whole number is required");
    assert_eq!(server.ask(OPENAI, "m").0, 503);
    assert_eq!(server.log().iter().map(|entry| &entry["behaviour"]).filter(|it| *it == "invalid_request").count(), 4);
}
