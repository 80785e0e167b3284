//! `cargo xtask bench`: the engine beside other libraries, in Python and in Rust.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::cargo::cargo;
use crate::files;
use crate::places::Places;
use crate::python::{BENCH, TEST, Venv};
use crate::wheel::Wheel;

/// What is measured, and what the benchmarks are told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Measures one language alone.
    #[arg(long, value_enum)]
    only: Option<Language>,
    /// Passed on to bench.py and to cargo bench; after `--` when they begin with a dash.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// A language that has benchmarks.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Language {
    Python,
    Rust,
}

/// Runs the benchmarks that exist; their tables go straight to the terminal.
pub(crate) fn run(places: &Places, args: &Args) -> Result<ExitCode> {
    let wanted = |language| args.only.is_none_or(|only| only == language);
    let mut steps = Vec::new();
    let script = places.root.join("bindings-py").join("bench").join("bench.py");
    if wanted(Language::Python) && script.is_file() {
        let wheel = Wheel::ready(places, &Venv::ready(places, &TEST)?)?;
        steps.push(wheel.installed(places, &BENCH)?.step("python benchmarks").arg(script).args(&args.rest));
    }
    let benches = places.root.join("tests").join("benches");
    if wanted(Language::Rust) && benches.is_dir() {
        // By name: `--benches` would hand the arguments to the unit tests too, which know none of them.
        let mut step = cargo("rust benchmarks").args(["bench", "--package", "failsoft-tests"]);
        for bench in files::matching(&benches, "", ".rs")? {
            step = step.arg("--bench").arg(bench.file_stem().unwrap_or_default());
        }
        steps.push(if args.rest.is_empty() { step } else { step.arg("--").args(&args.rest) });
    }
    if steps.is_empty() {
        bail!("there is nothing to measure: neither bindings-py/bench/bench.py nor tests/benches");
    }
    for step in &steps {
        println!("=== {}: {}", step.name(), step.line(places));
        if !step.shown(places)? {
            bail!("{} failed\n  again: {}", step.name(), step.line(places));
        }
    }
    Ok(ExitCode::SUCCESS)
}
