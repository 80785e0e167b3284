//! `cargo xtask size`: how large the wasm module is, whose its code is, and whether it has grown.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::cargo::cargo;
use crate::npm::Package;
use crate::pack;
use crate::places::Places;
use crate::report::Report;

/// The figures that are committed to, in this order.
const FIGURES: [&str; 3] = ["raw", "gzip", "brotli"];
/// How many hundredths more than that are too many.
const MOST: u64 = 2;
/// Parts below this many bytes are added up.
const SMALL: u64 = 500;

/// Prints everything, and commits to it or compares it.
pub(crate) fn run(places: &Places, write: bool) -> Result<ExitCode> {
    let package = Package::ready(places)?;
    print!("{}", parts(places)?);
    let sizes = package.sizes(places)?;
    if write {
        let file = json!({ "raw": sizes[0], "gzip": sizes[1], "brotli": sizes[2] });
        fs::write(committed(places), format!("{file:#}\n"))?;
    }
    let grown = compared(places, sizes)?;
    println!("{}", grown.join("\n"));
    Ok(if grown.iter().any(|line| line.ends_with(TOO_LARGE)) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The comparison alone, as a test.
pub(crate) fn check(places: &Places, report: &mut Report) {
    let (name, begun) = ("javascript: size of the module", Instant::now());
    let sizes = Package::ready(places).and_then(|package| package.sizes(places));
    match sizes.and_then(|sizes| compared(places, sizes)) {
        Ok(lines) if lines.iter().any(|line| line.ends_with(TOO_LARGE)) => {
            report.failed(name, &lines.join("\n"), begun.elapsed());
        }
        Ok(lines) => {
            println!("· {name}:\n{}", lines.join("\n"));
            report.passed(name, begun.elapsed());
        }
        Err(error) => report.failed(name, &format!("{error:#}"), begun.elapsed()),
    }
}

const TOO_LARGE: &str = "too large: cut, or say why in the commit that runs `cargo xtask size --write`";

fn committed(places: &Places) -> PathBuf {
    places.root.join("bindings-wasm").join("size.json")
}

/// A line for each figure, beside the one that is committed to.
fn compared(places: &Places, sizes: [u64; 3]) -> Result<Vec<String>> {
    let path = committed(places);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: Value = serde_json::from_str(&text).with_context(|| format!("cannot read {}", path.display()))?;
    let line = |(name, now): (&str, u64)| {
        let before = file.get(name).and_then(Value::as_u64);
        let before = before.with_context(|| format!("{}: no number {name}", path.display()))?;
        Ok(judged(name, before, now))
    };
    FIGURES.into_iter().zip(sizes).map(line).collect()
}

fn judged(name: &str, before: u64, now: u64) -> String {
    let word = if now * 100 > before * (100 + MOST) { TOO_LARGE } else { "fine" };
    format!("{name:8}{:>10}, committed {:>10}: {word}", pack::size(now), pack::size(before))
}

/// Whose the code is, the largest first.
fn parts(places: &Places) -> Result<String> {
    let weigh = ["run", "--quiet", "--package", "failsoft-weigh", "--"];
    let step = cargo("weigh the module").args(weigh).arg(Package::named(places));
    let said = step.env("CARGO_TARGET_DIR", places.target.join("tools")).quiet(places)?.text;
    let (mut told, mut rest) = (String::new(), 0);
    for (bytes, name) in said.lines().filter_map(|line| line.split_once('\t')) {
        match bytes.parse::<u64>()? {
            bytes @ SMALL.. => told += &format!("{:>10}  {name}\n", pack::size(bytes)),
            bytes => rest += bytes,
        }
    }
    Ok(format!("{told}{:>10}  (parts below {})\n", pack::size(rest), pack::size(SMALL)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundredths_more_are_too_many() {
        assert!(judged("raw", 1_000, 1_020).ends_with("fine"));
        assert!(judged("raw", 1_000, 1_021).ends_with(TOO_LARGE));
        assert!(judged("raw", 1_000, 1).ends_with("fine"));
    }
}
