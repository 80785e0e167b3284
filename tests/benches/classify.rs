//! What a classification costs: failures as they come, and 64 KiB bodies made to cost as much as they can.
//!
//! `cargo bench -p failsoft-tests --bench classify`. A hostile body has to be done with within a millisecond.

use std::hint::black_box;
use std::time::Instant;

use failsoft::classify::{Facts, classify};
use failsoft::policy::failure::Phase;

const SIZE: usize = 64 * 1024;

fn filled(begin: &str, piece: &str) -> String {
    begin.to_string() + &piece.repeat(SIZE / piece.len() + 1)
}

/// The quickest of many rounds: what else runs here only ever adds.
fn micros(facts: &Facts<'_>) -> f64 {
    let rounds = (0..200).map(|_| {
        let begun = Instant::now();
        black_box(classify(black_box(facts)));
        begun.elapsed()
    });
    rounds.min().map_or(0.0, |best| best.as_secs_f64() * 1e6)
}

fn main() {
    let chain = [
        "APIConnectionError",
        "APIError",
        "Exception",
        "ConnectError",
        "Exception",
        "ConnectionRefusedError",
        "OSError",
    ];
    let quota = r#"{"error": {"message": "You exceeded your current quota, please check your plan and billing details.", "type": "insufficient_quota", "param": null, "code": "insufficient_quota"}}"#;
    println!("{:>9}  as they come", "us");
    let plain = [
        ("a status", Facts { status: Some(503), ..Facts::default() }),
        ("a chain of classes", Facts { classes: &chain, message: Some("Connection error."), ..Facts::default() }),
        ("a status and a body", Facts { status: Some(429), body: Some(quota), ..Facts::default() }),
        ("nothing known", Facts { message: Some("?"), classes: &["Odd", "Exception"], ..Facts::default() }),
    ];
    for (name, facts) in plain {
        println!("{:9.2}  {name}", micros(&facts));
    }
    println!("{:>9}  64 KiB", "us");
    let texts = |piece: &str| filled("", &format!(r#"{{"message": "{}"}}"#, piece.repeat(4096 / piece.len())));
    let hostile = [
        ("phrases but for their last letter", texts("prompt is too lon ")),
        ("phrases that begin alike", texts("the model's the maximum this model's maximum ")),
        ("words of one letter", texts("t ")),
        ("words of one letter and no JSON", filled("", "t ")),
        ("words of the provider", filled("[", r#"{"code": "RequestsPerDayPerDayPerDayPerDa"}, "#)),
        ("long words of the provider", filled("[", &format!(r#"{{"code": "{}"}}, "#, "PerDa".repeat(25)))),
        ("keys", filled("{", r#""type":1,"#)),
        ("short keys", filled("{", r#""a":1,"#)),
        ("lists", filled("", "[")),
        ("objects", filled("", r#"{"a":"#)),
        ("deep and shallow", filled("", r#"{"error":{"error":{}}}"#)),
        ("quotes", filled("{", "\"")),
        ("escapes", filled("{\"message\": \"", r"\u00e9\n\\")),
        ("escaped quotes", filled("{\"message\": \"", "\\\"")),
        ("JSON within a text", filled("{\"message\": \"{", r#"\"type\":\"x\","#)),
        ("many JSONs within texts", filled("{", r#""message":"{\"type\": \"{}\"}","#)),
        ("events", filled("", "data: {\"type\": \"x\"}\n\n")),
        ("lines that are none", filled("data:", "\nx")),
        ("numbers", filled("{\"code\": ", "1")),
        ("blanks", filled("{\"a\"", " ")),
    ];
    let mut slowest: f64 = 0.0;
    for (name, body) in &hostile {
        let facts = Facts {
            status: Some(400),
            body: Some(body),
            message: Some(body),
            classes: &chain,
            phase: Some(Phase::Idle),
            ..Facts::default()
        };
        let took = micros(&facts);
        slowest = slowest.max(took);
        println!("{took:9.2}  {name}");
    }
    println!("{slowest:9.2}  the slowest of them");
}
