//! `cargo xtask pack`: what would be published, in `target/dist/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cargo::cargo;
use crate::files;
use crate::npm::Package;
use crate::places::Places;
use crate::python::{TEST, Venv};
use crate::wheel::Wheel;

/// Builds the packages and prints where they are and how large.
pub(crate) fn run(places: &Places) -> Result<ExitCode> {
    let wheel = Wheel::ready(places, &Venv::ready(places, &TEST)?)?;
    show(places, &wheel.path)?;
    let package = Package::ready(places)?;
    show(places, &package.tarball)?;
    let [plain, gzip, brotli] = package.sizes(places)?.map(size);
    println!("{} ({plain}, gzip {gzip}, brotli {brotli})", places.shown(&package.module()));
    match rust_crate(places) {
        Ok(path) => show(places, &path)?,
        // The wheel stands all the same; cargo wants the registry's index for this, which not every machine reaches.
        Err(error) => eprintln!("no crate: {error:#}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn rust_crate(places: &Places) -> Result<PathBuf> {
    cargo("package the crate")
        .args(["package", "--package", "failsoft", "--allow-dirty", "--no-verify"])
        .quiet(places)?;
    let made = files::matching(&places.target.join("package"), "failsoft-", ".crate")?.pop();
    let made = made.context("cargo package left no crate in target/package")?;
    files::clear(&places.dist(), "failsoft-", ".crate")?;
    let packed = places.dist().join(files::name(&made));
    fs::copy(&made, &packed).with_context(|| format!("cannot copy {} to {}", made.display(), packed.display()))?;
    Ok(packed)
}

fn show(places: &Places, path: &Path) -> Result<()> {
    println!("{} ({})", places.shown(path), size(fs::metadata(path)?.len()));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
pub(crate) fn size(bytes: u64) -> String {
    format!("{:.1} kB", bytes as f64 / 1000.0)
}
