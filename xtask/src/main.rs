//! `cargo xtask demo | test | bench | pack | lint`: everything a contributor types, and everything CI runs.
//!
//! Each command prepares what it needs inside ignored folders (`target/…`), remembers with a stamp what it has
//! already done, and says at the end how many things passed. Nothing has to be installed by hand beyond Rust,
//! Python 3.10 or newer, and Node 20 or newer with its npm.

mod bench;
mod browser;
mod cargo;
mod compare;
mod component;
mod counts;
mod demo;
mod differential;
mod faults;
mod files;
mod lint;
mod mutants;
mod node;
mod npm;
mod pack;
mod places;
mod process;
mod provider;
mod python;
mod real_model;
mod report;
mod rules;
mod size;
mod stamp;
mod stories;
mod tests;
mod wheel;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::places::Places;

/// Builds, shows, tests and packs failsoft in every language it speaks.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the stories in every language, offline and over the wire, and compares what they print.
    Demo {
        /// Also runs the live example against a small real model on loopback (downloads about 100 MB once).
        #[arg(long)]
        real_model: bool,
        /// Instead has an agent meet every fault that the provider can inject, and prints the matrix.
        #[arg(long, conflicts_with = "real_model")]
        faults: bool,
    },
    /// Runs every test in every language, the stories and the lints; what `.ci/run` calls.
    Test,
    /// Measures the engine beside other libraries.
    Bench(bench::Args),
    /// Leaves the wheel, the npm package and the crate in target/dist.
    Pack,
    /// Checks format, lints, types, stubs, documentation and licences.
    Lint,
    /// Writes the table of the classifier from its rules.
    Rules,
    /// Changes a sample of the decisions, and fails when vectors and unit tests notice fewer than 96 % of it.
    Mutants(mutants::Args),
    /// Weighs the wasm module, part by part; fails when it has grown by more than 2 % over the committed figures.
    Size {
        /// Commits to the figures as they are now.
        #[arg(long)]
        write: bool,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = Places::find().and_then(|places| match cli.command {
        Command::Demo { faults: true, .. } => faults::run(&places),
        Command::Demo { real_model, .. } => demo::run(&places, real_model),
        Command::Test => tests::run(&places),
        Command::Bench(args) => bench::run(&places, &args),
        Command::Pack => pack::run(&places),
        Command::Lint => lint::run(&places),
        Command::Rules => rules::run(&places),
        Command::Mutants(args) => mutants::run(&places, &args),
        Command::Size { write } => size::run(&places, write),
    });
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
