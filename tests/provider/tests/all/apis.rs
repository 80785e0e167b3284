//! The other APIs: Google, Amazon Bedrock, Ollama, OpenAI's Responses. What is the same for all is tested by the first two.

use serde_json::{Value, json};

use crate::client::{End, Server};

const CONVERSE: &str = "/model/m/converse";
const GOOGLE: &str = "/v1beta/models/m:generateContent";
const INVOKE: &str = "/model/m/invoke";
const OLLAMA: &str = "/api/chat";
const RESPONSES: &str = "/v1/responses";

/// A question that each of these APIs takes.
fn question() -> Value {
    json!({
        "model": "m", "stream": false, "max_tokens": 100, "input": "what is 17 x 23?",
        "messages": [{ "role": "user", "content": "what is 17 x 23?" }],
        "contents": [{ "role": "user", "parts": [{ "text": "what is 17 x 23?" }] }],
    })
}

fn ask(path: &str, steps: &Value) -> (u16, Value) {
    Server::scripted(steps).call("POST", path, &question().to_string())
}

/// The lines of a stream that are JSON, by events or by lines.
fn stream(path: &str, steps: &Value) -> Vec<Value> {
    let mut asked = question();
    asked["stream"] = true.into();
    let heard = Server::scripted(steps).send(path, &asked).hear_out();
    assert_eq!((heard.status, &heard.end), (Some(200), &End::Whole), "{}", heard.head);
    let lines = heard.body.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn a_whole_answer_has_text_finish_reason_and_usage() {
    let pointers = [
        (
            GOOGLE,
            ["/candidates/0/content/parts/0/text", "/candidates/0/finishReason", "/usageMetadata/totalTokenCount"],
        ),
        (CONVERSE, ["/output/message/content/0/text", "/stopReason", "/usage/totalTokens"]),
        (INVOKE, ["/content/0/text", "/stop_reason", "/usage/input_tokens"]),
        (OLLAMA, ["/message/content", "/done_reason", "/prompt_eval_count"]),
        (RESPONSES, ["/output/0/content/0/text", "/status", "/usage/total_tokens"]),
    ];
    let ends = [
        json!(["STOP", 7]),
        json!(["end_turn", 7]),
        json!(["end_turn", 5]),
        json!(["stop", 5]),
        json!(["completed", 7]),
    ];
    for ((path, [text, finish, usage]), end) in pointers.into_iter().zip(ends) {
        let (status, body) = ask(path, &json!("answer:hello there"));
        let at = |pointer| body.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!((status, at(text), json!([at(finish), at(usage)])), (200, json!("hello there"), end), "{path}");
    }
}

#[test]
fn a_tool_call_comes_and_its_result_goes_back() {
    let steps = json!("agent:multiply({\"a\":17})");
    let results = [
        (
            GOOGLE,
            "contents",
            json!({ "parts": [{ "functionResponse": { "name": "f", "response": { "result": "391" } } }] }),
        ),
        (
            CONVERSE,
            "messages",
            json!({ "role": "user", "content": [{ "toolResult": { "content": [{ "text": "391" }] } }] }),
        ),
        (INVOKE, "messages", json!({ "role": "user", "content": [{ "type": "tool_result", "content": "391" }] })),
        (OLLAMA, "messages", json!({ "role": "tool", "content": "391" })),
        (RESPONSES, "input", json!({ "type": "function_call_output", "output": "391" })),
    ];
    let calls = [
        "/candidates/0/content/parts/0/functionCall/args/a",
        "/output/message/content/0/toolUse/input/a",
        "/content/0/input/a",
        "/message/tool_calls/0/function/arguments/a",
        "/output/0/arguments",
    ];
    for ((path, field, result), call) in results.into_iter().zip(calls) {
        let (_, body) = ask(path, &steps);
        let arguments = body.pointer(call).map(ToString::to_string);
        assert!(arguments.is_some_and(|it| it.contains("17")), "{path}: {body}");
        let mut asked = question();
        asked[field] = json!([result]);
        let (_, body) = Server::scripted(&steps).call("POST", path, &asked.to_string());
        assert!(body.to_string().contains("\"391\""), "{path}: {body}");
    }
}

#[test]
fn streams_bring_the_text_in_pieces_and_a_finish_reason_last() {
    let whole = json!("answer:one two");
    let google = stream("/v1beta/models/m:streamGenerateContent?alt=sse", &whole);
    assert_eq!(google[1]["candidates"][0]["content"]["parts"][0]["text"], "two");
    assert_eq!((google.len(), &google[2]["candidates"][0]["finishReason"]), (3, &json!("STOP")));
    let ollama = stream(OLLAMA, &whole);
    assert_eq!((ollama.len(), &ollama[0]["message"]["content"]), (3, &json!("one ")));
    assert_eq!((&ollama[1]["done"], &ollama[2]["done_reason"]), (&json!(false), &json!("stop")));
    let responses = stream(RESPONSES, &whole);
    let deltas: Vec<_> =
        responses.iter().filter(|it| it["type"] == "response.output_text.delta").map(|it| &it["delta"]).collect();
    assert_eq!(deltas, ["one ", "two"]);
    assert!(responses.iter().enumerate().all(|(number, it)| it["sequence_number"] == number));
    assert_eq!(responses.last().unwrap()["response"]["output"][0]["content"][0]["text"], "one two");
}

#[test]
fn ollama_streams_unless_it_is_told_not_to() {
    let server = Server::scripted(&json!("answer:one two"));
    let mut asked = question();
    asked["stream"] = Value::Null;
    let heard = server.send(OLLAMA, &asked).hear_out();
    assert_eq!((heard.body.lines().count(), server.log()[0]["stream"].clone()), (3, json!(true)));
}

#[test]
fn bedrock_streams_are_frames_with_lengths_headers_and_checksums() {
    let read = |path: &str, steps: Value| -> Vec<(String, String)> {
        let server = Server::scripted(&steps);
        let mut reply = ureq::post(server.url() + path).send_json(question()).unwrap();
        assert_eq!(reply.headers().get("content-type").unwrap(), "application/vnd.amazon.eventstream");
        frames(&reply.body_mut().read_to_vec().unwrap())
    };
    let kinds = |frames: &[(String, String)]| frames.iter().map(|(kind, _)| kind.clone()).collect::<Vec<_>>();
    let whole = read("/model/m/converse-stream", json!("answer:one two"));
    let usual =
        ["messageStart", "contentBlockDelta", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];
    assert_eq!(kinds(&whole), usual);
    assert_eq!(whole[1].1, "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"one \"}}");
    let broken = read("/model/m/converse-stream", json!("overloaded:1:one two"));
    assert_eq!(kinds(&broken), ["messageStart", "contentBlockDelta", "serviceUnavailableException"]);
    assert_eq!(broken[2].1, "{\"message\":\"Overloaded\"}");
    let chunks = read("/model/m/invoke-with-response-stream", json!("answer:one two"));
    assert!(chunks.iter().all(|(kind, _)| kind == "chunk"));
    assert_eq!(chunks.last().unwrap().1, "{\"bytes\":\"eyJ0eXBlIjoibWVzc2FnZV9zdG9wIn0=\"}");
}

/// The type and the payload of each frame.
fn frames(mut bytes: &[u8]) -> Vec<(String, String)> {
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap()) as usize;
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (frame, rest) = bytes.split_at(number(&bytes[..4]));
        let head = number(&frame[4..8]);
        assert_eq!(number(&frame[8..12]), crc32fast::hash(&frame[..8]) as usize);
        let kind_at = 12 + 1 + usize::from(frame[12]) + 1;
        let length = usize::from(u16::from_be_bytes(frame[kind_at..kind_at + 2].try_into().unwrap()));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        all.push((text(&frame[kind_at + 2..][..length]), text(&frame[12 + head..frame.len() - 4])));
        bytes = rest;
    }
    all
}

