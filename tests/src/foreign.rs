//! Runs the vectors of `tests/vectors/text` that say how foreign text is shown.

use failsoft::foreign;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "note")]
    _note: Option<String>,
    foreign: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    is: Is,
    text: String,
    times: Option<usize>,
    shown: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Is {
    Name,
    Text,
}

/// Whether a file of that folder is of this form; the others are timelines.
#[must_use]
pub fn is_foreign(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|file| file.get("foreign").is_some())
}

/// Runs such a file.
///
/// # Errors
/// The first text that is shown otherwise.
pub fn run_foreign(text: &str) -> Result<(), String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    for (index, case) in file.foreign.iter().enumerate() {
        let text = case.text.repeat(case.times.unwrap_or(1));
        let shown = match case.is {
            Is::Name => foreign::name(&text),
            Is::Text => foreign::text(&text),
        }
        .to_string();
        if shown != case.shown {
            return Err(format!("text {index}: expected {:?}, got {shown:?}", case.shown));
        }
    }
    if file.foreign.is_empty() { Err("no cases".into()) } else { Ok(()) }
}
