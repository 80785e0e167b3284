//! The catalogue of faults beside this crate, `tests/faults.json`: what the matrix of the three hosts is run from.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::client::{OPENAI, Server, question};

fn catalogue() -> Value {
    serde_json::from_str(include_str!("../../../faults.json")).unwrap()
}

#[test]
fn every_script_is_accepted_and_between_them_they_do_all_there_is() {
    let server = Server::with_doors();
    let (_, health) = server.call("GET", "/health", "");
    let mut met = BTreeSet::new();
    for fault in catalogue()["faults"].as_array().unwrap() {
        let script = serde_json::json!({ "models": fault["models"] }).to_string();
        assert_eq!(server.call("POST", "/script", &script).0, 200, "{}", fault["name"]);
        for door in fault["doors"].as_object().into_iter().flat_map(|doors| doors.values()) {
            assert!(health["doors"][door.as_str().unwrap()].is_string(), "{}", fault["name"]);
        }
        let caller = server.send(OPENAI, &question("primary", fault["streaming"] == true));
        met.insert(server.first_behaviour());
        drop(caller);
        assert_eq!(server.call("DELETE", "/log", "").0, 204);
    }
    // `after_tool` is no fault, `pass` needs another server.
    let all = "answer cut malformed_body malformed_chunk no_finish no_terminator reset silence slow stall status stream_error";
    assert_eq!(met.into_iter().collect::<Vec<_>>().join(" "), all);
}

#[test]
fn every_fault_has_a_name_of_its_own_and_says_what_to_expect() {
    let catalogue = catalogue();
    let mut names = BTreeSet::new();
    for fault in catalogue["faults"].as_array().unwrap() {
        let name = fault["name"].as_str().unwrap();
        assert!(names.insert(name), "{name} twice");
        assert!(fault["streaming"].is_boolean() || fault["streaming"] == "both", "{name}");
        let expect = &fault["expect"];
        assert!(["primary", "backup", "longest_ms"].iter().all(|field| expect[field].is_u64()), "{name}");
        assert_eq!(expect["whole"] == true, expect["stop_reason"] == "answered", "{name}");
        assert_eq!(expect["attempts"].is_u64(), fault["doors"].is_object(), "{name}");
    }
}
