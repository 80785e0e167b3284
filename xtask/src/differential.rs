//! The differential test: Rust invents scripts, and Rust, Python and JavaScript must answer them alike, byte for byte.

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cargo::cargo;
use crate::counts::Counts;
use crate::places::Places;
use crate::process::Step;
use crate::report::Report;
use crate::stories::Stage;

const NAME: &str = "differential: rust = python = javascript";
/// Ten times what it takes: a language that is not done by then hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// Who plays the scripts; what Rust tells is what the others are held against.
const LANGUAGES: [&str; 3] = ["rust", "python", "javascript"];

/// Runs it. `FAILSOFT_SEED` replaces the seed, which is otherwise the same every time.
pub(crate) fn run(places: &Places, stage: &Stage, report: &mut Report) {
    if let Err(error) = prepared(places) {
        return report.failed(NAME, &format!("{error:#}"), Duration::ZERO);
    }
    let begun = Instant::now();
    match compared(places, stage) {
        Ok(counts) => report.ran(NAME, counts, begun.elapsed()),
        Err(error) => report.failed(NAME, &format!("{error:#}"), begun.elapsed()),
    }
}

fn prepared(places: &Places) -> Result<()> {
    let build = ["build", "--release", "--package", "failsoft-tests", "--bin", "differential"];
    cargo("build the inventor of scripts").args(build).quiet(places).map(drop)
}

/// Counts files of scripts: one passes when all languages tell the same of it.
fn compared(places: &Places, stage: &Stage) -> Result<Counts> {
    let folder = places.target.join("differential");
    let seed = env::var("FAILSOFT_SEED").ok().filter(|seed| !seed.is_empty()).unwrap_or_else(|| "1".to_owned());
    let write = Step::new("differential scripts", places.binary("differential"));
    let written = write.arg("write").arg(&folder).arg(seed).quiet(places)?;
    println!("· {}", written.text.trim_end());
    let told: Vec<Result<String>> = thread::scope(|scope| {
        let playing = LANGUAGES.map(|language| {
            let step = player(places, stage, language);
            scope.spawn(move || played(places, &step))
        });
        playing.into_iter().map(|one| one.join().unwrap_or_else(|_| bail!("a thread died"))).collect()
    });
    let told = told.into_iter().collect::<Result<Vec<String>>>()?;
    let (rust, others) = told.split_first().context("nobody played")?;
    let mut differ = Vec::new();
    for (language, other) in LANGUAGES.iter().skip(1).zip(others) {
        let files = apart(rust, other).with_context(|| format!("{language} told of other files than rust"))?;
        if let Some(file) = files.first() {
            println!("✗ {language}: {}", shown(places, stage, language, file)?);
        }
        differ.extend(files);
    }
    differ.sort();
    differ.dedup();
    let (all, failed) = (rust.lines().count() as u64, differ.len() as u64);
    Ok(Counts { passed: all - failed, failed, skipped: 0 })
}

fn player(places: &Places, stage: &Stage, language: &str) -> Step {
    let name = format!("differential {language}");
    let step = match language {
        "python" => stage.test.step(name).arg("tests/python/differential.py"),
        "javascript" => stage.node20.step(name).arg("bindings-wasm/test/differential.mjs"),
        _ => Step::new(name, places.binary("differential")),
    };
    step.arg(places.target.join("differential"))
}

fn played(places: &Places, step: &Step) -> Result<String> {
    let ran = step.within(places, LIMIT)?;
    match ran.status {
        Some(status) if status.success() => Ok(String::from_utf8_lossy(&ran.stdout).into_owned()),
        Some(status) => bail!("{} ended with {status}\n  again: {}\n{}", step.name(), step.line(places), ran.stderr),
        None => bail!("{} was ended after {} s\n  again: {}", step.name(), LIMIT.as_secs(), step.line(places)),
    }
}

/// The files whose fingerprints differ. `None` if they are not even fingerprints of the same files.
fn apart(rust: &str, other: &str) -> Option<Vec<String>> {
    let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    let same_files = !rust.is_empty() && rust.lines().map(name).eq(other.lines().map(name));
    let pairs = rust.lines().zip(other.lines());
    same_files.then(|| pairs.filter(|(rust, other)| rust != other).map(|(rust, _)| name(rust)).collect())
}

/// Both languages tell all of a file again, and the first difference is shown.
fn shown(places: &Places, stage: &Stage, language: &str, file: &str) -> Result<String> {
    let again = player(places, stage, language).arg(file);
    let rust = played(places, &player(places, stage, "rust").arg(file))?;
    let other = played(places, &again)?;
    let path = places.target.join("differential").join(file);
    Ok(format!("{}{}\n  again: {}", places.shown(&path), first_difference(&rust, &other, language), again.line(places)))
}

fn first_difference(rust: &str, other: &str, language: &str) -> String {
    let mut script = "script 0";
    let mut others = other.lines();
    for line in rust.lines() {
        if line.starts_with("script ") {
            script = line;
        }
        let told = others.next().unwrap_or("nothing more");
        if told != line {
            let from = line.chars().zip(told.chars()).take_while(|(a, b)| a == b).count();
            let width = language.len().max("rust".len());
            let (rust, told) = (around(line, from), around(told, from));
            return format!(", {script}\n  {:<width$} {rust}\n  {language:<width$} {told}", "rust");
        }
    }
    match others.next() {
        Some(more) => format!(": {language} tells more: {}", around(more, 0)),
        None => ": the second time, nothing differs".to_owned(),
    }
}

/// A piece of a line that may be as long as a snapshot.
fn around(line: &str, place: usize) -> String {
    let from = place.saturating_sub(100);
    let piece: String = line.chars().skip(from).take(220).collect();
    let start: String = line.chars().take(from.min(40)).collect();
    if from > 0 { format!("{start} .. {piece}") } else { piece }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_differ_are_named() {
        assert_eq!(apart("a 1\nb 2\n", "a 1\nb 3\n"), Some(vec!["b".to_owned()]));
        assert_eq!(apart("a 1\nb 2\n", "a 1\nb 2\n"), Some(vec![]));
    }

    #[test]
    fn other_files_or_none_are_no_comparison() {
        assert_eq!(apart("a 1\nb 2\n", "a 1\n"), None);
        assert_eq!(apart("a 1\n", "b 1\n"), None);
        assert_eq!(apart("", ""), None);
    }

    #[test]
    fn the_first_difference_is_shown_with_its_script() {
        let rust = "script 0\n0 turn\nscript 1\n5 waited accepted\n";
        let other = "script 0\n0 turn\nscript 1\n5 waited stale\n";
        let shown = first_difference(rust, other, "python");
        assert_eq!(shown, ", script 1\n  rust   5 waited accepted\n  python 5 waited stale");
        assert_eq!(first_difference("a\n", "a\nb\n", "python"), ": python tells more: b");
    }

    #[test]
    fn of_a_long_line_only_the_piece_that_matters_is_shown() {
        let long = format!("turn 0 {}x{}", "a".repeat(500), "b".repeat(500));
        assert_eq!(around(&long, 507).chars().count(), 40 + 4 + 220);
        assert!(around(&long, 507).starts_with("turn 0 a"));
    }
}
