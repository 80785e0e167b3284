//! What a body says, and what it must not be able to say.

use alloc::vec;

use super::*;

fn read(body: &str) -> (Vec<String>, String) {
    let read = Body::read(body);
    (read.words, read.texts)
}

fn words(body: &str) -> String {
    read(body).0.join(" ")
}

#[test]
fn words_and_texts_are_the_values_of_a_few_keys() {
    let body =
        r#"{"type": "error", "error": {"type": "x", "code": 1302, "Message": "a \"b\"", "param": "p"}, "id": "i"}"#;
    assert_eq!(read(body), (vec!["error".into(), "x".into(), "1302".into()], "a \"b\"\n".into()));
    assert_eq!(Body::read(body).fields.join(" "), "type error type code Message param id");
    assert_eq!(Body::read(r#"{"a": null, "b" : null, "c":false, "d": "", "e""#).fields.join(" "), "c d");
    let listed = r#"[{"error": {"errors": ["a", {"reason": "r"}, "b"], "status": ["S", "T"]}}]"#;
    assert_eq!(read(listed), (vec!["r".into(), "S".into(), "T".into()], "a\nr\nb\n".into()));
    assert_eq!(words(r#"{"__type": "com.amazonaws.bedrock#ThrottlingException"}"#), "ThrottlingException");
}

#[test]
fn what_echoes_the_request_is_not_looked_at() {
    let body = r#"{"detail": [{"msg": "m", "type": "t", "input": {"message": "prompt", "type": "u", "x": [{"code": 1}]}, "code": "c"}]}"#;
    assert_eq!(read(body), (vec!["t".into(), "c".into()], "m\n".into()));
    let body = r#"{"messages": [{"error": "is not one"}], "prompt": "{\"error\": \"nor this\"}", "error": "is one"}"#;
    assert_eq!(read(body), (vec![], "is one\n".into()));
    // Not even where there is nothing else.
    assert_eq!(read(r#"{"prompt": "is too long"}"#), (vec![], String::new()));
}

#[test]
fn a_body_may_be_cut_or_come_in_events_or_lines() {
    assert_eq!(words(r#"{"error": {"type": "overloaded_error", "message": "Over"#), "overloaded_error");
    assert_eq!(read(r#"{"error": {"message": "Over\"#).1, "Over\n");
    let events = "event: error\ndata: {\"type\": \"a\"}\n\n: ping\ndata:{\"type\": \"b\"}\n\ndata: [DONE]\n\n";
    assert_eq!(words(events), "a b");
    assert_eq!(words("{\"type\": \"a\"}\n{\"type\": \"b\"}"), "a b");
    assert_eq!(words("\u{feff} \r\n{\"type\": \"a\"} trailing {\"type\": \"b\"}"), "a");
}

#[test]
fn a_body_within_a_text_is_read_twice_and_no_more() {
    let quoted = |text: &str| alloc::format!("{{\"type\": \"w\", \"message\": {:?}}}", text);
    let once = quoted(r#"{"type": "inner", "message": "m"}"#);
    assert_eq!(read(&once), (vec!["w".into(), "inner".into()], "m\n".into()));
    let thrice = quoted(&quoted(&once));
    assert_eq!(words(&thrice), "w w w");
    let raw = r#"{"error": {"code": 429, "metadata": {"raw": "{\"error\": {\"code\": 503, \"status\": \"S\"}}"}}}"#;
    assert_eq!((words(raw).as_str(), Body::read(raw).status), ("429 503 S", Some(429)));
}

#[test]
fn only_the_error_itself_names_the_status() {
    let status = |body: &str| Body::read(body).status;
    assert_eq!(status(r#"{"error": {"code": 502}}"#), Some(502));
    assert_eq!(status(r#"[{"error": {"code": "429", "status": "RESOURCE_EXHAUSTED"}}]"#), Some(429));
    assert_eq!((status(r#"{"status": 404}"#), status(r#"{"status": 200, "code": 500}"#)), (Some(404), Some(500)));
    assert_eq!(status(r#"{"error": {"inner": {"code": 502}}, "choices": [{"code": 503}], "code": 0}"#), None);
    assert_eq!([r#"{"code": 600}"#, r#"{"code": 42.9}"#, r#"{"code": 4290}"#].map(status), [None; 3]);
}

#[test]
fn a_body_that_is_no_json_is_one_text() {
    assert_eq!(read("<html>Bad gateway</html>"), (vec![], "<html>Bad gateway</html>\n".into()));
    assert_eq!(read("[upstream] gone").1, "[upstream] gone\n");
    assert_eq!(read("a\n{\"type\": \"x\"}"), (vec![], "a\n{\"type\": \"x\"}\n".into()));
    assert_eq!((read("").1, read("\"quoted\"").1), (String::new(), "\"quoted\"\n".into()));
    assert_eq!(words(r#""{\"type\": \"x\"}""#), "x");
}

#[test]
fn limits_hold() {
    let deep = |depth| alloc::format!("{}{{\"type\": \"x\"}}", "{\"a\":".repeat(depth));
    assert_eq!((words(&deep(DEEPEST - 1)).as_str(), words(&deep(DEEPEST)).as_str()), ("x", ""));
    let shallow_again = deep(DEEPEST) + &"}".repeat(DEEPEST - 1) + r#", "type": "y"}"#;
    assert_eq!(words(&shallow_again), "y");
    let many = |item: &str| alloc::format!("[{}1]", item.repeat(100));
    assert_eq!(Body::read(&many(r#"{"type": "x"},"#)).words.len(), MOST_WORDS);
    assert_eq!(Body::read(&many(r#"{"message": "x"},"#)).texts.len(), 2 * MOST_TEXTS);
    assert_eq!(Body::read(&many(r#"{"x": 1},"#)).fields.len(), MOST_FIELDS);
    let long = alloc::format!(r#"{{"type": "{0}", "message": "{0}"}}"#, "é".repeat(5000));
    assert_eq!((words(&long).as_str(), read(&long).1.len()), ("", LONGEST_TEXT + 1));
    let late = " ".repeat(LONGEST - 5) + r#"{"type": "x"}"#;
    assert_eq!(words(&late), "");
}

#[test]
fn nothing_is_too_strange_to_be_read() {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        ":",
        ",",
        "data:",
        "\n",
        "1",
        "-",
        "é",
        "type",
        "\"message\":\"",
        "\\u",
        "\u{0}",
    ];
    let mut rng = crate::rng::Rng::new(7, 0);
    for _ in 0..20_000 {
        let count = rng.within(0, 24);
        let body: String = (0..count).filter_map(|_| pieces.get(rng.within(0, 16) as usize).copied()).collect();
        let read = Body::read(&body);
        assert!(read.words.len() <= MOST_WORDS && read.texts.len() <= body.len() * 3 + 1, "{body}");
    }
}