#[test]
fn errors_are_worded_as_the_api_words_them() {
    let (status, body) = ask(GOOGLE, &json!("429"));
    assert_eq!(
        (status, &body["error"]["status"], &body["error"]["code"]),
        (429, &json!("RESOURCE_EXHAUSTED"), &json!(429))
    );
    assert_eq!(ask(OLLAMA, &json!("404")), (404, json!({ "error": "404 as the script says" })));
    assert_eq!(ask(RESPONSES, &json!("401")).1["error"]["code"], "invalid_api_key");
    let heard = Server::scripted(&json!("429")).send(CONVERSE, &question()).hear_out();
    assert!(heard.head.contains("x-amzn-errortype: throttlingexception"), "{}", heard.head);
    assert_eq!(heard.body, "{\"message\":\"429 as the script says\"}");
    let own =
        json!([{ "do": "status", "status": 400, "headers": { "x-amzn-errortype": "ServiceQuotaExceededException" } }]);
    let heard = Server::scripted(&own).send(INVOKE, &question()).hear_out();
    assert_eq!(heard.head.matches("x-amzn-errortype").count(), 1);
    assert!(heard.head.contains("servicequotaexceededexception"));
}

#[test]
fn errors_come_inside_streams_too() {
    let overloaded = json!("overloaded:1:one two");
    let google = stream("/v1/models/m:streamGenerateContent", &overloaded);
    assert_eq!(google.last().unwrap()["error"]["status"], "UNAVAILABLE");
    assert_eq!(stream(OLLAMA, &overloaded).last().unwrap(), &json!({ "error": "Overloaded" }));
    assert_eq!(stream(RESPONSES, &overloaded).last().unwrap()["error"]["message"], "Overloaded");
}

