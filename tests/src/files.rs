//! Where the vectors are, and how many there must be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// `tests/vectors`.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// Every vector by folder and name, with its text: `("fallback", "a_new_turn_starts_at_the_primary")`.
///
/// # Errors
/// A file that cannot be read.
pub fn vectors() -> std::io::Result<BTreeMap<(String, String), String>> {
    let mut found = BTreeMap::new();
    for policy in fs::read_dir(folder())? {
        let policy = policy?;
        if !policy.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(policy.path())? {
            let path = file?.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let key = (policy.file_name().to_string_lossy().into_owned(), stem);
            found.insert(key, fs::read_to_string(&path)?);
        }
    }
    Ok(found)
}

/// How many vectors each folder must hold, from `tests/vectors/count.json`.
///
/// # Errors
/// A file that cannot be read, or is no map of counts.
pub fn counts() -> std::io::Result<BTreeMap<String, usize>> {
    Ok(serde_json::from_str(&fs::read_to_string(folder().join("count.json"))?)?)
}
