//! Python: finds an interpreter, makes the virtual environments, and installs into them what each one is for.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::places::Places;
use crate::process::Step;
use crate::stamp::{self, Digest};

/// Where an interpreter is looked for, after `FAILSOFT_PYTHON`.
const CANDIDATES: [&str; 6] = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

/// Prints version, whether it can make environments, and its own path.
const PROBE: &str = "import sys, importlib.util as u
print(sys.version_info[0], sys.version_info[1], all(map(u.find_spec, ('venv', 'ensurepip'))))
print(sys.executable)";

/// One virtual environment and what it is for.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its folder below `target/venv/`.
    pub(crate) name: &'static str,
    /// What pip installs into it.
    pub(crate) requirements: &'static [&'static str],
}

/// The package alone, with the tools that build, test and check it: shows that it needs nothing else to run.
pub(crate) const TEST: Kind = Kind {
    name: "test",
    requirements: &[
        "maturin>=1.9,<2",
        "pytest>=8.4",
        "hypothesis>=6.130",
        "trio>=0.30",
        "jsonschema>=4.25",
        "mypy>=1.18",
        "ruff>=0.14",
    ],
};

/// The package beside the real SDKs. Both fit into one environment without holding each other back.
pub(crate) const SDK: Kind = Kind {
    name: "sdk",
    requirements: &["openai>=2", "anthropic>=0.70", "pytest>=8.4", "hypothesis>=6.130", "trio>=0.30", "mypy>=1.18"],
};

/// The package beside the other clients whose exceptions it knows. Apart from [`SDK`]: litellm wants an openai before 3.
pub(crate) const CLIENTS: Kind = Kind {
    name: "clients",
    requirements: &[
        "httpx>=0.28",
        "requests>=2.32",
        "aiohttp>=3.12",
        "urllib3>=2.5",
        "google-genai>=2",
        "boto3>=1.40",
        "litellm>=1.80",
        "tenacity>=9",
        "pytest>=8.4",
        "trio>=0.30",
    ],
};

/// What the engine is measured against.
pub(crate) const BENCH: Kind =
    Kind { name: "bench", requirements: &["tenacity>=9", "stamina>=25", "backoff>=2.2", "pybreaker>=1.4"] };

/// A real model server on loopback.
pub(crate) const REAL_MODEL: Kind =
    Kind { name: "real-model", requirements: &["openai>=2", "trio>=0.30", "xllamacpp"] };

/// A virtual environment that is ready.
#[derive(Clone, Debug)]
pub(crate) struct Venv {
    dir: PathBuf,
}

impl Venv {
    /// Makes the environment if it does not stand yet, or no longer fits.
    pub(crate) fn ready(places: &Places, kind: &Kind) -> Result<Self> {
        let base = interpreter()?;
        let venv = Self { dir: places.venv(kind.name) };
        let digest = Digest::default().word(&base).word(&venv.dir).word(kind.requirements).text();
        if venv.python().exists() && stamp::is_done(&venv.stamp("tools"), &digest) {
            return Ok(venv);
        }
        let make = Step::new(format!("python environment {}", kind.name), base.path)
            .args(["-m", "venv", "--clear"])
            .arg(&venv.dir);
        make.quiet(places)?;
        venv.pip(format!("python packages of {}", kind.name)).args(kind.requirements).quiet(places)?;
        stamp::done(&venv.stamp("tools"), &digest)?;
        Ok(venv)
    }

