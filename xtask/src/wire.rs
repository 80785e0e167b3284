//! The stories again over the wire: `examples/<story>/wire.py` with a real SDK against a freshly started provider.

use anyhow::Result;

use crate::places::Places;
use crate::provider::Provider;
use crate::python::Venv;
use crate::stories::{LIMIT, Stage, Story, indented};

/// How a story went over the wire.
#[derive(Debug)]
pub(crate) struct Wired {
    /// Whether the script exited with zero.
    pub(crate) passed: bool,
    /// What it printed.
    pub(crate) transcript: String,
    /// One line, and what the script said on its standard error if it failed.
    pub(crate) verdict: String,
    /// How long it took.
    pub(crate) took: std::time::Duration,
}

/// Whether this story has a part over the wire.
pub(crate) fn has_one(story: &Story) -> bool {
    story.dir.join("wire.py").is_file()
}

/// Runs it with a provider of its own, so that its log holds this story alone.
pub(crate) fn run(places: &Places, stage: &Stage, story: &Story) -> Result<Wired> {
    let provider = Provider::start(&stage.provider)?;
    let step = script(&stage.sdk, story).env("FAILSOFT_PROVIDER", &provider.url);
    let ran = step.within(places, LIMIT)?;
    let passed = ran.status.is_some_and(|status| status.success());
    let verdict = match ran.status {
        Some(_) if passed => format!("{} over the wire: as it should be ({} ms)", story.name, ran.took.as_millis()),
        Some(status) => format!("{} over the wire: ended with {status}", story.name),
        None => format!("{} over the wire: was ended after {} s", story.name, LIMIT.as_secs()),
    };
    let again = script(&stage.sdk, story).env("FAILSOFT_PROVIDER", "http://127.0.0.1:PORT");
    let why = format!(
        "\n  again: {} --until-stdin-closes   (in another terminal)\n         {}\n{}",
        places.shown(&stage.provider),
        again.line(places),
        indented(&ran.stderr)
    );
    let verdict = if passed { verdict } else { format!("{verdict}{}", why.trim_end()) };
    let transcript = String::from_utf8_lossy(&ran.stdout).into_owned();
    Ok(Wired { passed, transcript, verdict, took: ran.took })
}

fn script(python: &Venv, story: &Story) -> crate::process::Step {
    python.step(format!("wire {}", story.name)).arg(story.dir.join("wire.py"))
}
