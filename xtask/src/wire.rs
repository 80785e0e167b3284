//! The stories again over the wire: `wire.py` and `wire.mjs` with real SDKs, each against a freshly started provider.

use anyhow::Result;

use crate::places::Places;
use crate::process::Step;
use crate::provider::Provider;
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

/// A story's parts over the wire, by their names. One that is there for one language is there for all.
pub(crate) fn parts(stage: &Stage, story: &Story) -> Vec<(String, Step)> {
    let [python, javascript] = ["wire.py", "wire.mjs"].map(|script| story.dir.join(script));
    if !(python.is_file() || javascript.is_file()) {
        return Vec::new();
    }
    let name = |host: &str| format!("{} over the wire, {host}", story.name);
    let steps = [
        stage.sdk.step(name("python")).arg(&python),
        stage.node20.step(name("node 20")).arg(&javascript),
        stage.node24.step(name("node 24")).arg(&javascript),
    ];
    steps.into_iter().map(|step| (step.name().to_owned(), step)).collect()
}

/// Runs a part with a provider of its own, so that its log holds this part alone.
pub(crate) fn run(places: &Places, stage: &Stage, step: Step) -> Result<Wired> {
    let provider = Provider::start(&stage.provider)?;
    let step = step.env("FAILSOFT_PROVIDER", &provider.url);
    let ran = step.within(places, LIMIT)?;
    let passed = ran.status.is_some_and(|status| status.success());
    let name = step.name();
    let verdict = match ran.status {
        Some(_) if passed => format!("{name}: as it should be ({} ms)", ran.took.as_millis()),
        Some(status) => format!("{name}: ended with {status}"),
        None => format!("{name}: was ended after {} s", LIMIT.as_secs()),
    };
    let why = format!(
        "\n  again: {} --until-stdin-closes   (in another terminal)\n         {}\n{}",
        places.shown(&stage.provider),
        step.line(places).replace(&provider.url, "http://127.0.0.1:PORT"),
        indented(&ran.stderr)
    );
    let verdict = if passed { verdict } else { format!("{verdict}{}", why.trim_end()) };
    let transcript = String::from_utf8_lossy(&ran.stdout).into_owned();
    Ok(Wired { passed, transcript, verdict, took: ran.took })
}
