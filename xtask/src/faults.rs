//! The matrix of faults: everything the provider can inject, met by an agent in Python (sync and async) and JavaScript,
//! plain and streaming, held against the catalogue `tests/faults.json`.

use std::fs;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::counts::Counts;
use crate::places::Places;
use crate::process::Step;
use crate::provider::Provider;
use crate::report::Report;
use crate::stories::Stage;

const NAME: &str = "faults: the matrix";
/// Ten times what a host takes for all of them.
const LIMIT: Duration = Duration::from_secs(300);
const HOSTS: [&str; 3] = ["python sync", "python async", "javascript"];

/// One fault, as far as it is judged here; what only the hosts read of it stays theirs.
#[derive(Debug)]
struct Fault<'a> {
    name: &'a str,
    /// Whether it is met by plain requests, by streams, or by both.
    streaming: Vec<bool>,
    expected: Expected<'a>,
}

#[derive(Debug, Default)]
struct Expected<'a> {
    primary: u64,
    backup: u64,
    /// The whole answer, if it comes.
    answer: Option<&'a str>,
    stop_reason: &'a str,
    /// How the primary failed last.
    kind: Option<&'a str>,
    attempts: Option<u64>,
    longest_ms: u64,
}

impl<'a> Fault<'a> {
    fn read(fault: &'a Value, answer: &'a str) -> Option<Self> {
        let streaming = match fault.get("streaming")? {
            Value::Bool(only) => vec![*only],
            both => (both.as_str()? == "both").then(|| vec![false, true])?,
        };
        let expect = fault.get("expect")?;
        let expected = Expected {
            primary: expect.get("primary")?.as_u64()?,
            backup: expect.get("backup")?.as_u64()?,
            answer: expect.get("whole")?.as_bool()?.then_some(answer),
            stop_reason: expect.get("stop_reason")?.as_str()?,
            kind: expect.get("kind").and_then(Value::as_str),
            attempts: expect.get("attempts").and_then(Value::as_u64),
            longest_ms: expect.get("longest_ms")?.as_u64()?,
        };
        Some(Self { name: fault.get("name")?.as_str()?, streaming, expected })
    }
}

/// What one host met: a line of JSON.
#[derive(Debug)]
struct Cell(Value);

impl Cell {
    fn number(&self, field: &str) -> u64 {
        self.0.get(field).and_then(Value::as_u64).unwrap_or(u64::MAX)
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field).and_then(Value::as_str)
    }

    fn is_of(&self, fault: &str, streaming: bool) -> bool {
        self.text("fault") == Some(fault) && self.0.get("streaming") == Some(&Value::Bool(streaming))
    }

    /// How it came out, in a few characters.
    fn shown(&self) -> String {
        let end = self.text("answer").map_or_else(|| self.text("stop_reason").unwrap_or("?"), |_| "whole");
        format!("{}+{} {end} {} ms", self.number("primary"), self.number("backup"), self.number("ms"))
    }

    /// What is otherwise than expected.
    fn complaints(&self, expected: &Expected<'_>) -> Vec<String> {
        let mut wrong = Vec::new();
        let numbers =
            [("primary", Some(expected.primary)), ("backup", Some(expected.backup)), ("attempts", expected.attempts)];
        for (field, right) in numbers {
            let seen = self.number(field);
            if let Some(right) = right.filter(|right| seen != *right) {
                wrong.push(format!("{field}: {seen}, not {right}"));
            }
        }
        let words = [
            ("stop_reason", Some(expected.stop_reason)),
            ("answer", expected.answer),
            ("kind", expected.kind.or(self.text("kind"))),
        ];
        for (field, right) in words {
            let seen = self.text(field);
            if seen != right {
                wrong.push(format!("{field}: {seen:?}, not {right:?}"));
            }
        }
        if self.number("ms") > expected.longest_ms {
            wrong.push(format!("{} ms, more than {}", self.number("ms"), expected.longest_ms));
        }
        wrong
    }
}

impl Expected<'_> {
    fn shown(&self) -> String {
        let end = self.answer.map_or(self.stop_reason, |_| "whole");
        format!("{}+{} {end} <= {} ms", self.primary, self.backup, self.longest_ms)
    }
}

/// `cargo xtask demo --faults`: the table, and how many cells are as they should be.
pub(crate) fn run(places: &Places) -> Result<ExitCode> {
    let mut report = Report::default();
    match Stage::ready(places) {
        Ok(stage) => all(places, &stage, &mut report, true),
        Err(error) => report.failed("set-up", &format!("{error:#}"), Duration::ZERO),
    }
    Ok(report.close())
}

/// Every cell counts as one test.
pub(crate) fn all(places: &Places, stage: &Stage, report: &mut Report, aloud: bool) {
    let begun = Instant::now();
    match compared(places, stage, aloud) {
        Ok(counts) => report.ran(NAME, counts, begun.elapsed()),
        Err(error) => report.failed(NAME, &format!("{error:#}"), begun.elapsed()),
    }
}

