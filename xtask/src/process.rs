//! Runs one command: captured into `target/logs/<step>.log`, shown, or with a time limit.
//!
//! A failed step says one line of what failed, the command that can be typed again by hand from the root, and the
//! part of its output that matters.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::places::Places;

/// How many lines of a failed step are shown; the whole stands in its log.
const SHOWN_LINES: usize = 80;

/// One command, not yet run.
#[derive(Debug)]
pub(crate) struct Step {
    name: String,
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
}

/// What a captured step left.
#[derive(Debug)]
pub(crate) struct Captured {
    /// Whether it exited with zero.
    pub(crate) ok: bool,
    /// Standard output and standard error, as they came.
    pub(crate) text: String,
    /// How long it took.
    pub(crate) took: Duration,
}

/// What a program printed within a time limit.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its exit status; `None` if it was ended at the limit.
    pub(crate) status: Option<ExitStatus>,
    /// Its standard output, byte for byte.
    pub(crate) stdout: Vec<u8>,
    /// Its standard error.
    pub(crate) stderr: String,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Step {
    /// A step whose name is also the name of its log.
    pub(crate) fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), program: program.into(), args: Vec::new(), env: Vec::new() }
    }

    /// Adds one argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_os_string());
        self
    }

    /// Adds several arguments.
    pub(crate) fn args<I: IntoIterator<Item: AsRef<OsStr>>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_os_string()));
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.to_owned(), value.as_ref().to_os_string()));
        self
    }

    /// The name it was given.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The line that does the same when typed in the root.
    pub(crate) fn line(&self, places: &Places) -> String {
        let env = self.env.iter().map(|(name, value)| format!("{name}={}", quoted(places, value)));
        let is_cargo = self.program.file_stem() == Some(OsStr::new("cargo"));
        let program = if is_cargo { "cargo".to_owned() } else { quoted(places, self.program.as_os_str()) };
        env.chain([program]).chain(self.args.iter().map(|arg| quoted(places, arg))).collect::<Vec<_>>().join(" ")
    }

    /// Runs it quietly; its output goes to its log.
    pub(crate) fn capture(&self, places: &Places) -> Result<Captured> {
        let path = self.log(places);
        let log = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let begun = Instant::now();
        let _shown = Going::on(&self.name);
        let status = self
            .command(places)
            .stdout(log.try_clone()?)
            .stderr(log)
            .status()
            .with_context(|| format!("cannot start `{}`", self.line(places)))?;
        let text = lossy(fs::read(&path)?);
        Ok(Captured { ok: status.success(), text, took: begun.elapsed() })
    }

    /// Runs it quietly behind one line that says what is going on; an error if it fails.
    pub(crate) fn quiet(&self, places: &Places) -> Result<Captured> {
        let captured = self.capture(places)?;
        if !captured.ok {
            bail!("{} {}", self.name, self.failure(places, &captured.text));
        }
        eprintln!("· {} ({:.1} s)", self.name, captured.took.as_secs_f64());
        Ok(captured)
    }

    /// Runs it in the open, its output going where ours goes.
    pub(crate) fn shown(&self, places: &Places) -> Result<bool> {
        let status = self.command(places).status().with_context(|| format!("cannot start `{}`", self.line(places)))?;
        Ok(status.success())
    }

    /// Runs it for at most `limit` and gives its standard output apart from its standard error.
    pub(crate) fn within(&self, places: &Places, limit: Duration) -> Result<Ran> {
        let (out, err) = (self.log(places).with_extension("out"), self.log(places).with_extension("err"));
        let begun = Instant::now();
        let mut child = self
            .command(places)
            .stdout(File::create(&out)?)
            .stderr(File::create(&err)?)
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.line(places)))?;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if begun.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                break None;
            }
            thread::sleep(Duration::from_millis(1));
        };
        Ok(Ran { status, took: begun.elapsed(), stdout: fs::read(&out)?, stderr: lossy(fs::read(&err)?) })
    }

    /// What is said after its name when it failed: how to run it again, and the part of its output that matters.
    pub(crate) fn failure(&self, places: &Places, output: &str) -> String {
        let log = places.shown(&self.log(places));
        format!("failed\n  again: {}\n  log: {log}\n{}", self.line(places), telling_part(output))
    }

    fn command(&self, places: &Places) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&places.root).stdin(Stdio::null());
        command.env("CARGO_TARGET_DIR", &places.target);
        // Python modules come from the environment alone, text is UTF-8, and loopback never goes through a proxy.
        command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").env("PYTHONUTF8", "1");
        for name in ["NO_PROXY", "no_proxy"] {
            let already = env::var(name).map_or_else(|_| String::new(), |hosts| format!("{hosts},"));
            command.env(name, format!("{already}127.0.0.1,localhost"));
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn log(&self, places: &Places) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        let stem: String = self.name.chars().map(plain).collect();
        places.logs().join(format!("{stem}.log"))
    }
}

/// On a terminal, says what is going on and wipes it away when it is over.
struct Going;

impl Going {
    fn on(name: &str) -> Option<Self> {
        std::io::stderr().is_terminal().then(|| {
            eprint!("  {name} …");
            Self
        })
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        eprint!("\r\x1b[K");
    }
}

/// The blocks in which cargo test lists its failures, wherever they stand; else the last lines.
fn telling_part(output: &str) -> String {
    let mut shown = Vec::new();
    let mut inside = false;
    for line in output.lines() {
        inside |= line == "failures:";
        if inside {
            shown.push(line);
        }
        inside &= !line.starts_with("test result:");
    }
    if shown.is_empty() {
        shown = output.lines().collect();
        let first = shown.len().saturating_sub(SHOWN_LINES);
        shown.drain(..first);
    }
    shown.truncate(2 * SHOWN_LINES);
    shown.iter().map(|line| format!("  | {line}\n")).collect()
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn quoted(places: &Places, word: &OsStr) -> String {
    let word = places.shown(Path::new(word));
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places { root: PathBuf::from("/repo"), target: PathBuf::from("/repo/target") }
    }

    #[test]
    fn the_line_can_be_typed_again_in_the_root() {
        let step = Step::new("say it", "/repo/target/venv/test/bin/python")
            .env("RUSTDOCFLAGS", "-D warnings")
            .args(["-c", "print('hi')"]);
        assert_eq!(
            step.line(&places()),
            r"RUSTDOCFLAGS='-D warnings' target/venv/test/bin/python -c 'print('\''hi'\'')'"
        );
    }

    #[test]
    fn the_failures_of_every_test_binary_are_shown() {
        let output = "noise\nfailures:\n  a: left 1, right 2\ntest result: FAILED. 0 passed; 1 failed\nnoise\n\
                      failures:\n  b\ntest result: FAILED. 3 passed; 1 failed\nnoise";
        let shown = telling_part(output);
        assert!(shown.contains("a: left 1") && shown.contains("  b\n") && !shown.contains("noise"));
    }

    #[test]
    fn without_such_blocks_the_last_lines_are_shown() {
        let output: String = (0..200).map(|n| format!("line {n}\n")).collect();
        let shown = telling_part(&output);
        assert!(shown.contains("line 199") && shown.contains("line 120\n") && !shown.contains("line 119\n"));
    }
}
