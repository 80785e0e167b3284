//! The tables in the documentation are written from the code: these tests fail when they differ, and write them when
//! `FAILSOFT_WRITE_DOCS` is set.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs};

use failsoft::classify::{Facts, HEADERS, On};
use failsoft::policy::FailureTable;
use failsoft::policy::breaker::BreakerState;
use failsoft::policy::failure::Phase;
use failsoft::{FailureKind, Policy};
use failsoft_tests::circuit::{is_circuit, watch_circuit};
use serde_json::Value;

/// So many words of a condition are shown.
const SHOWN: usize = 4;

#[test]
fn the_table_of_failures() {
    let table = FailureTable::default();
    let mut out = String::from(
        "| kind | same route again | client made again | next route | counts against | cooldown |\n|---|---|---|---|---|---|\n",
    );
    for kind in FailureKind::ALL {
        let rule = table.rule(*kind);
        let cooldown = match (rule.cool.name(), rule.cool_base.as_secs(), rule.cool_cap.as_secs()) {
            (name, 0, _) => name.to_string(),
            (name, base, cap) => format!("{name}: stated, else {base} s doubling to {cap} s"),
        };
        let counts = if rule.proves_alive { "no, proves it alive" } else { rule.charge.name() };
        let (again, rebuild, next) = (rule.again, rule.rebuild, rule.next);
        let _ = writeln!(out, "| `{kind}` | {again} | {rebuild} | {next} | {counts} | {cooldown} |");
    }
    check("docs/design.md", "failures", &out);
}

#[test]
fn the_fields_of_a_policy() {
    let mut out = String::from("| field | default | may be | what it is |\n|---|---|---|---|\n");
    let fields = Policy::default().list();
    for field in fields.iter().filter(|field| !field.path.starts_with("failures.")) {
        let value = if field.value.is_empty() { "none" } else { &field.value };
        let _ = writeln!(out, "| `{}` | {value} | {} | {} |", field.path, field.allowed, field.about);
    }
    let _ = writeln!(
        out,
        "| `failures.KIND.FIELD` | the table above | its fields: `again`, `rebuild`, `next`, `charge`, `cool`, `cool_base`, `cool_cap`, `proves_alive` | What a failure of this kind leads to. |"
    );
    check("docs/design.md", "policy", &out);
}

