//! Runs the vectors of `tests/vectors/stream`: chunks in, what each was, and whether all of them were a whole answer.

use failsoft::classify::{Facts, classify};
use failsoft::policy::failure::{FailureKind, Phase};
use failsoft::stream::{Chunk, Seen, Stream};
use serde::Deserialize;

use crate::named::{maybe, word};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "note")]
    _note: Option<String>,
    #[serde(rename = "source")]
    _source: Option<String>,
    #[serde(default)]
    accept_cut: bool,
    #[serde(default)]
    wants_usage: bool,
    chunks: Vec<Held>,
    seen: Vec<String>,
    #[serde(deserialize_with = "word")]
    phase: Phase,
    end: Option<Ended>,
    error: Option<Raised>,
}

/// What a chunk holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Held {
    text: bool,
    tool_call: bool,
    reasoning: bool,
    finish: Option<String>,
    refusal: Option<String>,
    usage: bool,
    terminator: bool,
    malformed: bool,
    other: bool,
}

/// Why it is not whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended {
    #[serde(deserialize_with = "word")]
    kind: FailureKind,
    what: String,
}

/// What was raised after the chunks, and what it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raised {
    #[serde(default)]
    classes: Vec<String>,
    error_type: Option<String>,
    message: Option<String>,
    #[serde(default, deserialize_with = "maybe")]
    kind: Option<FailureKind>,
}

/// Runs one stream.
///
/// # Errors
/// What the file or its first wrong chunk gets wrong.
pub fn run_stream(text: &str) -> Result<(), String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if file.seen.len() != file.chunks.len() {
        return Err(format!("{} chunks, and {} are told of", file.chunks.len(), file.seen.len()));
    }
    let mut stream = Stream::new(file.accept_cut, file.wants_usage);
    for (index, (held, wanted)) in file.chunks.iter().zip(&file.seen).enumerate() {
        let wanted = Seen::from_name(wanted).ok_or_else(|| format!("{wanted}: none of {}", Seen::NAMES.join(", ")))?;
        let seen = stream.take(&held.chunk());
        if seen != wanted {
            return Err(format!("chunk {index}: expected {wanted}, got {seen}"));
        }
    }
    if stream.phase() != file.phase || stream.has_progressed() != (file.phase == Phase::Idle) {
        return Err(format!("expected phase {}, got {}", file.phase, stream.phase()));
    }
    match (&file.end, &file.error) {
        (None, Some(raised)) => raised.judge(stream.phase()),
        (Some(_), Some(_)) => Err("give end or error".into()),
        (end, None) => {
            let (found, wanted) = (stream.end(), end.as_ref().map(|end| (end.kind, end.what.clone())));
            if found == wanted { Ok(()) } else { Err(format!("expected end {wanted:?}, got {found:?}")) }
        }
    }
}

impl Held {
    fn chunk(&self) -> Chunk<'_> {
        let Self { text, tool_call, reasoning, usage, terminator, malformed, other, .. } = *self;
        let (finish, refusal) = (self.finish.as_deref(), self.refusal.as_deref());
        Chunk { text, tool_call, reasoning, finish, refusal, usage, terminator, malformed, other }
    }
}

impl Raised {
    fn judge(&self, phase: Phase) -> Result<(), String> {
        let classes: Vec<&str> = self.classes.iter().map(String::as_str).collect();
        let found = classify(&Facts {
            classes: &classes,
            error_type: self.error_type.as_deref(),
            message: self.message.as_deref(),
            phase: Some(phase),
            ..Facts::default()
        });
        match self.kind {
            Some(kind) if kind == found.kind => Ok(()),
            kind => Err(format!("expected {kind:?}, got {}", found.kind)),
        }
    }
}
