//! Where things are: the repository's root and the ignored folders that everything is built into.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders that every command works in.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The repository's root; every command runs here.
    pub(crate) root: PathBuf,
    /// Cargo's target folder (`target/`, or what `CARGO_TARGET_DIR` says); all that is made goes below it.
    pub(crate) target: PathBuf,
}

impl Places {
    /// Finds the root from where this crate stands, and the target folder the way cargo does.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask stands outside a workspace")?;
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) if !dir.is_empty() => std::path::absolute(PathBuf::from(dir))?,
            _ => root.join("target"),
        };
        let places = Self { root: root.to_path_buf(), target };
        std::fs::create_dir_all(places.logs())
            .with_context(|| format!("cannot make the folder {}", places.logs().display()))?;
        Ok(places)
    }

    /// What a person would type for a path: relative to the root where it is below it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// The captured output of every quiet step.
    pub(crate) fn logs(&self) -> PathBuf {
        self.target.join("logs")
    }

    /// What `pack` leaves behind.
    pub(crate) fn dist(&self) -> PathBuf {
        self.target.join("dist")
    }

    /// A virtual environment by its name.
    pub(crate) fn venv(&self, name: &str) -> PathBuf {
        self.target.join("venv").join(name)
    }

    /// A release binary by its name.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }
}
