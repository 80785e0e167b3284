//! The packed package where it is used: pages of a headless Chromium, bundles, and empty folders that npm installs it into.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::node::packages;
use crate::npm::Package;
use crate::places::Places;
use crate::process::Step;
use crate::report::Report;
use crate::stories::Stage;
use crate::tests::node_test;

/// The names that Chromium goes by; `bindings-wasm/test_browser/places.mjs` knows the same.
const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The pages once, since their Chromium is the same for every Node; what is installed and bundled on both.
pub(crate) fn all(places: &Places, stage: &Stage, report: &mut Report) {
    let begun = Instant::now();
    let folder = match have_chromium(places).and_then(|()| environment(places, stage)) {
        Ok(folder) => folder,
        Err(error) => return report.failed("browser: set-up", &format!("{error:#}"), begun.elapsed()),
    };
    for (name, node, tests) in [
        ("browser: pages", &stage.node20, "test_browser"),
        ("packed: bundles and folders, node 20", &stage.node20, "test_pack"),
        ("packed: bundles and folders, node 24", &stage.node24, "test_pack"),
    ] {
        let tests = places.root.join("bindings-wasm").join(tests);
        node_test(places, stage, report, name, &node.over(&folder), &tests);
    }
}

/// The environment of these tests: tools from npm, and the package.
fn environment(places: &Places, stage: &Stage) -> Result<PathBuf> {
    let folder = packages(places, "browser", true)?;
    stage.node20.over(&folder).link(places, &Package::ready(places)?.folder)?;
    Ok(folder)
}

/// Debian's own Chromium is installed where there is none and we may.
fn have_chromium(places: &Places) -> Result<()> {
    if has_chromium() {
        return Ok(());
    }
    let names = CHROMIUM.join(", ");
    if !(is_on_path("apt-get") && is_root()) {
        bail!("no Chromium on the PATH ({names}): install one; root on Debian need not, this command does it then");
    }
    let apt = |name: &str| Step::new(name, "apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    apt("update the list of Debian packages").arg("update").quiet(places)?;
    apt("install Chromium").args(["install", "--yes", "chromium"]).quiet(places)?;
    if !has_chromium() {
        bail!("apt-get has installed chromium, and still there is none on the PATH ({names})");
    }
    Ok(())
}

fn has_chromium() -> bool {
    CHROMIUM.iter().any(|name| is_on_path(name))
}

fn is_on_path(program: &str) -> bool {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(&file).is_file()))
}

fn is_root() -> bool {
    let asked = Command::new("id").arg("-u").stdin(Stdio::null()).stderr(Stdio::null()).output();
    asked.is_ok_and(|said| said.stdout.trim_ascii() == b"0")
}