    /// Its interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.program("python")
    }

    /// One of its programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let folder = if cfg!(windows) { "Scripts" } else { "bin" };
        self.dir.join(folder).join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// `python …` in this environment.
    pub(crate) fn step(&self, name: impl Into<String>) -> Step {
        Step::new(name, self.python())
    }

    /// `python -m pip install …` in this environment.
    pub(crate) fn pip(&self, name: impl Into<String>) -> Step {
        self.step(name).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
    }

    /// Installs a wheel in place of whatever version was there, unless this very one was.
    pub(crate) fn install(&self, places: &Places, wheel: &Path, digest: &str) -> Result<()> {
        if stamp::is_done(&self.stamp("wheel"), digest) {
            return Ok(());
        }
        let name = self.dir.file_name().unwrap_or_default().to_string_lossy();
        self.pip(format!("install the wheel into {name}"))
            .args(["--force-reinstall", "--no-deps"])
            .arg(wheel)
            .quiet(places)?;
        stamp::done(&self.stamp("wheel"), digest)
    }

    fn stamp(&self, what: &str) -> PathBuf {
        self.dir.join(format!(".done-{what}"))
    }
}

/// An interpreter that is new enough and can make environments.
#[derive(Debug, Hash)]
pub(crate) struct Interpreter {
    path: PathBuf,
    version: (u32, u32),
}

/// What a program said when asked what it is.
enum Probed {
    Fits(Interpreter),
    NoVenv(Interpreter),
    Unfit,
}

/// The first that fits of `FAILSOFT_PYTHON` (alone, when set) and the usual names.
fn interpreter() -> Result<Interpreter> {
    let chosen = env::var("FAILSOFT_PYTHON").ok().filter(|path| !path.is_empty());
    let names: Vec<&str> = chosen.as_deref().map_or_else(|| CANDIDATES.to_vec(), |path| vec![path]);
    let mut without_venv = None;
    for name in &names {
        match probe(name) {
            Probed::Fits(found) => return Ok(found),
            Probed::NoVenv(found) => without_venv = without_venv.or(Some(found)),
            Probed::Unfit => {}
        }
    }
    if let Some(Interpreter { path, version: (major, minor) }) = without_venv {
        bail!(
            "{} is Python {major}.{minor} but cannot make virtual environments; on Debian and Ubuntu: \
             apt-get install python3-venv (or python{major}.{minor}-venv)",
            path.display()
        );
    }
    if chosen.is_some() {
        bail!("FAILSOFT_PYTHON={} is no Python 3.10 or newer", names.join(" "));
    }
    bail!("no Python 3.10 or newer found (tried {}); set FAILSOFT_PYTHON to one", names.join(", "));
}

fn probe(name: &str) -> Probed {
    let asked = Command::new(name).args(["-c", PROBE]).stdin(Stdio::null()).output();
    let Some(said) = asked.ok().filter(|output| output.status.success()) else { return Probed::Unfit };
    read_probe(&String::from_utf8_lossy(&said.stdout))
}

fn read_probe(said: &str) -> Probed {
    let mut lines = said.lines();
    let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let (&[major, minor, venv], Some(path)) = (words.as_slice(), lines.next()) else { return Probed::Unfit };
    let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) else { return Probed::Unfit };
    let found = Interpreter { path: PathBuf::from(path), version: (major, minor) };
    match found.version {
        version if version < (3, 10) => Probed::Unfit,
        _ if venv == "True" => Probed::Fits(found),
        _ => Probed::NoVenv(found),
    }
}

/// Installs one optional tool into an environment; `None` if it is not to be had here.
pub(crate) fn optional_tool(places: &Places, venv: &Venv, requirement: &str, program: &str) -> Result<Option<PathBuf>> {
    let path = venv.program(program);
    if !path.exists() && !venv.pip(format!("optional tool {program}")).arg(requirement).capture(places)?.ok {
        return Ok(None);
    }
    Ok(path.exists().then_some(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_is_taken_by_version_and_by_what_it_can_do() {
        assert!(matches!(read_probe("3 11 True\n/usr/bin/python3\n"), Probed::Fits(_)));
        assert!(matches!(read_probe("3 9 True\n/usr/bin/python3\n"), Probed::Unfit));
        assert!(matches!(read_probe("3 13 False\n/usr/bin/python3\n"), Probed::NoVenv(_)));
        assert!(matches!(read_probe("pyenv: not found"), Probed::Unfit));
    }
}
