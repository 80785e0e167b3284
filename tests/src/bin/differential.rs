//! The Rust side of the differential test; `cargo xtask test` runs it beside those of Python and JavaScript.
//!
//! - `differential write FOLDER [SEED [SCRIPTS]]` invents scripts, and demands that they reach everything there is to reach;
//! - `differential FOLDER` prints the fingerprint of every file's transcript;
//! - `differential FOLDER NAME` prints the transcript of one file.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use failsoft_tests::differential::invent::invent;
use failsoft_tests::differential::seen::Seen;
use failsoft_tests::differential::{CHUNK, fingerprint, transcript};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["write", folder] => write(folder, 1, 10_000),
        ["write", folder, seed] => number(seed).and_then(|seed| write(folder, seed, 10_000)),
        ["write", folder, seed, many] => number(seed).and_then(|seed| write(folder, seed, number(many)?)),
        [folder] => fingerprints(folder),
        [folder, name] => read(&Path::new(folder).join(name)).map(|told| print!("{told}")),
        _ => Err("use: differential [write] FOLDER ..".into()),
    };
    if let Err(wrong) = done {
        eprintln!("error: {wrong}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|error| format!("{word}: {error}"))
}

fn write(folder: &str, seed: u64, many: u64) -> Result<(), String> {
    let mut seen = Seen::default();
    let mut steps = 0;
    // What an earlier run left would be compared, too.
    drop(fs::remove_dir_all(folder));
    fs::create_dir_all(folder).map_err(|error| format!("{folder}: {error}"))?;
    for chunk in 0..many.div_ceil(CHUNK) {
        let mut lines = String::new();
        for script in chunk * CHUNK..many.min((chunk + 1) * CHUNK) {
            let (line, told) = invent(seed, script, &mut seen).map_err(|wrong| format!("script {script}: {wrong}"))?;
            steps += told.lines().filter(|line| !line.starts_with(' ')).count();
            lines += &line;
            lines.push('\n');
        }
        let path = Path::new(folder).join(format!("{chunk:03}.jsonl"));
        fs::write(&path, lines).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let missing = seen.missing();
    if !missing.is_empty() {
        return Err(format!("never reached with seed {seed}: {}", missing.join(", ")));
    }
    println!("{many} scripts of seed {seed}: {steps} steps, {} words reached", seen.count());
    Ok(())
}

fn fingerprints(folder: &str) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{folder}: {error}"))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        println!("{name} {}", fingerprint(&read(&path)?));
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    transcript(&text).map_err(|wrong| format!("{}: {wrong}", path.display()))
}
