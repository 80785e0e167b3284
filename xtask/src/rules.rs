//! `cargo xtask rules`: the table of the classifier, written from `core/src/classify/rules.json`.

mod schema;
mod table;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::places::Places;

/// Checks the file against its schema and writes the table.
pub(crate) fn run(places: &Places) -> Result<ExitCode> {
    let folder = places.root.join("core").join("src").join("classify");
    let path = folder.join("table.rs");
    let text = written(&folder)?;
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        println!("{} is up to date", path.display());
    } else {
        fs::write(&path, text)?;
        println!("{} is written", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// What `table.rs` has to be.
fn written(folder: &Path) -> Result<String> {
    let read = |name: &str| -> Result<Value> {
        let text = fs::read_to_string(folder.join(name)).with_context(|| format!("{name} cannot be read"))?;
        serde_json::from_str(&text).with_context(|| format!("{name} is no JSON"))
    };
    let rules = read("rules.json")?;
    let complaints = schema::complaints(&read("rules.schema.json")?, &rules)?;
    if !complaints.is_empty() {
        bail!("rules.json is not as rules.schema.json has it:\n{}", complaints.join("\n"));
    }
    table::write(&rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_up_to_date() -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("core").join("src").join("classify");
        assert!(written(&folder)? == fs::read_to_string(folder.join("table.rs"))?, "run `cargo xtask rules`");
        Ok(())
    }
}
