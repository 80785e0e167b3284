//! `cargo xtask test`: every test in every language. A failed stage does not keep the next ones from running.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::browser;
use crate::cargo::{self, cargo};
use crate::component;
use crate::counts::Counts;
use crate::demo;
use crate::differential;
use crate::faults;
use crate::files;
use crate::lint;
use crate::node::Node;
use crate::places::Places;
use crate::process::Step;
use crate::python::{CLIENTS, Venv};
use crate::report::Report;
use crate::size;
use crate::stories::Stage;

/// Runs it; the last line says how many tests passed.
pub(crate) fn run(places: &Places) -> Result<ExitCode> {
    let mut report = Report::default();
    rust(places, &mut report);
    wasm(places, &mut report);
    component::all(places, &mut report);
    let begun = Instant::now();
    match Stage::ready(places) {
        Ok(stage) => {
            python(places, &stage, &mut report);
            javascript(places, &stage, &mut report);
            browser::all(places, &stage, &mut report);
            differential::run(places, &stage, &mut report);
            faults::all(places, &stage, &mut report, false);
            stories(places, &stage, &mut report);
        }
        Err(error) => report.failed("set-up of python, javascript and stories", &format!("{error:#}"), begun.elapsed()),
    }
    lint::all(places, &mut report);
    Ok(report.close_with_table())
}

fn rust(places: &Places, report: &mut Report) {
    let all = ["test", "--workspace", "--exclude", "failsoft-python", "--all-features", "--no-fail-fast"];
    cargo_test(places, report, &cargo("rust: workspace, all features").args(all));
    let bare = ["test", "--package", "failsoft", "--no-default-features", "--lib", "--no-fail-fast"];
    cargo_test(places, report, &cargo("rust: core without features").args(bare));
}

fn cargo_test(places: &Places, report: &mut Report, step: &Step) {
    counted(places, report, step, Counts::of_cargo_test);
}

/// The core builds where there is no operating system, bare and with all that needs none.
fn wasm(places: &Places, report: &mut Report) {
    let begun = Instant::now();
    if let Err(error) = cargo::have_wasm(places) {
        return report.failed("wasm: set-up", &format!("{error:#}"), begun.elapsed());
    }
    let build = ["build", "--package", "failsoft", "--no-default-features", "--target", cargo::WASM];
    let bare = cargo("wasm: the bare core builds").args(build);
    let features = ["--features", "json,canonical,schema,wasm_js"];
    let full = cargo("wasm: the core with features builds").args(build).args(features);
    for step in [bare, full] {
        lint::check(places, report, &step);
    }
}

/// Every folder of Python tests that there is, each with a run of its own, as a person would run it.
fn python(places: &Places, stage: &Stage, report: &mut Report) {
    let folder = |parts: &[&str]| parts.iter().fold(places.root.clone(), |path, part| path.join(part));
    // The first must be there: without it the Python half would be untested and nobody would see it.
    pytest(places, stage, report, "python: the package", &stage.test, folder(&["bindings-py", "tests"]));
    let optional = [
        ("python: conformance", &stage.test, folder(&["tests", "python"])),
        ("python: beside the SDKs", &stage.sdk, folder(&["bindings-py", "tests_sdk"])),
    ];
    for (name, venv, path) in optional {
        if path.is_dir() {
            pytest(places, stage, report, name, venv, path);
        }
    }
    // An environment that nothing else needs, so only tests wait for it.
    let (name, begun) = ("python: beside other clients", Instant::now());
    match stage.wheel.installed(places, &CLIENTS) {
        Ok(venv) => pytest(places, stage, report, name, &venv, folder(&["bindings-py", "tests_clients"])),
        Err(error) => report.failed(name, &format!("{error:#}"), begun.elapsed()),
    }
}

fn pytest(places: &Places, stage: &Stage, report: &mut Report, name: &str, venv: &Venv, path: PathBuf) {
    let stem: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let junit = places.logs().join(format!("{stem}.xml"));
    // What an earlier run left would be counted again if this one died.
    drop(fs::remove_file(&junit));
    let step = venv
        .step(name)
        .args(["-m", "pytest", "-q", "--tb=short", "-o"])
        .arg(format!("cache_dir={}", places.shown(&places.target.join("pytest-cache"))))
        .arg(format!("--junitxml={}", places.shown(&junit)))
        .arg(path)
        .env("FAILSOFT_PROVIDER_BIN", &stage.provider)
        .env("HYPOTHESIS_STORAGE_DIRECTORY", places.target.join("hypothesis"));
    counted(places, report, &step, |_| Counts::of_junit(&fs::read_to_string(&junit).unwrap_or_default()));
}

/// The tests of the built package, on the oldest and on a current Node.
fn javascript(places: &Places, stage: &Stage, report: &mut Report) {
    let folder = |name: &str| places.root.join("bindings-wasm").join(name);
    for (host, node) in [("node 20", &stage.node20), ("node 24", &stage.node24)] {
        for (what, tests) in [("the package", folder("test")), ("beside the SDKs", folder("test_sdk"))] {
            node_test(places, stage, report, &format!("javascript: {what}, {host}"), node, &tests);
        }
    }
    size::check(places, report);
}

/// Every `*.test.mjs` of a folder, by Node's own runner.
pub(crate) fn node_test(places: &Places, stage: &Stage, report: &mut Report, name: &str, node: &Node, folder: &Path) {
    let tests = match files::matching(folder, "", ".test.mjs") {
        Ok(tests) => tests,
        Err(error) => return report.failed(name, &format!("{error:#}"), Duration::ZERO),
    };
    // Without a file, Node would look for tests of its own accord, and find those of other stages.
    if tests.is_empty() {
        return report.failed(name, &format!("there is no test in {}", places.shown(folder)), Duration::ZERO);
    }
    let step = node
        .step(name)
        .args(["--test", "--test-reporter=tap"])
        .args(tests.iter().map(|test| places.shown(test)))
        .env("FAILSOFT_PROVIDER_BIN", &stage.provider);
    counted(places, report, &step, Counts::of_tap);
}

/// Runs a step and counts by what its runner said.
pub(crate) fn counted(places: &Places, report: &mut Report, step: &Step, count: impl Fn(&str) -> Counts) {
    match step.capture(places) {
        Ok(said) => {
            let mut counts = count(&said.text);
            if !said.ok {
                // A runner that died before it could count has failed all the same.
                counts.failed = counts.failed.max(1);
                println!("✗ {}: {}", step.name(), step.failure(places, &said.text).trim_end());
            }
            report.ran(step.name(), counts, said.took);
        }
        Err(error) => report.failed(step.name(), &format!("{error:#}"), Duration::ZERO),
    }
}

fn stories(places: &Places, stage: &Stage, report: &mut Report) {
    let mut told = Report::default();
    demo::all(places, stage, &mut told, false);
    report.append(told);
}