fn compared(places: &Places, stage: &Stage, aloud: bool) -> Result<Counts> {
    let path = places.root.join("tests").join("faults.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let catalogue: Value = serde_json::from_str(&text).context("tests/faults.json")?;
    let faults = read(&catalogue)?;
    let met: Vec<Result<Vec<Cell>>> = thread::scope(|scope| {
        let playing = HOSTS.map(|host| scope.spawn(move || met(places, stage, host)));
        playing.into_iter().map(|one| one.join().unwrap_or_else(|_| bail!("a thread died"))).collect()
    });
    let met = met.into_iter().collect::<Result<Vec<_>>>()?;
    let mut counts = Counts::default();
    let [first, second, third] = HOSTS.map(str::to_owned);
    let mut table = vec![["fault".to_owned(), "expected".to_owned(), first, second, third]];
    for fault in &faults {
        for streaming in &fault.streaming {
            let name = format!("{}, {}", fault.name, if *streaming { "streaming" } else { "plain" });
            let mut cells = [const { String::new() }; HOSTS.len()];
            for ((host, met), shown) in HOSTS.iter().zip(&met).zip(&mut cells) {
                let cell = met.iter().find(|cell| cell.is_of(fault.name, *streaming));
                let wrong =
                    cell.map_or_else(|| vec!["was not met".to_owned()], |cell| cell.complaints(&fault.expected));
                *shown = cell.map_or_else(|| "-".to_owned(), Cell::shown);
                counts += Counts::one(wrong.is_empty());
                if !wrong.is_empty() {
                    shown.push_str(" WRONG");
                    println!("✗ {name}, {host}: {}", wrong.join("; "));
                }
            }
            let [first, second, third] = cells;
            table.push([name, fault.expected.shown(), first, second, third]);
        }
    }
    if aloud {
        print!("{}", aligned(&table));
    }
    Ok(counts)
}

fn read(catalogue: &Value) -> Result<Vec<Fault<'_>>> {
    let answer = catalogue.get("answer").and_then(Value::as_str).context("tests/faults.json: no answer")?;
    let faults = catalogue.get("faults").and_then(Value::as_array).context("tests/faults.json: no faults")?;
    let read = |fault| Fault::read(fault, answer).with_context(|| format!("tests/faults.json: what is {fault}?"));
    faults.iter().map(read).collect()
}

/// Rows as lines, each column as wide as its widest cell.
fn aligned(table: &[[String; 5]]) -> String {
    let mut widths = [0; 5];
    for row in table {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut lines = String::new();
    for row in table {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        lines += cells.join("  ").trim_end();
        lines.push('\n');
    }
    lines
}

/// Has one host meet every fault, with a provider of its own.
fn met(places: &Places, stage: &Stage, host: &str) -> Result<Vec<Cell>> {
    let provider = Provider::with_doors(&stage.provider)?;
    let ran = step(stage, host, &provider.url).within(places, LIMIT)?;
    let again = || step(stage, host, "http://127.0.0.1:PORT").line(places);
    match ran.status {
        Some(status) if status.success() => {}
        Some(status) => bail!("{host} ended with {status}\n  again: {}\n{}", again(), ran.stderr),
        None => bail!("{host} was ended after {} s\n  again: {}", LIMIT.as_secs(), again()),
    }
    let text = String::from_utf8_lossy(&ran.stdout);
    let read = |line| serde_json::from_str(line).map(Cell).with_context(|| format!("{host} said {line}"));
    text.lines().map(read).collect()
}

fn step(stage: &Stage, host: &str, url: &str) -> Step {
    let name = format!("faults {host}");
    match host {
        "python sync" => stage.sdk.step(name).args(["tests/matrix/matrix.py", "sync", url]),
        "python async" => stage.sdk.step(name).args(["tests/matrix/matrix.py", "async", url]),
        _ => stage.node20.step(name).args(["tests/matrix/matrix.mjs", url]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_that_is_otherwise_says_what() {
        let expected = Expected {
            primary: 3,
            backup: 1,
            answer: Some("391"),
            stop_reason: "answered",
            kind: Some("overloaded"),
            attempts: None,
            longest_ms: 500,
        };
        let cell = |backup: u64, answer: &str, ms: u64| {
            Cell(json!({
                "primary": 3, "backup": backup, "attempts": 4, "kind": "overloaded", "answer": answer,
                "stop_reason": "answered", "ms": ms,
            }))
        };
        assert_eq!(cell(1, "391", 500).complaints(&expected), Vec::<String>::new());
        let wrong = cell(0, "39", 501).complaints(&expected);
        assert_eq!(wrong, ["backup: 0, not 1", "answer: Some(\"39\"), not Some(\"391\")", "501 ms, more than 500"]);
        assert_eq!(cell(1, "391", 7).shown(), "3+1 whole 7 ms");
    }

    #[test]
    fn columns_line_up() {
        let row = |cells: [&str; 5]| cells.map(str::to_owned);
        let table = [row(["fault", "b", "c", "d", "e"]), row(["x", "model_unavailable", "c", "d", "e"])];
        let shown = aligned(&table);
        let places: Vec<Option<usize>> = shown.lines().map(|line| line.find(" c ")).collect();
        assert_eq!(places, [Some(25), Some(25)], "{shown}");
    }

    #[test]
    fn a_fault_is_read_whole_or_not_at_all() {
        let expect = json!({ "primary": 1, "backup": 0, "whole": true, "stop_reason": "answered", "longest_ms": 9 });
        let fault = json!({ "name": "a", "streaming": "both", "expect": expect });
        assert_eq!(Fault::read(&fault, "x").map(|fault| fault.streaming), Some(vec![false, true]));
        assert!(Fault::read(&json!({ "name": "a", "streaming": "some", "expect": expect }), "x").is_none());
        assert!(Fault::read(&json!({ "name": "a", "streaming": true, "expect": {} }), "x").is_none());
    }
}
