//! One provider in front of another.

use failsoft_provider::{Options, Upstream};
use serde_json::json;

use crate::client::{ANTHROPIC, End, OPENAI, Server, question};

fn in_front_of(upstream: &Server, steps: &serde_json::Value) -> Server {
    let front = Server::with(Options { upstream: Some(upstream.url().parse().unwrap()), ..Options::default() });
    let set = front.call("POST", "/script", &json!({ "models": { "m": steps } }).to_string());
    assert_eq!(set.0, 200);
    front
}

#[test]
fn faults_come_first_and_the_real_answer_after() {
    let real = Server::scripted(&json!("answer:from the real one"));
    let front = in_front_of(&real, &json!(["503", "reset", "pass"]));
    assert_eq!(front.ask(OPENAI, "m").0, 503);
    assert_eq!(front.send(OPENAI, &question("m", false)).hear_out().end, End::Reset);
    assert_eq!(front.ask(OPENAI, "m"), real_answer_again(&real));
    assert_eq!(real.log().len(), 2);
    assert_eq!(front.log()[2]["behaviour"], "pass");
}

fn real_answer_again(real: &Server) -> (u16, serde_json::Value) {
    let (status, mut body) = real.ask(OPENAI, "m");
    body["id"] = "chatcmpl-1".into();
    (status, body)
}

#[test]
fn streams_and_errors_come_back_unchanged() {
    let real = Server::scripted(&json!(["answer:one two", "429:retry-after=3", "answer:one two"]));
    let front = in_front_of(&real, &json!("pass"));
    for path in [OPENAI, ANTHROPIC] {
        let heard = front.stream(path);
        if path == OPENAI {
            assert_eq!((heard.text().as_str(), heard.terminated(), heard.end), ("one two", true, End::Whole));
        } else {
            assert_eq!(heard.status, Some(429));
            assert!(
                heard.head.contains("retry-after: 3") && heard.head.contains("request-id: req_2"),
                "{}",
                heard.head
            );
        }
    }
    assert!(front.stream(ANTHROPIC).terminated());
    assert!(front.log().iter().all(|entry| entry["client_left"] == false));
}

#[test]
fn a_passed_stream_may_be_broken_off() {
    let real = Server::scripted(&json!("answer:one two three"));
    let front = in_front_of(
        &real,
        &json!([{ "do": "pass", "cut_after": 3 }, { "do": "pass", "cut_after": 2, "how": "close" }, { "do": "pass", "cut_after": 2, "how": "stall" }]),
    );
    let heard = front.stream(OPENAI);
    assert_eq!((heard.text().as_str(), heard.end), ("one two ", End::Reset));
    let heard = front.stream(OPENAI);
    assert_eq!((heard.text().as_str(), heard.end), ("one ", End::Closed));
    let mut caller = front.send(OPENAI, &question("m", true));
    caller.hear("one ");
    assert!(caller.hears_nothing());
}

#[test]
fn a_passed_plain_answer_may_be_broken_off() {
    let real = Server::scripted(&json!("answer:one two three"));
    let front = in_front_of(&real, &json!([{ "do": "pass", "cut_after": 0, "how": "close" }]));
    let heard = front.send(OPENAI, &question("m", false)).hear_out();
    assert_eq!((heard.status, heard.end), (Some(200), End::Closed));
    assert!(!heard.body.is_empty());
}

#[test]
fn models_without_a_script_are_passed_and_pass_may_rename_the_model() {
    let real = Server::scripted(&json!("answer:real"));
    let front = in_front_of(&real, &json!("pass"));
    assert_eq!(front.ask(OPENAI, "answer:mine").1["choices"][0]["message"]["content"], "mine");
    assert_eq!(front.ask(OPENAI, "500+pass:m").0, 500);
    assert_eq!(front.ask(OPENAI, "500+pass:m").1["choices"][0]["message"]["content"], "real");
    assert_eq!(front.ask(OPENAI, "unknown").0, 404);
    assert_eq!(real.log()[1]["model"], "unknown");
}

#[test]
fn an_upstream_that_is_gone_is_a_502() {
    let real = Server::start();
    let front = in_front_of(&real, &json!("pass"));
    drop(real);
    let (status, body) = front.ask(OPENAI, "m");
    assert_eq!(status, 502);
    assert!(body["error"]["message"].as_str().unwrap().starts_with("the upstream 127.0.0.1:"));
}

#[test]
fn only_loopback_over_http_is_an_upstream() {
    for good in ["http://127.0.0.1:1", "http://127.8.8.8:1/v1", "http://localhost:1/", "http://[::1]:1/v1/"] {
        assert!(good.parse::<Upstream>().is_ok(), "{good}");
    }
    let refused = |url: &str| url.parse::<Upstream>().unwrap_err();
    assert_eq!(
        refused("http://10.0.0.1:80"),
        "upstream http://10.0.0.1:80: 10.0.0.1 is not a loopback address (127.0.0.0/8, ::1, localhost)"
    );
    assert_eq!(refused("https://127.0.0.1"), "upstream https://127.0.0.1: the scheme must be http");
    assert_eq!(refused("http://127.0.0.1/x"), "upstream http://127.0.0.1/x: no path but /v1 may follow the port");
    assert!(refused("nonsense url").starts_with("upstream nonsense url: no URL"));
}
