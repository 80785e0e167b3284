//! What happens below HTTP: resets before the head, silence, clients that leave.

use serde_json::{Value, json};

use crate::client::{ANTHROPIC, End, OPENAI, Server, question};

#[test]
fn a_reset_comes_before_any_header() {
    for (path, stream) in [(OPENAI, false), (OPENAI, true), (ANTHROPIC, false)] {
        let server = Server::scripted(&json!("reset"));
        let heard = server.send(path, &question("m", stream)).hear_out();
        assert_eq!((heard.status, heard.end), (None, End::Reset));
        let log = server.log();
        assert_eq!((&log[0]["behaviour"], &log[0]["status"]), (&json!("reset"), &Value::Null));
        assert_eq!(log[0]["client_left"], false);
    }
}

#[test]
fn a_real_client_sees_a_reset_too() {
    let server = Server::scripted(&json!("reset"));
    let refused = ureq::post(server.url() + OPENAI).send_json(question("m", false)).unwrap_err();
    assert!(
        matches!(&refused, ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionReset),
        "{refused}"
    );
}

#[test]
fn silence_lasts_until_the_client_leaves() {
    let server = Server::scripted(&json!("silence"));
    let mut caller = server.send(OPENAI, &question("m", false));
    assert!(caller.hears_nothing());
    drop(caller);
    let log = server.log();
    assert_eq!((&log[0]["behaviour"], &log[0]["client_left"]), (&json!("silence"), &json!(true)));
}

#[test]
fn silence_for_a_while_ends_in_a_close() {
    let server = Server::scripted(&json!("silence:5"));
    let heard = server.send(OPENAI, &question("m", true)).hear_out();
    assert_eq!((heard.status, heard.end), (None, End::Closed));
    assert_eq!(server.log()[0]["client_left"], false);
}

#[test]
fn a_client_that_leaves_a_stream_is_noticed() {
    let server = Server::scripted(&json!(["stall:1:one two", { "do": "answer", "pace_ms": 50 }]));
    for _ in 0..2 {
        let mut caller = server.send(ANTHROPIC, &question("m", true));
        caller.hear("text_delta");
        drop(caller);
    }
    assert!(server.log().iter().all(|entry| entry["client_left"] == true));
}

#[test]
fn a_delayed_head_comes_late_whatever_follows() {
    let server = Server::scripted(&json!([
        { "do": "answer", "delay_ms": 5000 },
        { "do": "status", "status": 500, "delay_ms": 5000 },
        { "do": "reset", "delay_ms": 5000 },
    ]));
    for _ in 0..3 {
        assert!(server.send(OPENAI, &question("m", true)).hears_nothing());
    }
    assert!(server.log().iter().all(|entry| entry["client_left"] == true));
}

#[test]
fn what_was_sent_arrives_before_the_reset_even_if_it_is_much() {
    let text = "word ".repeat(20_000);
    let server = Server::scripted(&json!([{ "do": "cut", "after": 20_000, "reply": text }]));
    let heard = server.stream(OPENAI);
    assert_eq!((heard.text().len(), heard.end), (text.len(), End::Reset));
}
