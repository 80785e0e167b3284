//! Streams, whole and faulty, by both APIs.

use serde_json::{Value, json};

use crate::client::{ANTHROPIC, End, Heard, OPENAI, Server, question};

const BOTH: [&str; 2] = [OPENAI, ANTHROPIC];

fn stream(path: &str, step: &Value) -> Heard {
    Server::scripted(step).stream(path)
}

#[test]
fn a_whole_stream_has_text_finish_reason_usage_and_terminator() {
    for path in BOTH {
        let heard = stream(path, &json!("answer:one two three"));
        assert_eq!((heard.status, &heard.end), (Some(200), &End::Whole));
        assert!(heard.head.contains("content-type: text/event-stream"));
        assert_eq!(heard.text(), "one two three");
        assert!(heard.finish().is_some() && heard.terminated());
        assert!(
            heard
                .events()
                .iter()
                .any(|event| { event["usage"]["completion_tokens"] == 3 || event["usage"]["output_tokens"] == 3 })
        );
    }
}

#[test]
fn openai_usage_comes_only_when_it_is_asked_for() {
    let server = Server::scripted(&json!("answer:one"));
    let mut asked = question("m", true);
    asked["stream_options"] = Value::Null;
    let heard = server.send(OPENAI, &asked).hear_out();
    assert!(heard.events().iter().all(|event| event.get("usage").is_none()));
    let last = server.stream(OPENAI).events();
    assert_eq!(last[last.len() - 2]["choices"], json!([]));
}

#[test]
fn tool_calls_come_in_pieces() {
    let step = json!("call:multiply({\"a\":17,\"b\":23})&now()");
    let arguments =
        |events: &[Value], at: &dyn Fn(&Value) -> Option<String>| events.iter().filter_map(at).collect::<String>();
    let heard = stream(OPENAI, &step);
    let piece = |event: &Value| {
        let call = &event["choices"][0]["delta"]["tool_calls"][0];
        call["function"]["arguments"].as_str().filter(|_| call["index"] == 0).map(str::to_owned)
    };
    assert_eq!(arguments(&heard.events(), &piece), "{\"a\":17,\"b\":23}");
    assert_eq!(heard.finish().as_deref(), Some("tool_calls"));
    let heard = stream(ANTHROPIC, &step);
    let piece =
        |event: &Value| event["delta"]["partial_json"].as_str().filter(|_| event["index"] == 0).map(str::to_owned);
    assert_eq!(arguments(&heard.events(), &piece), "{\"a\":17,\"b\":23}");
    assert_eq!(heard.finish().as_deref(), Some("tool_use"));
}

#[test]
fn a_cut_after_n_chunks_is_a_reset() {
    for path in BOTH {
        let heard = stream(path, &json!("cut:2:one two three"));
        assert_eq!((heard.text().as_str(), &heard.end), ("one two ", &End::Reset));
        assert_eq!(heard.finish(), None);
    }
}

#[test]
fn a_cut_may_be_an_orderly_close() {
    for path in BOTH {
        let heard = stream(path, &json!([{ "do": "cut", "after": 1, "how": "close", "reply": "one two" }]));
        assert_eq!((heard.text().as_str(), &heard.end), ("one ", &End::Closed));
    }
}

#[test]
fn a_cut_after_nothing_leaves_the_head_and_the_role() {
    let heard = stream(OPENAI, &json!("cut"));
    assert_eq!((heard.status, heard.events().len(), &heard.end), (Some(200), 1, &End::Reset));
}

#[test]
fn a_malformed_chunk_stands_in_a_stream_that_goes_on() {
    for path in BOTH {
        let heard = stream(path, &json!("malformed_chunk:1:one two"));
        assert_eq!(heard.events().iter().filter(|event| event.is_string() && *event != "[DONE]").count(), 1);
        assert_eq!(heard.text(), "one two");
        assert!(heard.finish().is_some() && heard.terminated());
    }
}

