//! Scripts: their order, their times, their errors, and their spelling in a model's name.

use serde_json::{Value, json};

use crate::client::{ANTHROPIC, OPENAI, Server};

fn statuses(server: &Server, model: &str, count: usize) -> Vec<u16> {
    (0..count).map(|_| server.ask(OPENAI, model).0).collect()
}

#[test]
fn behaviours_are_used_up_one_a_request_and_the_last_is_repeated() {
    let server = Server::scripted(&json!(["503x2", "429", "answer"]));
    assert_eq!(statuses(&server, "m", 5), [503, 503, 429, 200, 200]);
}

#[test]
fn then_follows_the_steps() {
    let server = Server::scripted(&json!({ "steps": ["answer"], "then": { "do": "status", "status": 500 } }));
    assert_eq!(statuses(&server, "m", 3), [200, 500, 500]);
}

#[test]
fn a_script_set_again_starts_again_and_leaves_other_models_alone() {
    let server = Server::start();
    let set = |models: Value| server.call("POST", "/script", &json!({ "models": models }).to_string()).0;
    assert_eq!(set(json!({ "a": ["500", "answer"], "b": ["500", "answer"] })), 200);
    assert_eq!((server.ask(OPENAI, "a").0, server.ask(OPENAI, "b").0), (500, 500));
    assert_eq!(set(json!({ "a": ["501", "answer"] })), 200);
    assert_eq!((server.ask(OPENAI, "a").0, server.ask(OPENAI, "b").0), (501, 200));
}

#[test]
fn a_star_covers_models_without_a_script() {
    let server = Server::start();
    assert_eq!(server.ask(OPENAI, "gpt").0, 404);
    assert_eq!(server.call("POST", "/script", "{\"models\": {\"*\": \"answer:hi\"}}").0, 200);
    assert_eq!(server.ask(OPENAI, "gpt").1["choices"][0]["message"]["content"], "hi");
    assert_eq!(server.ask(OPENAI, "503").0, 503);
}

#[test]
fn a_window_of_time_is_down_and_the_rest_is_up() {
    let server = Server::scripted(&json!([{ "do": "down", "until_ms": 3_600_000, "down": "500", "up": "answer" }]));
    assert_eq!(statuses(&server, "m", 2), [500, 500]);
    let server = Server::scripted(&json!([{ "do": "down", "from_ms": 3_600_000 }]));
    assert_eq!(statuses(&server, "m", 2), [200, 200]);
    let server = Server::scripted(&json!("down:-20"));
    let seen: Vec<u16> =
        std::iter::repeat_with(|| server.ask(OPENAI, "m").0).take_while(|status| *status != 200).collect();
    assert!(seen.iter().all(|status| *status == 503));
}

#[test]
fn a_models_name_may_be_the_script() {
    let server = Server::start();
    assert_eq!(statuses(&server, "503x2+answer:hello", 4), [503, 503, 200, 200]);
    let (_, body) = server.ask(ANTHROPIC, "b=answer:1 %2B 1");
    assert_eq!(body["content"][0]["text"], "1 + 1");
    assert_eq!(statuses(&server, "first=500+answer", 2), [500, 200]);
    assert_eq!(statuses(&server, "second=500+answer", 2), [500, 200]);
    assert_eq!(server.ask(OPENAI, "agent:f({\"x\": \")\"}):got {last_tool_result}").0, 200);
}

#[test]
fn a_misspelt_name_is_refused_with_the_reason() {
    let server = Server::start();
    let (status, body) = server.ask(OPENAI, "503x2+anser:hello");
    assert_eq!(status, 400);
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("`anser` is no behaviour: use a status such as 503, or one of answer, call"), "{message}");
}

#[test]
fn a_script_that_is_wrong_is_refused_whole_in_one_line_that_names_the_place() {
    let server = Server::start();
    let cases = [
        ("oops", "the script is not JSON: expected value at line 1 column 1"),
        ("{}", "field `models` is missing: {\"models\": {\"NAME\": [..]}}"),
        ("{\"models\": {}, \"model\": 1}", "unknown field `model`"),
        ("{\"models\": {\"m\": []}}", "models.m: is empty: at least one behaviour is needed"),
        ("{\"models\": {\"m\": [7]}}", "models.m[0]: 7 is no behaviour: give an object with `do`, or a string"),
        ("{\"models\": {\"m\": {\"steps\": \"503\", \"than\": \"answer\"}}}", "models.m: unknown field `than`"),
        (
            "{\"models\": {\"m\": [\"503\", {\"do\": \"status\", \"status\": 99}]}}",
            "models.m[1]: status.status: 99 is no status to answer with: 200 to 599",
        ),
        (
            "{\"models\": {\"m\": [{\"do\": \"silence\", \"ms\": 5}]}}",
            "models.m[0]: silence.ms: unknown field `ms`, expected `for_ms`",
        ),
        (
            "{\"models\": {\"m\": [{\"do\": \"cut\", \"after\": -1}]}}",
            "models.m[0]: cut.after: invalid value: integer `-1`, expected a whole number from 0",
        ),
        (
            "{\"models\": {\"m\": [{\"do\": \"slow\", \"ms\": 3600001}]}}",
            "models.m[0]: slow.ms: 3600001 ms is too long: 0 to 3600000, an hour",
        ),
        (
            "{\"models\": {\"m\": [{\"do\": \"down\", \"up\": \"503+answer\"}]}}",
            "models.m[0]: down.up: `503+answer` is 2 behaviours where one is wanted",
        ),
        (
            "{\"models\": {\"m\": [{\"do\": \"down\", \"from_ms\": 5, \"until_ms\": 5}]}}",
            "models.m[0]: down.until_ms: must be greater than `from_ms`",
        ),
        ("{\"models\": {\"m\": \"answer+503x0\"}}", "models.m: `503x0`: the count after `x` is 1 to 10000"),
        ("{\"models\": {\"m\": \"429:2\"}}", "models.m: `429:2`: `2` is no header: `name=value;..`"),
        (
            "{\"models\": {\"m\": [{\"do\": \"answer\", \"headers\": {\"x-a\": {\"bytes\": [1, 300]}}}]}}",
            "models.m[0]: answer.headers: {\"bytes\":[1,300]} is no value for `x-a`",
        ),
        ("{\"models\": {\"m\": \"pass\"}}", "models.m: `pass` needs the provider to be started with --upstream URL"),
    ];
    for (script, error) in cases {
        assert_eq!(server.call("POST", "/script", script), (400, json!({ "error": error })), "{script}");
    }
    let (_, body) = server.call("POST", "/script", "{\"models\": {\"ok\": \"answer\", \"m\": [{\"do\": \"answr\"}]}}");
    assert!(
        body["error"].as_str().unwrap().starts_with("models.m[0]: do: no such value `answr`, expected one of `answer`")
    );
    assert_eq!(server.ask(OPENAI, "ok").0, 404);
}
