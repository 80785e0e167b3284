//! The map of the project is whole: every file of the core and the bindings has its line, every line has its file, and what the
//! documentation names exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROOTS: [&str; 6] = [
    "core/src",
    "bindings-py/src",
    "bindings-py/python/failsoft",
    "bindings-wasm/src",
    "bindings-wasm/js",
    "bindings-wit/src",
];
/// What is built, or written by a program.
const LEFT_OUT: [&str; 5] =
    ["__pycache__", "_native.abi3.so", "inline.js", "policy.schema.json", "core/src/classify/table.rs"];

#[test]
fn every_file_has_its_line_and_every_line_its_file() {
    let (listed, found) = (listed(), found());
    let missing: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(missing.is_empty(), "docs/map.md has no line for {missing:#?}");
    assert!(gone.is_empty(), "docs/map.md lists what does not exist: {gone:#?}");
}

#[test]
fn each_step_of_a_walk_names_a_function_of_its_file() {
    let map = text("docs/map.md");
    let mut steps = 0;
    for line in map.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())) {
        let mut words = line.split('`').skip(1).step_by(2);
        let (file, function) = (words.next().unwrap(), words.next().unwrap());
        let source = text(file);
        let is_there = ["fn ", "def ", "function "]
            .iter()
            .any(|word| ["(", "<", "["].iter().any(|after| source.contains(&format!("{word}{function}{after}"))));
        assert!(is_there, "docs/map.md: {file} has no function `{function}`");
        steps += 1;
    }
    assert!(steps > 30, "docs/map.md has {steps} steps");
}

/// Paths that begin at the root of the project, wherever a page for people or a manifest names them.
#[test]
fn the_files_that_pages_name_exist() {
    let pages = [
        "README.md",
        "CONTRIBUTING.md",
        "Cargo.toml",
        "bindings-py/README.md",
        "bindings-wasm/README.md",
        "bindings-wit/README.md",
        "tests/vectors/README.md",
        "docs/design.md",
        "docs/failures.md",
        "docs/glossary.md",
        "docs/map.md",
        "docs/states.md",
    ];
    let (mut named, mut gone) = (0, Vec::new());
    for page in pages {
        let text = text(page);
        for word in text.split(|letter: char| !(letter.is_ascii_alphanumeric() || "/._-".contains(letter))) {
            let word = word.trim_end_matches('.');
            let is_ours = ["core/src/", "bindings-", "tests/", "xtask/"].iter().any(|root| word.starts_with(root));
            let is_file = [".rs", ".py", ".js", ".json", ".mjs"].iter().any(|end| word.ends_with(end));
            if is_ours && is_file {
                named += 1;
                if !path(word).exists() {
                    gone.push(format!("{page}: {word}"));
                }
            }
        }
    }
    assert!(gone.is_empty(), "these are named and do not exist: {gone:#?}");
    assert!(named > 50, "{named} files are named");
}

/// The files that the map has a line for, with a question.
fn listed() -> BTreeSet<String> {
    let (mut folder, mut listed) = (String::new(), BTreeSet::new());
    for line in text("docs/map.md").lines() {
        if let Some(name) = line.strip_prefix("## `") {
            folder = name.trim_end_matches('`').to_string();
        } else if let Some(row) = line.strip_prefix("| `") {
            let (file, question) = row.split_once("` | ").unwrap();
            assert!(question.ends_with("? |"), "docs/map.md: `{file}` has no question");
            assert!(listed.insert(format!("{folder}/{file}")), "docs/map.md lists {folder}/{file} twice");
        }
    }
    listed
}

fn found() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for root in ROOTS {
        gather(root, &mut found);
    }
    found
}

fn gather(folder: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(path(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let full = format!("{folder}/{name}");
        if LEFT_OUT.contains(&name.as_str()) || LEFT_OUT.contains(&full.as_str()) {
            continue;
        }
        if !entry.file_type().unwrap().is_dir() {
            if name != "tests.rs" {
                found.insert(full);
            }
        } else if name != "tests" {
            gather(&full, found);
        }
    }
}

fn text(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}
