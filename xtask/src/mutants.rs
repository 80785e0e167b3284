//! `cargo xtask mutants`: changes a fixed sample of the decisions by `cargo-mutants`, and sees whether vectors and unit tests notice.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::cargo::cargo;
use crate::places::Places;
use crate::process::Step;

/// The decisions.
const FILES: [&str; 3] = ["core/src/machine/**/*.rs", "core/src/policy/**/*.rs", "core/src/stream.rs"];
/// How many hundredths of the mutants that compile have to be noticed.
const LEAST: usize = 96;

/// What is changed.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many mutants to try at least, chosen evenly over all: the same as long as the code is.
    #[arg(long, default_value_t = 100)]
    sample: usize,
    /// Lists the chosen ones alone.
    #[arg(long)]
    list: bool,
}

/// Tries them, and prints what went unnoticed.
pub(crate) fn run(places: &Places, args: &Args) -> Result<ExitCode> {
    let tool = installed(places)?;
    let mutants = |name: &str| {
        let files = FILES.iter().flat_map(|file| ["--file", file]);
        Step::new(name, &tool).args(["mutants", "--package", "failsoft", "--exclude", "**/tests.rs"]).args(files)
    };
    let all = mutants("list the mutants").arg("--list").quiet(places)?.text.lines().count();
    // Every so many of them, in the order of the files.
    let shard = format!("0/{}", (all / args.sample.max(1)).max(1));
    let chosen = ["--shard", &shard, "--sharding", "round-robin"];
    let list = mutants("list the chosen mutants").args(chosen).arg("--list").quiet(places)?.text;
    if args.list {
        print!("{list}");
        return Ok(ExitCode::SUCCESS);
    }
    let out = places.target.join("mutants");
    drop(fs::remove_dir_all(out.join("mutants.out")));
    fs::create_dir_all(&out)?;
    let step = mutants("try the mutants")
        .args(chosen)
        .args(["--no-shuffle", "--output"])
        .arg(&out)
        // The unit tests of the core, and the vectors beside them.
        .args(["--", "--package", "failsoft-tests", "--lib", "--test", "vectors"]);
    println!("{} of {all} mutants: {}", list.lines().count(), step.line(places));
    // It fails where one is missed; what it has written says what became of each.
    step.shown(places)?;
    let outcome = Outcome::read(&out.join("mutants.out"))?;
    if outcome.tried() != list.lines().count() {
        bail!("{} mutants were tried of {} that were chosen", outcome.tried(), list.lines().count());
    }
    println!("{}", outcome.told());
    Ok(if outcome.is_enough() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `cargo-mutants`, installed below `target/` on the first run.
fn installed(places: &Places) -> Result<PathBuf> {
    let root = places.target.join("tools").join("mutants");
    let tool = root.join("bin").join(format!("cargo-mutants{}", std::env::consts::EXE_SUFFIX));
    if !tool.is_file() {
        println!("· installing cargo-mutants, once");
        let install = ["install", "cargo-mutants", "--locked", "--root"];
        cargo("install cargo-mutants").args(install).arg(&root).quiet(places)?;
    }
    Ok(tool)
}

/// What became of them, by their names.
struct Outcome {
    caught: Vec<String>,
    missed: Vec<String>,
    unviable: Vec<String>,
}

impl Outcome {
    fn read(folder: &Path) -> Result<Self> {
        let names = |file: &str| -> Result<Vec<String>> {
            let path = folder.join(file);
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(text.lines().map(str::to_owned).collect())
        };
        // What runs for ever is noticed, too.
        let caught = [names("caught.txt")?, names("timeout.txt")?].concat();
        Ok(Self { caught, missed: names("missed.txt")?, unviable: names("unviable.txt")? })
    }

    fn tried(&self) -> usize {
        self.caught.len() + self.missed.len() + self.unviable.len()
    }

    /// A sample of which none compiles proves nothing.
    fn is_enough(&self) -> bool {
        let viable = self.caught.len() + self.missed.len();
        viable > 0 && self.caught.len() * 100 >= viable * LEAST
    }

    fn told(&self) -> String {
        let (caught, viable) = (self.caught.len(), self.caught.len() + self.missed.len());
        let missed: String = self.missed.iter().map(|name| format!("missed: {name}\n")).collect();
        let (unviable, rate) = (self.unviable.len(), (caught * 1000 / viable.max(1)) as f64 / 10.0);
        format!("{missed}{caught} of {viable} noticed: {rate:.1} %, at least {LEAST} %; {unviable} did not compile")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_six_of_a_hundred_are_enough() {
        let outcome = |caught, missed| {
            let names = |many| vec!["one".to_owned(); many];
            Outcome { caught: names(caught), missed: names(missed), unviable: names(7) }
        };
        assert!(outcome(96, 4).is_enough() && outcome(1, 0).is_enough());
        assert!(!outcome(95, 5).is_enough() && !outcome(0, 0).is_enough());
        assert_eq!(outcome(2, 1).tried(), 10);
        let told = "missed: one\n2 of 3 noticed: 66.6 %, at least 96 %; 7 did not compile";
        assert_eq!(outcome(2, 1).told(), told);
    }
}
