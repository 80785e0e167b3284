//! Every rule of the classifier's table is shown: a vector that it decides, and one that it nearly would.

use std::collections::BTreeSet;

use failsoft_tests::classify::run_classify;
use failsoft_tests::files::vectors;
use serde_json::Value;

/// The rules of the table, as its file for people names them.
fn rules() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src/classify/rules.json");
    let table: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let name = |rule: &Value| rule["name"].as_str().unwrap().to_string();
    table["rules"].as_array().unwrap().iter().map(name).collect()
}

/// The rules that the vectors name as deciding, and as nearly deciding. Those under a policy of their own do not count: there a
/// name may be the policy's.
fn shown() -> [BTreeSet<String>; 2] {
    let mut sets = [BTreeSet::new(), BTreeSet::new()];
    for ((folder, name), text) in vectors().unwrap() {
        let file: Value = serde_json::from_str(&text).unwrap();
        if folder != "classify" || file.get("policy").is_some() {
            continue;
        }
        let shown = run_classify(&text).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        let [hits, near] = &mut sets;
        hits.extend(shown.hits);
        near.extend(shown.near);
    }
    sets
}

#[test]
fn every_rule_has_a_hit_and_a_near_miss() {
    let (rules, [hits, near]) = (rules(), shown());
    let missing = |set: &BTreeSet<String>| rules.difference(set).cloned().collect::<Vec<_>>();
    assert_eq!(missing(&hits), [""; 0], "no vector names these as its rule");
    assert_eq!(missing(&near), [""; 0], "no vector is a near miss of these");
}

#[test]
fn no_vector_names_a_rule_that_is_none() {
    let (mut rules, [hits, near]) = (rules(), shown());
    rules.insert("unknown".into());
    let named: BTreeSet<String> = hits.union(&near).cloned().collect();
    assert_eq!(named.difference(&rules).collect::<Vec<_>>(), [""; 0]);
}
