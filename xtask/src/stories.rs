//! The stories: one folder each in `examples/`, told in every language, one expected transcript.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cargo::cargo;
use crate::compare::difference;
use crate::files;
use crate::node::{NODE20, NODE24, Node};
use crate::npm::Package;
use crate::places::Places;
use crate::process::Step;
use crate::python::{SDK, TEST, Venv};
use crate::wheel::Wheel;

/// A story that takes longer hangs; the hung calls in them are given up on within a second or two.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// What the stories run with.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The built Python package.
    pub(crate) wheel: Wheel,
    /// The Python package alone.
    pub(crate) test: Venv,
    /// The Python package beside the real SDKs.
    pub(crate) sdk: Venv,
    /// The npm package beside the real SDKs, on the oldest Node that is promised.
    pub(crate) node20: Node,
    /// The same on a current Node, with the newest SDKs.
    pub(crate) node24: Node,
    /// The loopback provider.
    pub(crate) provider: PathBuf,
}

impl Stage {
    /// Builds the packages, the environments, the Rust stories and the provider, as far as they are not there.
    pub(crate) fn ready(places: &Places) -> Result<Self> {
        let wheel = Wheel::ready(places, &Venv::ready(places, &TEST)?)?;
        let test = wheel.installed(places, &TEST)?;
        let sdk = wheel.installed(places, &SDK)?;
        let package = Package::ready(places)?;
        let node20 = package.installed(places, &NODE20)?;
        let node24 = package.installed(places, &NODE24)?;
        cargo("build the Rust stories and the provider")
            .args(["build", "--release", "--package", "failsoft-examples", "--package", "failsoft-provider", "--bins"])
            .quiet(places)?;
        Ok(Self { wheel, test, sdk, node20, node24, provider: places.binary("failsoft-provider") })
    }
}

/// One story.
#[derive(Debug)]
pub(crate) struct Story {
    /// Its folder's name, which is also the name of its Rust binary.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) dir: PathBuf,
    expected: Vec<u8>,
}

/// How one language told a story.
#[derive(Debug)]
struct Telling {
    language: &'static str,
    took: Duration,
    problem: Option<String>,
}

/// How a story went in all languages.
#[derive(Debug)]
pub(crate) struct Told {
    /// Whether every language told it as expected.
    pub(crate) same: bool,
    /// One line when all is well; else what is wrong, language by language.
    pub(crate) verdict: String,
    /// How long all of it took.
    pub(crate) took: Duration,
}

impl Story {
    /// Every folder of `examples/` with an `expected.txt`, in order. None at all is an error.
    pub(crate) fn all(places: &Places) -> Result<Vec<Self>> {
        let mut stories = Vec::new();
        for dir in files::inside(&places.root.join("examples"))? {
            let expected = dir.join("expected.txt");
            if expected.is_file() {
                let expected = fs::read(&expected).with_context(|| format!("cannot read {}", expected.display()))?;
                stories.push(Self { name: files::name(&dir), dir, expected });
            }
        }
        if stories.is_empty() {
            bail!("no story found: no folder of examples/ has an expected.txt");
        }
        Ok(stories)
    }

    /// The transcript it should have.
    pub(crate) fn transcript(&self) -> String {
        String::from_utf8_lossy(&self.expected).into_owned()
    }

    /// Runs it in every language and compares.
    pub(crate) fn told(&self, places: &Places, stage: &Stage) -> Result<Told> {
        let binary = places.binary(&self.name);
        let [python, javascript] = ["main.py", "main.mjs"].map(|script| self.dir.join(script));
        let log = |language: &str| format!("story {} {language}", self.name);
        let tellings = [
            self.telling(places, "rust", &binary, Step::new(log("rust"), &binary))?,
            self.telling(places, "python", &python, stage.test.step(log("python")).arg(&python))?,
            self.telling(places, "javascript", &javascript, stage.node20.step(log("javascript")).arg(&javascript))?,
        ];
        Ok(self.compared(&tellings))
    }

    fn telling(&self, places: &Places, language: &'static str, source: &Path, step: Step) -> Result<Telling> {
        if !source.is_file() {
            let problem = Some(format!("is missing: there is no {}", places.shown(source)));
            return Ok(Telling { language, took: Duration::ZERO, problem });
        }
        let ran = step.within(places, LIMIT)?;
        let again = || format!("  again: {}", step.line(places));
        let problem = match ran.status {
            None => Some(format!("was ended after {} s\n{}", LIMIT.as_secs(), again())),
            Some(status) if !status.success() => {
                let said = indented(&ran.stderr);
                Some(format!("ended with {status}\n{}\n{said}", again()))
            }
            Some(_) => difference(&self.expected, &ran.stdout, language)
                .map(|diff| format!("differs from expected\n{}\n{}", again(), indented(&diff))),
        };
        Ok(Telling { language, took: ran.took, problem })
    }

    fn compared(&self, tellings: &[Telling]) -> Told {
        let took = tellings.iter().map(|telling| telling.took).sum();
        let problems: Vec<String> = tellings
            .iter()
            .filter_map(|telling| Some((telling.language, telling.problem.as_ref()?)))
            .map(|(language, problem)| format!("{}: {language} {}", self.name, problem.trim_end()))
            .collect();
        if !problems.is_empty() {
            return Told { same: false, verdict: problems.join("\n"), took };
        }
        let languages: Vec<&str> = tellings.iter().map(|telling| telling.language).collect();
        let times: Vec<String> = tellings.iter().map(|telling| format!("{} ms", telling.took.as_millis())).collect();
        let verdict = format!("{}: {} = expected ({})", self.name, languages.join(" = "), times.join(", "));
        Told { same: true, verdict, took }
    }
}

/// Another program's words, set off from ours.
pub(crate) fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(problem: Option<&str>) -> Told {
        let story = Story { name: "a_flaky_model".into(), dir: PathBuf::new(), expected: Vec::new() };
        let telling = |language, millis, problem: Option<&str>| Telling {
            language,
            took: Duration::from_millis(millis),
            problem: problem.map(str::to_owned),
        };
        story.compared(&[telling("rust", 12, None), telling("python", 43, problem), telling("javascript", 60, None)])
    }

    #[test]
    fn a_story_told_alike_is_one_line() {
        let told = told(None);
        assert!(told.same);
        assert_eq!(told.verdict, "a_flaky_model: rust = python = javascript = expected (12 ms, 43 ms, 60 ms)");
    }

    #[test]
    fn a_story_told_otherwise_names_the_language() {
        let told = told(Some("is missing: there is no examples/a_flaky_model/main.py\n"));
        assert!(!told.same);
        assert_eq!(told.verdict, "a_flaky_model: python is missing: there is no examples/a_flaky_model/main.py");
    }
}
