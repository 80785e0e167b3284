//! Node: environments of pinned packages in `target/npm/`, and the Node that each of them is for.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::files;
use crate::places::Places;
use crate::process::Step;
use crate::stamp::{self, Digest};

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Makes a link that works on Windows without special rights, in place of what was there.
const LINK: &str = "const fs = require('node:fs'); const [target, link] = process.argv.slice(1);
fs.rmSync(link, { recursive: true, force: true }); fs.symlinkSync(target, link, 'junction');";

/// One environment: a Node, and the SDKs beside it.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its folder below `target/npm/` and `xtask/js/`.
    pub(crate) name: &'static str,
    /// The version of Node.
    major: u32,
    /// What names the program where it is not `node` on the PATH.
    variable: &'static str,
}

/// The oldest Node that is promised.
pub(crate) const NODE20: Kind = Kind { name: "node20", major: 20, variable: "FAILSOFT_NODE20" };

/// A current Node, with the newest SDKs.
pub(crate) const NODE24: Kind = Kind { name: "node24", major: 24, variable: "FAILSOFT_NODE24" };

/// An environment that is ready.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    program: PathBuf,
    folder: PathBuf,
}

impl Node {
    /// Installs the packages if they do not stand yet or are others by now, with a Node among them if there is none here.
    pub(crate) fn ready(places: &Places, kind: &Kind) -> Result<Self> {
        let here = kind.here()?;
        let folder = packages(places, kind.name, here.is_none())?;
        let program = match here {
            Some(program) => program,
            None => fetched(&folder).with_context(|| kind.missing())?,
        };
        Ok(Self { program, folder })
    }

    /// The same Node beside the packages of another environment.
    pub(crate) fn beside(self, places: &Places, name: &str) -> Result<Self> {
        Ok(Self { folder: packages(places, name, false)?, ..self })
    }

    /// Where its packages are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The same Node over an environment that is ready.
    pub(crate) fn over(&self, folder: &Path) -> Self {
        Self { program: self.program.clone(), folder: folder.to_path_buf() }
    }

    /// `node …`, whose bare imports come from this environment.
    pub(crate) fn step(&self, name: impl Into<String>) -> Step {
        // Relative, as every step runs in the root: on Windows an absolute path is no specifier.
        Step::new(name, &self.program)
            .args(["--import", "./xtask/js/resolve.mjs"])
            .env("FAILSOFT_NODE_ENV", &self.folder)
    }

    /// Puts a link to a package's folder into the environment.
    pub(crate) fn link(&self, places: &Places, package: &Path) -> Result<()> {
        let link = self.folder.join("node_modules").join(files::name(package));
        if fs::canonicalize(&link).is_ok_and(|there| fs::canonicalize(package).is_ok_and(|wanted| wanted == there)) {
            return Ok(());
        }
        let name = format!("link the package into {}", files::name(&self.folder));
        Step::new(name, &self.program).args(["-e", LINK]).arg(package).arg(link).quiet(places).map(drop)
    }
}

impl Kind {
    /// What its variable says, alone, when set; else `node` on the PATH, if it is the one.
    fn here(&self) -> Result<Option<PathBuf>> {
        let chosen = env::var(self.variable).ok().filter(|path| !path.is_empty());
        let program = PathBuf::from(chosen.as_deref().unwrap_or("node"));
        match (version(&program) == Some(self.major), chosen) {
            (true, _) => Ok(Some(program)),
            (false, None) => Ok(None),
            (false, Some(path)) => bail!("{}={path} is no Node {}", self.variable, self.major),
        }
    }

    fn missing(&self) -> String {
        format!("npm has no Node {} for this machine; set {} to one", self.major, self.variable)
    }
}

/// The folder below `target/npm/` whose `node_modules` holds what `xtask/js/<name>/package-lock.json` pins.
pub(crate) fn packages(places: &Places, name: &str, with_optional: bool) -> Result<PathBuf> {
    let (pinned, folder) = (places.root.join("xtask").join("js").join(name), places.target.join("npm").join(name));
    let stamp = folder.join(".done");
    let digest = Digest::default().path(&pinned)?.word(&folder).word(with_optional).text();
    if stamp::is_done(&stamp, &digest) && folder.join("node_modules").is_dir() {
        return Ok(folder);
    }
    if version(Path::new(NPM)).is_none() {
        bail!("no npm found: install Node 20 or newer, which brings it (https://nodejs.org)");
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // A folder without a lock has packages whose optional parts not every registry serves, which `npm ci` does not forgive.
    let is_locked = pinned.join("package-lock.json").is_file();
    for file in ["package.json", "package-lock.json"].into_iter().take(1 + usize::from(is_locked)) {
        let (from, to) = (pinned.join(file), folder.join(file));
        fs::copy(&from, &to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    }
    let quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    npm(format!("npm packages of {name}"))
        .arg(if is_locked { "ci" } else { "install" })
        .args(quiet)
        .args((!with_optional).then_some("--omit=optional"))
        .arg("--prefix")
        .arg(&folder)
        .quiet(places)?;
    stamp::done(&stamp, &digest)?;
    Ok(folder)
}

/// `npm …`.
pub(crate) fn npm(name: impl Into<String>) -> Step {
    Step::new(name, NPM)
}

/// The Node that npm has put into an environment.
fn fetched(folder: &Path) -> Result<PathBuf> {
    let program = format!("node{}", env::consts::EXE_SUFFIX);
    let packages = files::matching(&folder.join("node_modules"), "node-", "")?;
    let mut found = packages.iter().map(|package| package.join("bin").join(&program));
    found.find(|path| path.is_file()).context("no node_modules/node-*/bin/node")
}

/// The first number of what a program says of its version.
fn version(program: &Path) -> Option<u32> {
    let asked = Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    read_version(&String::from_utf8_lossy(&asked.stdout))
}

fn read_version(said: &str) -> Option<u32> {
    said.trim().trim_start_matches('v').split_once('.')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_by_its_first_number() {
        assert_eq!(read_version("v20.20.2\n"), Some(20));
        assert_eq!(read_version("11.19.1\n"), Some(11));
        assert_eq!(read_version("node: not found"), None);
    }
}
