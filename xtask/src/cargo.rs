//! Cargo as a step, and the parts of the Rust toolchain that a fresh machine may lack.

use std::env;

use anyhow::{Context, Result, bail};

use crate::places::Places;
use crate::process::Step;

/// The target that proves that the core needs no operating system.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// `cargo …`, the same cargo that runs us.
pub(crate) fn cargo(name: impl Into<String>) -> Step {
    Step::new(name, env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Adds the wasm target if rustc has no library for it. Rustup does not always install on its own.
pub(crate) fn have_wasm(places: &Places) -> Result<()> {
    let asked = Step::new("rustc target-libdir", "rustc").args(["--print", "target-libdir", "--target", WASM]);
    let libdir = asked.capture(places)?;
    if libdir.ok && libdir.text.lines().last().is_some_and(|dir| std::path::Path::new(dir).is_dir()) {
        return Ok(());
    }
    let add = Step::new(format!("add the target {WASM}"), "rustup").args(["target", "add", WASM]);
    add.quiet(places).map(drop).with_context(|| format!("the Rust target {WASM} is missing and could not be added"))
}

/// Adds clippy and rustfmt if they are missing (a minimal toolchain has neither).
pub(crate) fn have_components(places: &Places) -> Result<()> {
    for (component, command) in [("clippy", "clippy"), ("rustfmt", "fmt")] {
        let present = cargo(format!("cargo {command} version")).args([command, "--version"]);
        if present.capture(places)?.ok {
            continue;
        }
        let add = Step::new(format!("add {component}"), "rustup").args(["component", "add", component]);
        if add.quiet(places).is_err() {
            bail!("the Rust component {component} is missing: `{}`", add.line(places));
        }
    }
    Ok(())
}
