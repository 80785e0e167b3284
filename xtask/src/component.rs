//! The engine as a wasm component: built with cargo, put together by jco, and run over the vectors in Node and in Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;

use crate::cargo::{self, cargo};
use crate::counts::Counts;
use crate::node::{self, NODE20, Node};
use crate::places::Places;
use crate::process::Step;
use crate::python::{Kind, Venv};
use crate::report::Report;
use crate::stamp::{self, Digest};
use crate::tests::counted;

/// What runs a component in Python.
const WASMTIME: Kind = Kind { name: "wasmtime", requirements: &["wasmtime>=50,<51", "pytest>=8.4"] };

/// Builds it and runs the vectors through it, in both hosts.
pub(crate) fn all(places: &Places, report: &mut Report) {
    let begun = Instant::now();
    match build(places).and_then(|folder| Ok((folder, Node::ready(places, &NODE20)?))) {
        Ok((folder, node)) => {
            in_node(places, report, &node, &folder);
            in_python(places, report, &folder);
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
    let node = Node::ready(places, &NODE20)?.step("component: crossings in node").arg(scripts.join("bench.mjs"));
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
    // What makes a component of a module, and JavaScript of a component: jco without its command line.
    let tools = node::packages(places, "component", true)?;
    let script = places.root.join("bindings-wit").join("build.mjs");
    let (out, stamp) = (places.target.join("wit"), places.target.join("wit.done"));
    let pinned = places.root.join("xtask").join("js").join("component");
    let digest = Digest::default().path(&pinned)?.path(&core)?.path(&script)?.text();
    if !(out.is_dir() && stamp::is_done(&stamp, &digest)) {
        Node::ready(places, &NODE20)?
            .step("build the component")
            .arg(&script)
            .args([&tools, &core, &out])
            .quiet(places)?;
        stamp::done(&stamp, &digest)?;
    }
    Ok(out)
}

fn in_node(places: &Places, report: &mut Report, node: &Node, folder: &Path) {
    let step = node
        .step("component: vectors in node")
        .args(["--test", "--test-reporter=tap"])
        .arg(places.root.join("bindings-wit").join("test").join("vectors.test.mjs"))
        .env("FAILSOFT_WIT_DIR", folder);
    counted(places, report, &step, Counts::of_tap);
}

fn in_python(places: &Places, report: &mut Report, folder: &Path) {
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
