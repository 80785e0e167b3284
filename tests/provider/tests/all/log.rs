//! The log, and what clears it.

use failsoft_provider::Options;
use serde_json::{Value, json};

use crate::client::{ANTHROPIC, OPENAI, Server, question};

#[test]
fn the_log_says_who_asked_what_when_and_what_was_done() {
    let server = Server::scripted(&json!(["429:retry-after=1", "answer"]));
    let asked = question("m", false).to_string();
    let request =
        ureq::post(server.url() + OPENAI).header("Authorization", "Bearer secret").header("X-Api-Key", "secret");
    assert!(request.header("Idempotency-Key", "k1").send(&asked).is_err());
    assert_eq!(server.ask(ANTHROPIC, "m").0, 200);
    assert_eq!(server.ask(OPENAI, "other").0, 404);
    let log = server.log();
    let column = |name: &str| log.iter().map(|entry| entry[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("number"), [1, 2, 3]);
    assert_eq!(column("model"), ["m", "m", "other"]);
    assert_eq!(column("request"), [1, 2, 1]);
    assert_eq!(column("path"), [OPENAI, ANTHROPIC, OPENAI]);
    assert_eq!(column("behaviour"), ["status", "answer", "no_script"]);
    assert_eq!(column("status"), [429, 200, 404]);
    assert_eq!(column("client_left"), [false, false, false]);
    assert!(column("at_ms").is_sorted_by_key(|at| at.as_f64().unwrap().to_bits()));
    let headers = &log[0]["headers"];
    assert_eq!((&headers["authorization"], &headers["x-api-key"]), (&json!("(redacted)"), &json!("(redacted)")));
    assert_eq!(headers["idempotency-key"], "k1");
}

#[test]
fn bodies_are_shown_on_request() {
    let server = Server::scripted(&json!("answer"));
    assert_eq!(server.ask(OPENAI, "m").0, 200);
    assert_eq!(server.log()[0].get("body"), None);
    assert_eq!(server.call("GET", "/log?bodies=true", "").1[0]["body"], question("m", false));
}

#[test]
fn requests_at_the_same_time_are_counted() {
    let server = Server::scripted(&json!("silence"));
    let callers = [(); 3].map(|()| server.send(OPENAI, &question("m", false)));
    let mut log = Value::Null;
    while log.as_array().is_none_or(|entries| entries.len() < 3) {
        log = server.call("GET", "/log", "").1;
    }
    drop(callers);
    let mut gauge: Vec<_> = server.log().iter().map(|entry| entry["concurrent"].as_u64().unwrap()).collect();
    gauge.sort_unstable();
    assert_eq!(gauge, [1, 2, 3]);
    assert_eq!(server.call("POST", "/script", "{\"models\": {\"m\": \"answer\"}}").0, 200);
    assert_eq!(server.ask(OPENAI, "m").0, 200);
    assert_eq!(server.log()[3]["concurrent"], 1);
}

#[test]
fn deleting_the_log_keeps_scripts_and_counters_and_a_reset_forgets_all() {
    let server = Server::scripted(&json!(["500", "501", "answer"]));
    assert_eq!(server.ask(OPENAI, "m").0, 500);
    assert_eq!(server.call("DELETE", "/log", "").0, 204);
    assert!(server.log().is_empty());
    assert_eq!(server.ask(OPENAI, "m").0, 501);
    assert_eq!(server.call("POST", "/reset", "").0, 204);
    assert!(server.log().is_empty());
    assert_eq!(server.ask(OPENAI, "m").0, 404);
    assert_eq!(server.log()[0]["request"], 1);
}

#[test]
fn health_answers_and_an_unknown_path_says_what_there_is() {
    let server = Server::start();
    assert_eq!(server.call("GET", "/health", ""), (200, json!({ "status": "ok" })));
    let (status, body) = server.call("GET", "/v1/chat/completions", "");
    assert_eq!(status, 404);
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("GET /v1/chat/completions is not served: POST /v1/chat/completions,"), "{message}");
}

#[test]
fn browsers_are_let_in_only_when_told_so() {
    for cors in [false, true] {
        let server = Server::with(Options { cors, ..Options::default() });
        let preflight =
            ureq::options(server.url() + OPENAI).config().http_status_as_error(false).build().call().unwrap();
        assert_eq!(preflight.status(), if cors { 204 } else { 404 });
        let health = ureq::get(server.url() + "/health").call().unwrap();
        assert_eq!(health.headers().get("access-control-allow-origin").is_some_and(|it| it == "*"), cors);
    }
}