#[test]
fn a_malformed_chunk_may_be_the_last() {
    let heard = stream(OPENAI, &json!([{ "do": "malformed_chunk", "data": "oops", "goes_on": false, "after": 1 }]));
    assert_eq!(heard.events().last().unwrap(), "oops");
    assert_eq!((heard.finish(), heard.end), (None, End::Whole));
}

#[test]
fn a_missing_terminator_follows_a_finish_reason() {
    for path in BOTH {
        let heard = stream(path, &json!("no_terminator:one two"));
        assert_eq!((heard.text().as_str(), &heard.end), ("one two", &End::Whole));
        assert!(heard.finish().is_some() && !heard.terminated());
    }
}

#[test]
fn a_missing_terminator_may_leave_the_connection_open() {
    let server = Server::scripted(&json!([{ "do": "no_terminator", "stays_open": true }]));
    let mut caller = server.send(OPENAI, &question("m", true));
    caller.hear("completion_tokens");
    assert!(caller.hears_nothing());
}

#[test]
fn a_stream_without_a_finish_reason_ends_properly_for_http() {
    for path in BOTH {
        let heard = stream(path, &json!("no_finish:1:one two"));
        assert_eq!((heard.text().as_str(), heard.finish(), heard.terminated()), ("one ", None, false));
        assert_eq!(heard.end, End::Whole);
        let heard = stream(path, &json!([{ "do": "no_finish", "terminator": true, "reply": "one two" }]));
        assert_eq!((heard.text().as_str(), heard.finish(), heard.terminated()), ("one two", None, true));
    }
}

#[test]
fn an_error_event_comes_inside_a_200_stream() {
    for path in BOTH {
        let heard = stream(path, &json!("overloaded:1:one two"));
        assert_eq!((heard.status, heard.text().as_str()), (Some(200), "one "));
        assert_eq!(heard.events().last().unwrap()["error"]["type"], "overloaded_error");
    }
}

#[test]
fn an_error_under_status_200_may_be_any_object_or_text() {
    let body = json!({ "error": { "code": 429, "metadata": { "raw": "upstream" } } });
    let object = json!([{ "do": "stream_error", "after": 1, "reply": "one two", "body": body }]);
    let text = json!([{ "do": "stream_error", "body": "slow down" }]);
    for path in BOTH {
        let heard = stream(path, &object);
        assert_eq!((heard.text().as_str(), heard.events().last().unwrap()), ("one ", &body));
        assert_eq!(Server::scripted(&object).ask(path, "m"), (200, body.clone()));
        assert_eq!(stream(path, &text).events().last().unwrap(), "slow down");
        assert_eq!(Server::scripted(&text).send(path, &question("m", false)).hear_out().body, "slow down");
    }
}

#[test]
fn a_slow_first_token_comes_after_the_role() {
    for path in BOTH {
        let server = Server::scripted(&json!(["slow:5000", "slow:5:one two"]));
        let mut caller = server.send(path, &question("m", true));
        caller.hear("assistant");
        assert!(caller.hears_nothing());
        assert_eq!(server.stream(path).text(), "one two");
    }
}

#[test]
fn a_stall_keeps_the_connection_open() {
    for path in BOTH {
        let server = Server::scripted(&json!("stall:1:one two"));
        let mut caller = server.send(path, &question("m", true));
        caller.hear("one ");
        assert!(caller.hears_nothing());
    }
}

#[test]
fn a_stall_may_be_filled_with_keep_alives() {
    for (path, keep_alive) in [(OPENAI, ": keep-alive"), (ANTHROPIC, "event: ping")] {
        let stall = json!([{ "do": "stall", "after": 1, "for_ms": 40, "keep_alive_ms": 5, "reply": "one two" }]);
        let heard = stream(path, &stall);
        assert!(heard.body.matches(keep_alive).count() >= 3, "{}", heard.body);
        assert_eq!(heard.text(), "one two");
        assert!(heard.terminated());
    }
}
