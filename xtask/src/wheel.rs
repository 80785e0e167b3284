//! The Python package: built with maturin into `target/dist/`, installed into the environments that ask for it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::files;
use crate::places::Places;
use crate::python::{Kind, Venv};
use crate::stamp::{self, Digest};

/// What the wheel is made of; a change in any of these builds it again.
const INPUTS: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "core/Cargo.toml",
    "core/src",
    "bindings-py/Cargo.toml",
    "bindings-py/pyproject.toml",
    "bindings-py/src",
    SCHEMA,
];
/// The JSON Schema of a policy file, which the package carries.
const SCHEMA: &str = "docs/policy.schema.json";
/// The Python half of the package.
const PYTHON_INPUT: &str = "bindings-py/python";

/// A built wheel.
#[derive(Clone, Debug)]
pub(crate) struct Wheel {
    /// The file.
    pub(crate) path: PathBuf,
    digest: String,
}

impl Wheel {
    /// Builds it if anything in it has changed. Its cargo output has a folder of its own, so that what maturin sets
    /// for a build never makes the other builds start afresh.
    pub(crate) fn ready(places: &Places, tools: &Venv) -> Result<Self> {
        let schema = places.root.join(PYTHON_INPUT).join("failsoft").join("policy.schema.json");
        fs::copy(places.root.join(SCHEMA), &schema).with_context(|| format!("cannot write {}", schema.display()))?;
        let mut digest = Digest::default().word(std::env::consts::ARCH);
        for input in INPUTS.iter().chain([&PYTHON_INPUT]) {
            digest = digest.path(&places.root.join(input))?;
        }
        let digest = digest.text();
        let (dist, stamp) = (places.dist(), places.target.join("wheel.done"));
        if dist.is_dir()
            && stamp::is_done(&stamp, &digest)
            && let Some(path) = files::matching(&dist, "failsoft-", ".whl")?.pop()
        {
            return Ok(Self { path, digest });
        }
        files::clear(&dist, "failsoft-", ".whl")?;
        tools
            .step("build the wheel")
            .env("CARGO_TARGET_DIR", places.target.join("wheel"))
            .args(["-m", "maturin", "build", "--release", "--manifest-path"])
            .arg(places.root.join("bindings-py").join("Cargo.toml"))
            .arg("--interpreter")
            .arg(tools.python())
            .arg("--out")
            .arg(&dist)
            .quiet(places)?;
        let path =
            files::matching(&dist, "failsoft-", ".whl")?.pop().context("maturin left no wheel in target/dist")?;
        stamp::done(&stamp, &digest)?;
        Ok(Self { path, digest })
    }

    /// The environment of this kind with this wheel in it.
    pub(crate) fn installed(&self, places: &Places, kind: &Kind) -> Result<Venv> {
        let venv = Venv::ready(places, kind)?;
        venv.install(places, &self.path, &self.digest)?;
        Ok(venv)
    }
}
