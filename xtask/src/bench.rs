//! `cargo xtask bench`: the engine beside other libraries, in Python, in Rust and in JavaScript; and as a component.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::cargo::cargo;
use crate::component;
use crate::files;
use crate::node::{NODE20, NODE24, Node};
use crate::npm::Package;
use crate::places::Places;
use crate::process::Step;
use crate::python::{BENCH, TEST, Venv};
use crate::wheel::Wheel;

/// What is measured, and what the benchmarks are told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Measures one alone.
    #[arg(long, value_enum)]
    only: Option<Subject>,
    /// Passed on to bench.py, to cargo bench and to bench.mjs; after `--` when they begin with a dash.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// What has benchmarks.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Subject {
    Python,
    Rust,
    #[value(name = "javascript")]
    JavaScript,
    /// What a call across the component's border costs; where it was not built, only when it is asked for.
    Component,
}

/// Runs the benchmarks; their tables go straight to the terminal.
pub(crate) fn run(places: &Places, args: &Args) -> Result<ExitCode> {
    let wanted = |subject| args.only.is_none_or(|only| only == subject);
    let mut steps = Vec::new();
    if wanted(Subject::Python) {
        steps.push(python(places, &args.rest)?);
    }
    if wanted(Subject::Rust) {
        steps.push(rust(places, &args.rest)?);
    }
    if wanted(Subject::JavaScript) {
        steps.extend(javascript(places, &args.rest)?);
    }
    if args.only == Some(Subject::Component) || (args.only.is_none() && component::is_built(places)) {
        steps.extend(component::benches(places)?);
    }
    for step in &steps {
        println!("=== {}: {}", step.name(), step.line(places));
        if !step.shown(places)? {
            bail!("{} failed\n  again: {}", step.name(), step.line(places));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn python(places: &Places, rest: &[String]) -> Result<Step> {
    let script = places.root.join("bindings-py").join("bench").join("bench.py");
    let wheel = Wheel::ready(places, &Venv::ready(places, &TEST)?)?;
    Ok(wheel.installed(places, &BENCH)?.step("python benchmarks").arg(script).args(rest))
}

fn rust(places: &Places, rest: &[String]) -> Result<Step> {
    // By name: `--benches` would hand the arguments to the unit tests too, which know none of them.
    let mut step = cargo("rust benchmarks").args(["bench", "--package", "failsoft-tests"]);
    for bench in files::matching(&places.root.join("tests").join("benches"), "", ".rs")? {
        step = step.arg("--bench").arg(bench.file_stem().unwrap_or_default());
    }
    Ok(if rest.is_empty() { step } else { step.arg("--").args(rest) })
}

/// On both Nodes, beside the same libraries.
fn javascript(places: &Places, rest: &[String]) -> Result<Vec<Step>> {
    let script = places.root.join("bindings-wasm").join("bench").join("bench.mjs");
    let package = Package::ready(places)?;
    let mut steps = Vec::new();
    for kind in [&NODE20, &NODE24] {
        let node = Node::ready(places, kind)?.beside(places, "bench")?;
        node.link(places, &package.folder)?;
        let step = node.step(format!("javascript benchmarks, {}", kind.name)).arg(&script);
        steps.push(step.arg("--tarball").arg(&package.tarball).args(rest));
    }
    Ok(steps)
}
