//! Runs every vector, every way, and counts the files.

use std::collections::BTreeMap;

use failsoft_tests::circuit::{is_circuit, run_circuit};
use failsoft_tests::classify::run_classify;
use failsoft_tests::files::{counts, vectors};
use failsoft_tests::foreign::{is_foreign, run_foreign};
use failsoft_tests::refused::run_refused;
use failsoft_tests::reply::run_reply;
use failsoft_tests::run::run_every_way;
use failsoft_tests::stream::run_stream;
use failsoft_tests::vector::Vector;
use failsoft_tests::words;

fn run(folder: &str, text: &str) -> Result<(), String> {
    match folder {
        "classify" => run_classify(text).map(|_| ()),
        "policy" => run_refused(text).map(|_| ()),
        "reply" => run_reply(text).map(|_| ()),
        "stream" => run_stream(text),
        "text" if is_foreign(text) => run_foreign(text),
        // For the host loops of Python and JavaScript.
        "driver" => Ok(()),
        _ if is_circuit(text) => run_circuit(text),
        _ => run_every_way(&Vector::read(text)?),
    }
}

#[test]
fn every_vector_holds() {
    let mut wrong = Vec::new();
    let only = std::env::var("VECTOR").unwrap_or_default();
    for ((folder, name), text) in vectors().unwrap() {
        if !format!("{folder}/{name}").contains(&only) {
            continue;
        }
        if let Err(error) = run(&folder, &text) {
            wrong.push(format!("{folder}/{name}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_folder_holds_as_many_as_were_counted() {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (folder, _) in vectors().unwrap().keys() {
        *found.entry(folder.clone()).or_default() += 1;
    }
    assert_eq!(found, counts().unwrap(), "tests/vectors/count.json is not true");
}

#[test]
fn every_file_says_what_it_shows() {
    for ((folder, name), text) in vectors().unwrap() {
        let words = name.split('_').count();
        assert!(words >= 3, "{folder}/{name}: a name is a sentence");
        assert!(text.ends_with("}\n"), "{folder}/{name}: ends with one line feed");
    }
}

#[test]
fn every_word_is_listed() {
    let text = std::fs::read_to_string(failsoft_tests::files::folder().join("names.json")).unwrap();
    let listed: BTreeMap<String, Vec<String>> = serde_json::from_str(&text).unwrap();
    let known: BTreeMap<String, Vec<String>> = words::all()
        .into_iter()
        .map(|(kind, words)| (kind.to_string(), words.iter().map(|word| (*word).to_string()).collect()))
        .collect();
    assert_eq!(listed, known, "tests/vectors/names.json is not true");
    let outcomes = words::OUTCOMES;
    assert!(outcomes.contains(&failsoft::ToolOutcome::Ran.name()));
}

#[test]
fn unknown_fields_are_refused() {
    for (text, expected) in [
        (r#"{"name": "x", "steps": [{"taken": 1, "oops": 2}]}"#, "unknown field `oops`"),
        (r#"{"name": "x", "oops": 1, "steps": [{"taken": 1}]}"#, "unknown field `oops`"),
        (r#"{"name": "x", "steps": [{"taken": 1, "waited": 2}]}"#, "step 0 has 2 actions, not one"),
        (r#"{"name": "x", "steps": []}"#, "no steps"),
    ] {
        let error = Vector::read(text).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let vector =
        Vector::read(r#"{"name": "x", "routes": ["p"], "steps": [{"poll": {"attempt": {"oops": 1}}}]}"#).unwrap();
    assert!(run_every_way(&vector).unwrap_err().contains("no field oops"));
}
