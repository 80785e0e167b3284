//! The tables in the documentation are written from the code: this test fails when they differ, and writes them when
//! `FAILSOFT_WRITE_DOCS` is set.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use failsoft::policy::FailureTable;
use failsoft::{FailureKind, Policy};
use serde_json::Value;

#[test]
fn the_table_of_failures() {
    let table = FailureTable::default();
    let mut out = String::from(
        "| kind | same route again | client made again | next route | charged to | rests |\n|---|---|---|---|---|---|\n",
    );
    for kind in FailureKind::ALL {
        let rule = table.rule(*kind);
        let rest = match (rule.cool.name(), rule.cool_base.as_secs(), rule.cool_cap.as_secs()) {
            (name, 0, _) => name.to_string(),
            (name, base, cap) => format!("{name}: stated, else {base} s doubling to {cap} s"),
        };
        let charge = if rule.proves_alive { "no, proves it alive" } else { rule.charge.name() };
        let (again, rebuild, next) = (rule.again, rule.rebuild, rule.next);
        let _ = writeln!(out, "| `{kind}` | {again} | {rebuild} | {next} | {charge} | {rest} |");
    }
    check("docs/design.md", "failures", &out);
}

#[test]
fn the_fields_of_a_policy() {
    let mut out = String::from("| field | default | may be |\n|---|---|---|\n");
    let fields = Policy::default().list();
    for field in fields.iter().filter(|field| !field.path.starts_with("failures.")) {
        let value = if field.value.is_empty() { "none" } else { &field.value };
        let _ = writeln!(out, "| `{}` | {value} | {} |", field.path, field.allowed);
    }
    let _ = writeln!(
        out,
        "| `failures.KIND.FIELD` | the table above | its fields: `again`, `rebuild`, `next`, `charge`, `cool`, `cool_base`, `cool_cap`, `proves_alive` |"
    );
    check("docs/design.md", "policy", &out);
}

/// Which command follows which event, over all vectors: what the machine was seen to do, and nothing else.
#[test]
fn the_states() {
    let (mut calls, mut turns) = (BTreeSet::new(), BTreeSet::new());
    for file in timelines() {
        let Ok(vector) = serde_json::from_str::<Value>(&fs::read_to_string(&file).unwrap()) else { continue };
        let Some(steps) = vector.get("steps").and_then(Value::as_array) else { continue };
        let edges = if vector.get("call").is_some() { &mut calls } else { &mut turns };
        let mut seen: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
        for step in steps {
            let turn = step.get("turn").and_then(Value::as_str).unwrap_or("a").to_string();
            if step.get("new_turn").is_some() || step.get("new_call").is_some() {
                seen.remove(&turn);
            } else if let Some((name, event)) = event(step) {
                if !step.get("stale").is_some_and(|stale| stale == &Value::Bool(true)) && name != "taken" {
                    seen.entry(turn).or_insert_with(|| ("[*]".into(), Vec::new())).1.push(event);
                }
            } else if let Some(command) = command(step) {
                let (before, events) = seen.remove(&turn).unwrap_or_else(|| ("[*]".into(), Vec::new()));
                // Between two polls with several events it cannot be seen which one did it.
                if events.len() < 2 && command != "running" {
                    edges.insert((before.clone(), command.clone(), events.concat()));
                }
                let now = if command == "running" { before } else { command };
                seen.insert(turn, (now, Vec::new()));
            }
        }
    }
    check("docs/states.md", "calls", &diagram(&calls));
    check("docs/states.md", "turns", &diagram(&turns));
}

fn timelines() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect()
}

/// The event that a step reports, with its name alone and as an arrow tells it.
fn event(step: &Value) -> Option<(&'static str, String)> {
    const EVENTS: [&str; 11] = [
        "taken",
        "succeeded",
        "failed",
        "replied",
        "progress",
        "waited",
        "ready",
        "not_ready",
        "decided",
        "abandoned",
        "interrupted",
    ];
    let name = EVENTS.into_iter().find(|name| step.get(name).is_some())?;
    let told = step.get(name)?;
    let detail = match name {
        "replied" if told.get("answer").is_some() => " answer",
        "replied" => " tool calls",
        _ => "",
    };
    Some((name, format!("{name}{detail}")))
}

fn command(step: &Value) -> Option<String> {
    let (name, fields) = step.get("poll")?.as_object()?.iter().next()?;
    let why = fields.get("why").and_then(Value::as_str);
    Some(match (name.as_str(), why) {
        ("wait", Some("running")) => "running".into(),
        ("attempt", _) => {
            let work = fields.get("work").and_then(Value::as_str).unwrap_or("");
            let word = work.split(' ').next().unwrap_or("");
            if matches!(word, "model" | "tool") { format!("attempt_{word}") } else { "attempt".into() }
        }
        (name, _) => name.into(),
    })
}

fn diagram(edges: &BTreeSet<(String, String, String)>) -> String {
    let mut arrows: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (from, to, event) in edges.iter().filter(|(from, to, event)| from != to || !event.is_empty()) {
        let told = match (from.as_str(), event.as_str()) {
            ("cancel", "") => "taken",
            ("[*]", "") => "",
            (_, "") => "time",
            (_, event) => event,
        };
        arrows.entry((from.as_str(), to.as_str())).or_default().push(told);
    }
    let mut out = String::from("```mermaid\nstateDiagram-v2\n");
    for ((from, to), events) in arrows {
        let events = events.into_iter().filter(|event| !event.is_empty()).collect::<Vec<_>>().join(", ");
        let label = if events.is_empty() { String::new() } else { format!(" : {events}") };
        let _ = writeln!(out, "    {from} --> {to}{label}");
    }
    out + "```\n"
}

/// Compares what stands between `<!-- name -->` and `<!-- end -->`.
fn check(file: &str, name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = fs::read_to_string(&path).unwrap();
    let marker = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&marker).unwrap_or_else(|| panic!("{file} has no {marker}"));
    let (found, after) = rest.split_once("<!-- end -->").unwrap();
    if env::var_os("FAILSOFT_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{before}{marker}{wanted}<!-- end -->{after}")).unwrap();
        return;
    }
    assert_eq!(found, wanted, "{file}: run `FAILSOFT_WRITE_DOCS=1 cargo test -p failsoft-tests --test docs`");
}
