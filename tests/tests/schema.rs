//! The JSON Schema of a policy file accepts and refuses what reading one does, as far as a schema can say it.

use std::fs;
use std::path::{Path, PathBuf};

use failsoft::Policy;
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn schema() -> Value {
    serde_json::to_value(Policy::default().schema()).unwrap()
}

fn vectors() -> Vec<Value> {
    let folders = fs::read_dir(root().join("tests/vectors")).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.filter(|path| path.is_dir()).flat_map(|folder| fs::read_dir(folder).unwrap());
    files.map(|file| serde_json::from_str(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap()).collect()
}

/// Policies that are good: of vectors, and of the pages for people.
fn good() -> Vec<Value> {
    let mut found = vec![json!({}), serde_json::from_str(&Policy::default().to_json()).unwrap()];
    for vector in vectors() {
        found.extend(vector.get("policy").cloned());
        // A vector that speaks to one breaker alone has the policy's part of that name.
        found.extend(vector.get("breaker").map(|breaker| json!({ "breaker": breaker })));
    }
    for page in ["README.md", "docs/failures.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let blocks = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        found.extend(blocks.map(|block| serde_json::from_str::<Value>(block).unwrap()));
    }
    found
}

#[test]
fn every_policy_that_is_read_is_valid() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let policies = good();
    assert!(policies.len() > 200, "{} policies", policies.len());
    for policy in policies {
        Policy::from_json(&policy.to_string()).unwrap();
        assert!(validator.is_valid(&policy), "{policy}: {}", validator.validate(&policy).unwrap_err());
    }
}

#[test]
fn a_policy_that_is_refused_is_not() {
    assert!(jsonschema::meta::is_valid(&schema()));
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let vectors = vectors();
    let cases = vectors.iter().filter_map(|vector| vector.get("refused")?.as_array()).flatten();
    let mut seen = 0;
    for case in cases.filter(|case| case.get("policy").is_some()) {
        let says = case.get("schema").is_none();
        assert_eq!(!validator.is_valid(&case["policy"]), says, "{case}");
        seen += 1;
    }
    assert!(seen > 40, "{seen} policies");
}
