//! The engine as a wasm component: built with cargo, put together by jco, and run over the vectors in Node and in Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::cargo::{self, cargo};
use crate::counts::Counts;
use crate::places::Places;
use crate::process::Step;
use crate::python::{Kind, Venv};
use crate::report::Report;
use crate::stamp::{self, Digest};
use crate::tests::counted;

/// What makes a component of a module, and JavaScript of a component: jco without its command line, eight packages.
const JCO: &str = "@bytecodealliance/jco-transpile@0.15.0";

/// What runs a component in Python.
const WASMTIME: Kind = Kind { name: "wasmtime", requirements: &["wasmtime>=50,<51", "pytest>=8.4"] };

/// Builds it and runs the vectors through it, in both hosts.
pub(crate) fn all(places: &Places, report: &mut Report) {
    let begun = Instant::now();
    match build(places) {
        Ok(folder) => {
            node(places, report, &folder);
            python(places, report, &folder);
        }
        Err(error) => report.failed("component: build", &format!("{error:#}"), begun.elapsed()),
    }
}

/// Whether it was ever built here.
pub(crate) fn is_built(places: &Places) -> bool {
    places.target.join("wit.done").is_file()
}

/// What a call across its border costs, in both hosts.
pub(crate) fn benches(places: &Places) -> Result<[Step; 2]> {
    let folder = build(places)?;
    let scripts = places.root.join("bindings-wit").join("bench");
    let node = Step::new("component: crossings in node", "node").arg(scripts.join("bench.mjs"));
    let python = Venv::ready(places, &WASMTIME)?.step("component: crossings in python").arg(scripts.join("bench.py"));
    Ok([node, python].map(|step| step.env("FAILSOFT_WIT_DIR", &folder)))
}

/// The folder with `failsoft.component.wasm` and with what jco made of it. It is an error if the component imports anything.
pub(crate) fn build(places: &Places) -> Result<PathBuf> {
    cargo::have_wasm(places)?;
    let build = ["build", "--package", "failsoft-wit", "--profile", "wasm", "--target", cargo::WASM];
    // Its names are of no use to a host. What makes a component of it stands in a section of its own, and stays.
    let stripped = ["--config", "profile.wasm.strip=\"symbols\""];
    cargo("build the component's module").args(build).args(stripped).quiet(places)?;
    let core = places.target.join(cargo::WASM).join("wasm").join("failsoft_wit.wasm");
    let tools = jco(places)?;
    let script = places.root.join("bindings-wit").join("build.mjs");
    let (out, stamp) = (places.target.join("wit"), places.target.join("wit.done"));
    let digest = Digest::default().word(JCO).path(&core)?.path(&script)?.text();
    if !(out.is_dir() && stamp::is_done(&stamp, &digest)) {
        Step::new("build the component", "node").arg(&script).args([&tools, &core, &out]).quiet(places)?;
        stamp::done(&stamp, &digest)?;
    }
    Ok(out)
}

/// The folder whose `node_modules` holds jco.
fn jco(places: &Places) -> Result<PathBuf> {
    let (folder, stamp) = (places.target.join("jco"), places.target.join("jco.done"));
    let digest = Digest::default().word(JCO).word(&folder).text();
    if !(folder.is_dir() && stamp::is_done(&stamp, &digest)) {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(folder.join("package.json"), "{ \"private\": true }\n")?;
        let quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
        Step::new("npm packages of jco", "npm")
            .arg("install")
            .args(quiet)
            .arg("--prefix")
            .arg(&folder)
            .arg(JCO)
            .quiet(places)?;
        stamp::done(&stamp, &digest)?;
    }
    Ok(folder)
}

fn node(places: &Places, report: &mut Report, folder: &Path) {
    let step = Step::new("component: vectors in node", "node")
        .args(["--test", "--test-reporter=tap"])
        .arg(places.root.join("bindings-wit").join("test").join("vectors.test.mjs"))
        .env("FAILSOFT_WIT_DIR", folder);
    counted(places, report, &step, of_tap);
}

fn python(places: &Places, report: &mut Report, folder: &Path) {
    let begun = Instant::now();
    let name = "component: vectors in python";
    let venv = match Venv::ready(places, &WASMTIME) {
        Ok(venv) => venv,
        Err(error) => return report.failed(name, &format!("{error:#}"), begun.elapsed()),
    };
    let junit = places.logs().join("component.xml");
    // What an earlier run left would be counted again if this one died.
    drop(fs::remove_file(&junit));
    let step = venv
        .step(name)
        .args(["-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"])
        .arg(format!("--junitxml={}", places.shown(&junit)))
        .arg(places.root.join("bindings-wit").join("test"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("FAILSOFT_WIT_DIR", folder);
    counted(places, report, &step, |_| Counts::of_junit(&fs::read_to_string(&junit).unwrap_or_default()));
}

/// The closing lines of node:test: `# pass 12`.
fn of_tap(output: &str) -> Counts {
    let last = |what: &str| {
        let line = output.lines().rev().find_map(|line| line.strip_prefix("# ")?.strip_prefix(what)?.strip_prefix(' '));
        line.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    Counts { passed: last("pass"), failed: last("fail") + last("cancelled"), skipped: last("skipped") + last("todo") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_of_node_are_counted() {
        let output = "ok 1 - a\n# tests 6\n# suites 0\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 0\n";
        assert_eq!(of_tap(output), Counts { passed: 3, failed: 2, skipped: 1 });
        assert_eq!(of_tap("SyntaxError").ran(), 0);
    }
}