#[test]
fn a_stream_may_be_cut_in_its_frames() {
    for path in [OLLAMA, RESPONSES, "/v1beta1/publishers/google/models/m:streamGenerateContent"] {
        let mut asked = question();
        asked["stream"] = true.into();
        let server = Server::scripted(&json!(["cut:1:one two", "cut"]));
        let heard = server.send(path, &asked).hear_out();
        assert!(heard.body.contains("one ") && !heard.body.contains("two"), "{}", heard.body);
        assert_eq!((heard.end, server.send(path, &asked).hear_out().end), (End::Reset, End::Reset), "{path}");
    }
}

#[test]
fn a_name_in_the_path_may_be_a_script() {
    let server = Server::start();
    for path in
        ["/model/s%3D503%2Banswer%3Aone%20two/converse", "/v1beta/models/g=503+answer:one%20two:generateContent"]
    {
        let statuses = [(); 2].map(|()| server.call("POST", path, &question().to_string()).0);
        assert_eq!(statuses, [503, 200], "{path}");
    }
    let models: Vec<_> = server.log().iter().map(|entry| entry["model"].clone()).collect();
    assert_eq!(
        models,
        ["s=503+answer:one two", "s=503+answer:one two", "g=503+answer:one two", "g=503+answer:one two"]
    );
}

#[test]
fn a_request_that_is_none_is_refused_in_the_words_of_its_api() {
    let server = Server::start();
    let (status, body) = server.call("POST", GOOGLE, "{}");
    assert_eq!((status, &body["error"]["message"]), (400, &json!("contents: a non-empty list is required")));
    assert_eq!(
        server.call("POST", INVOKE, "{\"messages\": [{\"role\": \"user\"}]}").1["message"],
        "max_tokens: a positive whole number is required"
    );
    let (status, body) = server.call("POST", "/v1beta/models/m:countTokens", "{}");
    assert_eq!((status, &body["error"]["type"]), (404, &json!("unknown_url")));
}