/// The schema of a policy file, for editors and for those who write policies by other means.
#[test]
fn the_schema_of_a_policy() {
    let file = path("docs/policy.schema.json");
    let schema = serde_json::to_string_pretty(&Policy::default().schema()).unwrap() + "\n";
    if env::var_os("FAILSOFT_WRITE_DOCS").is_some() {
        fs::write(&file, &schema).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap();
    assert!(found == schema, "run `FAILSOFT_WRITE_DOCS=1 cargo test -p failsoft-tests --test docs`");
}

/// The rules of the classifier, from its file for people.
#[test]
fn the_rules() {
    let mut out = String::from("| rule | holds where | then it is | why |\n|---|---|---|---|\n");
    for rule in rules()["rules"].as_array().unwrap() {
        let (when, then) = (conditions(&rule["when"], rule["own"] == Value::Bool(true)), result(&rule["then"]));
        let unless =
            rule.get("unless").map_or_else(String::new, |unless| format!("; unless {}", conditions(unless, false)));
        let _ = writeln!(out, "| `{}` | {when}{unless} | {then} | {} |", rule["name"].as_str().unwrap(), why(rule));
    }
    check("docs/failures.md", "rules", &out);
}

/// The lists of classes that rules share.
#[test]
fn the_lists_of_classes() {
    let mut out = String::from("| list | classes | why |\n|---|---|---|\n");
    for (name, list) in rules()["classes"].as_object().unwrap() {
        let classes: Vec<String> = texts(&list["names"]).iter().map(|class| code(class)).collect();
        let _ = writeln!(out, "| `{name}` | {} | {} |", classes.join(", "), why(list));
    }
    check("docs/failures.md", "lists", &out);
}

#[test]
fn the_headers() {
    let names: Vec<String> = HEADERS.iter().map(|name| code(name)).collect();
    check("docs/failures.md", "headers", &format!("{}.\n", names.join(", ")));
}

/// What the examples of the command print: each is the line that begins with `$` and what stands below it.
#[test]
fn the_examples() {
    let page = fs::read_to_string(path("docs/failures.md")).unwrap();
    let (_, policy) = page.split_once("```json\n").unwrap();
    let policy = Policy::from_json(policy.split_once("```").unwrap().0).unwrap();
    for file in ["docs/failures.md", "README.md"] {
        let text = fs::read_to_string(path(file)).unwrap();
        let examples: Vec<&str> = text.split("<!-- example ").skip(1).collect();
        for example in &examples {
            let (name, rest) = example.split_once(" -->\n```console\n$ ").unwrap();
            let line = rest.lines().next().unwrap();
            let wanted = format!("```console\n$ {line}\n{}\n```\n", printed(line, &policy));
            check(file, &format!("example {name}"), &wanted);
        }
        assert_eq!(examples.len(), text.matches("$ failsoft classify").count(), "{file}: an example without a marker");
    }
}

/// What the command prints, with the policy of the page as its only file.
fn printed(line: &str, policy: &Policy) -> String {
    let words = shell(line);
    let (command, options) = words.split_at(2);
    assert_eq!(command, ["failsoft", "classify"]);
    let (mut facts, mut headers, mut classes, mut used) =
        (Facts::default(), Vec::new(), Vec::new(), &Policy::default());
    for option in options.chunks(2) {
        let value = option[1].as_str();
        match option[0].as_str() {
            "--status" => facts.status = Some(value.parse().unwrap()),
            "--header" => headers.push(value.split_once(": ").unwrap()),
            "--body" => facts.body = Some(value),
            "--message" => facts.message = Some(value),
            "--class" => classes.push(value),
            "--phase" => facts.phase = Some(Phase::from_name(value).unwrap()),
            "--provider" => facts.provider = Some(value),
            "--policy" => used = policy,
            other => panic!("what is {other}?"),
        }
    }
    used.explain(&Facts { headers: &headers, classes: &classes, ..facts }).to_string()
}

/// The words of a command line, without their quotes.
fn shell(line: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for letter in line.chars() {
        match (letter, quote) {
            (' ', None) => words.push(String::new()),
            ('\'' | '"', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            (letter, _) => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

fn rules() -> Value {
    serde_json::from_str(&fs::read_to_string(path("core/src/classify/rules.json")).unwrap()).unwrap()
}

/// The conditions of a rule on one line, in the order in which they are asked.
fn conditions(conditions: &Value, own: bool) -> String {
    let mut all = Vec::new();
    for on in On::ALL {
        let words = texts(&conditions[on.name()]);
        let whose = if own && *on == On::Class { "its own " } else { "" };
        let (lists, words): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.starts_with('@'));
        for list in lists {
            all.push(format!("{whose}class in `{}`", list.trim_start_matches('@')));
        }
        if !words.is_empty() {
            let shown: Vec<String> = words.iter().take(SHOWN).map(|word| code(word)).collect();
            let more = words.len().saturating_sub(SHOWN);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            all.push(format!("{whose}{on} {}{more}", shown.join(", ")));
        }
    }
    all.join("; ")
}

fn result(then: &Value) -> String {
    let text = |name: &str| then.get(name).and_then(Value::as_str);
    let mut out = code(text("kind").unwrap());
    if let Some(phase) = text("phase") {
        let _ = write!(out, ", in phase {phase}");
    }
    if text("effect") == Some("none") {
        out.push_str(", nothing was sent");
    }
    for name in ["retry_after", "reset_after"] {
        if let Some(seconds) = then.get(name) {
            let _ = write!(out, ", `{name}` {seconds} s");
        }
    }
    out
}

/// Why, as a table takes it.
fn why(of: &Value) -> String {
    texts(&of["why"]).join(" ").replace('|', "\\|").replace('*', "\\*")
}

/// A text, a number, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}

/// A word as code, also one that has backticks of its own.
fn code(word: &str) -> String {
    if word.contains('`') { format!("`` {word} ``") } else { format!("`{word}`") }
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

/// Which state of a breaker follows which, over all vectors that speak to breakers alone.
#[test]
fn the_states_of_a_breaker() {
    let mut edges = BTreeSet::from([("[*]".to_string(), "closed".to_string(), String::new())]);
    for file in timelines() {
        let text = fs::read_to_string(&file).unwrap();
        if is_circuit(&text) {
            let mut changed = |from: BreakerState, to: BreakerState, event: &str| {
                let slow = event == "success" && to == BreakerState::Open;
                if from != to {
                    let event = if slow { "slow success" } else { event };
                    edges.insert((from.to_string(), to.to_string(), event.to_string()));
                }
            };
            watch_circuit(&text, &mut changed).unwrap();
        }
    }
    check("docs/states.md", "breakers", &diagram(&edges));
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

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

/// Compares what stands between `<!-- name -->` and `<!-- end -->`.
fn check(file: &str, name: &str, wanted: &str) {
    // One file has several tables, and tests run beside each other.
    static WRITING: Mutex<()> = Mutex::new(());
    let _held = WRITING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let text = fs::read_to_string(path(file)).unwrap();
    let marker = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&marker).unwrap_or_else(|| panic!("{file} has no {marker}"));
    let (found, after) = rest.split_once("<!-- end -->").unwrap();
    if env::var_os("FAILSOFT_WRITE_DOCS").is_some() {
        fs::write(path(file), format!("{before}{marker}{wanted}<!-- end -->{after}")).unwrap();
        return;
    }
    assert_eq!(found, wanted, "{file}: run `FAILSOFT_WRITE_DOCS=1 cargo test -p failsoft-tests --test docs`");
}
