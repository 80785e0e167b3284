//! The program itself.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

fn provider() -> Command {
    Command::new(env!("CARGO_BIN_EXE_failsoft-provider"))
}

#[test]
fn it_prints_its_address_and_ends_when_stdin_closes() {
    let mut child =
        provider().arg("--until-stdin-closes").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.strip_prefix("listening on ").unwrap().trim_end();
    assert!(url.starts_with("http://127.0.0.1:"));
    assert_eq!(ureq::get(format!("{url}/health")).call().unwrap().status(), 200);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn it_tells_its_doors_after_its_address() {
    let mut child = provider()
        .args(["--tls", "--until-stdin-closes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(5).map(Result::unwrap).collect::<Vec<_>>();
    let starts =
        ["listening on http:", "closed at http:", "mute at https:", "not_tls at https:", "untrusted at https:"];
    assert!(lines.iter().zip(starts).all(|(line, start)| line.starts_with(start)), "{lines:?}");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_bad_script_file_or_upstream_is_refused_at_the_start() {
    let refused = |arguments: &[&str]| -> (Option<i32>, String) {
        let Output { status, stderr, .. } = provider().args(arguments).stdin(Stdio::null()).output().unwrap();
        (status.code(), String::from_utf8(stderr).unwrap())
    };
    let file = std::env::temp_dir().join(format!("failsoft-provider-{}.json", std::process::id()));
    std::fs::write(&file, "{\"models\": {\"m\": \"pass\"}}").unwrap();
    let (code, error) = refused(&["--script", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(code, Some(2));
    assert_eq!(error, "failsoft-provider: models.m: `pass` needs the provider to be started with --upstream URL\n");
    let (code, error) = refused(&["--upstream", "http://example.invalid"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("example.invalid is not a loopback address"), "{error}");
    let (code, error) = refused(&["--upstream", "http://8.8.8.8/v1"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("8.8.8.8 is not a loopback address"), "{error}");
}

#[test]
fn help_explains_the_names() {
    let Output { stdout, .. } = provider().arg("--help").output().unwrap();
    let help = String::from_utf8(stdout).unwrap();
    assert!(help.contains("503x2+answer:hello") && help.contains("--upstream <URL>"));
}
