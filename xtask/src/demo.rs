//! `cargo xtask demo`: every story told once, with a word on whether the languages agree.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::places::Places;
use crate::real_model;
use crate::report::Report;
use crate::stories::{Stage, Story};
use crate::wire;

/// Runs it; the last line says how many stories passed.
pub(crate) fn run(places: &Places, with_real_model: bool) -> Result<ExitCode> {
    let begun = Instant::now();
    let mut report = Report::default();
    match Stage::ready(places) {
        Ok(stage) => {
            all(places, &stage, &mut report, true);
            if with_real_model {
                title("a real model on loopback");
                let outcome = real_model::run(places, &stage);
                note(&mut report, "real model", outcome.map(|()| (true, String::new(), Duration::ZERO)), true);
            }
        }
        Err(error) => report.failed("set-up", &format!("{error:#}"), begun.elapsed()),
    }
    println!("\n{:.1} s in all", begun.elapsed().as_secs_f64());
    Ok(report.close())
}

/// Tells every story, first offline, then over the wire; aloud with its transcripts, or only what failed.
pub(crate) fn all(places: &Places, stage: &Stage, report: &mut Report, aloud: bool) {
    let stories = match Story::all(places) {
        Ok(stories) => stories,
        Err(error) => return report.failed("stories", &format!("{error:#}"), Duration::ZERO),
    };
    for story in &stories {
        if aloud {
            title(&story.name);
            print!("{}", story.transcript());
        }
        let told = story.told(places, stage).map(|told| (told.same, told.verdict, told.took));
        note(report, &story.name, told, aloud);
    }
    for (name, step) in stories.iter().flat_map(|story| wire::parts(stage, story)) {
        if aloud {
            title(&name);
        }
        let wired = wire::run(places, stage, step);
        if let (true, Ok(wired)) = (aloud, &wired) {
            print!("{}", wired.transcript);
        }
        note(report, &name, wired.map(|wired| (wired.passed, wired.verdict, wired.took)), aloud);
    }
}

fn title(name: &str) {
    println!("\n=== {name}");
}

fn note(report: &mut Report, name: &str, outcome: Result<(bool, String, Duration)>, aloud: bool) {
    match outcome {
        Ok((true, verdict, took)) => {
            if aloud && !verdict.is_empty() {
                println!("--> {verdict}");
            }
            report.passed(name, took);
        }
        Ok((false, verdict, took)) => report.failed(name, &verdict, took),
        Err(error) => report.failed(name, &format!("{error:#}"), Duration::ZERO),
    }
}
