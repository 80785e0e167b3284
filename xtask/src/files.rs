//! Looking through folders, always in the same order.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What stands in a folder, in order.
pub(crate) fn inside(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut found = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    found.sort();
    Ok(found)
}

/// Every file below a path, without what Python and editors leave behind. What does not exist has none.
pub(crate) fn below(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(path.is_file().then(|| path.to_path_buf()).into_iter().collect());
    }
    let mut found = Vec::new();
    for entry in inside(path)? {
        let name = name(&entry);
        if name != "__pycache__" && !name.starts_with('.') && !name.ends_with(".so") {
            found.extend(below(&entry)?);
        }
    }
    Ok(found)
}

/// What in a folder begins and ends so.
pub(crate) fn matching(dir: &Path, prefix: &str, suffix: &str) -> Result<Vec<PathBuf>> {
    let mut found = inside(dir)?;
    found.retain(|path| name(path).starts_with(prefix) && name(path).ends_with(suffix));
    Ok(found)
}

/// Makes the folder if need be and removes its files that begin and end so: the next one stands alone.
pub(crate) fn clear(dir: &Path, prefix: &str, suffix: &str) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    for file in matching(dir, prefix, suffix)? {
        fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(())
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
