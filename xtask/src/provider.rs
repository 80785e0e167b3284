//! The loopback provider as a child of ours: started, asked for its address, and ended by its own handle.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long it may take to say where it listens.
const START: Duration = Duration::from_secs(20);
/// How long it may take to end once its standard input is closed.
const END: Duration = Duration::from_secs(2);

/// A running provider; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Provider {
    child: Child,
    /// Where it listens, such as `http://127.0.0.1:41234`.
    pub(crate) url: String,
}

impl Provider {
    /// Starts it on a free port. It ends with us even if we are killed: its standard input is ours to hold open.
    pub(crate) fn start(binary: &Path) -> Result<Self> {
        Self::with(binary, &[])
    }

    /// The same with doors at which a client fails before there is any HTTP.
    pub(crate) fn with_doors(binary: &Path) -> Result<Self> {
        Self::with(binary, &["--tls"])
    }

    fn with(binary: &Path, options: &[&str]) -> Result<Self> {
        let child = Command::new(binary)
            .arg("--until-stdin-closes")
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start the provider {}", binary.display()))?;
        let mut provider = Self { child, url: String::new() };
        let stdout = provider.child.stdout.take().context("the provider has no standard output")?;
        let (say, said) = mpsc::channel();
        // Goes on reading to the end, so that the provider never waits for somebody to read.
        thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| drop(say.send(line)))
        });
        let first = said.recv_timeout(START).unwrap_or_default();
        match first.strip_prefix("listening on ") {
            Some(url) => url.trim().clone_into(&mut provider.url),
            None => bail!("the provider did not say where it listens; its first line: {first:?}"),
        }
        Ok(provider)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while begun.elapsed() < END {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        // Nothing more can be done about a child that cannot be killed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
