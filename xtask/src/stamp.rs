//! Remembers what was already done: a file that holds a digest of everything the result depends on.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};

use crate::files;

/// A digest of whatever a result depends on.
#[derive(Default)]
pub(crate) struct Digest(DefaultHasher);

impl Digest {
    /// Takes in a word, such as a version or a list of requirements.
    pub(crate) fn word(mut self, word: impl Hash) -> Self {
        word.hash(&mut self.0);
        self
    }

    /// Takes in a file, or every file below a folder, names and contents. What does not exist counts as absent.
    pub(crate) fn path(mut self, path: &Path) -> Result<Self> {
        for file in files::below(path)? {
            file.hash(&mut self.0);
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut self.0);
        }
        Ok(self)
    }

    /// The digest as it stands in a stamp.
    pub(crate) fn text(self) -> String {
        format!("{:016x}", self.0.finish())
    }
}

/// Whether the stamp says that this very thing was done.
pub(crate) fn is_done(stamp: &Path, digest: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|done| done == digest)
}

/// Says that it was done.
pub(crate) fn done(stamp: &Path, digest: &str) -> Result<()> {
    fs::write(stamp, digest).with_context(|| format!("cannot write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_changes_with_a_file_and_not_with_a_cache() -> Result<()> {
        let dir = std::env::temp_dir().join(format!("failsoft-stamp-{}", std::process::id()));
        fs::create_dir_all(dir.join("__pycache__"))?;
        let digest = || Digest::default().word("1.0").path(&dir).map(Digest::text);
        fs::write(dir.join("a.py"), "1")?;
        let first = digest()?;
        fs::write(dir.join("__pycache__/a.pyc"), "x")?;
        assert_eq!(first, digest()?);
        fs::write(dir.join("a.py"), "2")?;
        assert_ne!(first, digest()?);
        fs::remove_dir_all(&dir)?;
        Ok(())
    }
}
