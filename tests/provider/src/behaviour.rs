//! What the provider can be told to do with one request: the vocabulary of a script, and how it is read from JSON.
//!
//! In JSON a behaviour is an object whose `do` names it, or a string in the shorthand of [`crate::shorthand`].

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::fields::{
    AfterTool, Cut, Down, MalformedBody, MalformedChunk, NoFinish, NoTerminator, Pass, Reset, Silence, Slow, Stall,
    Status, StreamError,
};
use crate::reply::Reply;
use crate::shorthand;

/// What happens to one request. The names in snake case are the values of `do`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub(crate) enum Behaviour {
    /// A whole, healthy answer: text, tool calls or both.
    Answer(Reply),
    /// An HTTP status with headers and a body.
    Status(Status),
    /// The connection is reset before any header is sent.
    Reset(Reset),
    /// Nothing is ever sent.
    Silence(Silence),
    /// A healthy answer whose first token comes late; a stream's headers and role come at once.
    Slow(Slow),
    /// The answer breaks off midway and the connection with it.
    Cut(Cut),
    /// The answer stops midway and the connection stays open.
    Stall(Stall),
    /// One chunk in the stream is not JSON.
    MalformedChunk(MalformedChunk),
    /// A complete stream, finish reason included, whose `[DONE]` or `message_stop` never comes.
    NoTerminator(NoTerminator),
    /// A stream that ends, properly for HTTP, without ever giving a finish reason.
    NoFinish(NoFinish),
    /// An error event inside a stream that began with status 200.
    StreamError(StreamError),
    /// Status 200 and a body that is not JSON.
    MalformedBody(MalformedBody),
    /// One behaviour in a window of time, another one outside it.
    Down(Down),
    /// One behaviour until the last message is a tool result, another one then.
    AfterTool(AfterTool),
    /// The request goes to the upstream server, its reply comes back unchanged.
    Pass(Pass),
}

impl Behaviour {
    /// The value of `do`, which is also the name in the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Status(_) => "status",
            Self::Reset(_) => "reset",
            Self::Silence(_) => "silence",
            Self::Slow(_) => "slow",
            Self::Cut(_) => "cut",
            Self::Stall(_) => "stall",
            Self::MalformedChunk(_) => "malformed_chunk",
            Self::NoTerminator(_) => "no_terminator",
            Self::NoFinish(_) => "no_finish",
            Self::StreamError(_) => "stream_error",
            Self::MalformedBody(_) => "malformed_body",
            Self::Down(_) => "down",
            Self::AfterTool(_) => "after_tool",
            Self::Pass(_) => "pass",
        }
    }

    /// The behaviour that applies to a request which came `since` after the script was set.
    pub(crate) fn resolve(&self, since: Duration, last_is_tool_result: bool) -> &Self {
        match self {
            Self::Down(Down { from_ms, until_ms, down, up }) => {
                let is_down = since >= from_ms.span() && until_ms.is_none_or(|until| since < until.span());
                (if is_down { down } else { up }).resolve(since, last_is_tool_result)
            }
            Self::AfterTool(AfterTool { first, then }) => {
                (if last_is_tool_result { then } else { first }).resolve(since, last_is_tool_result)
            }
            settled => settled,
        }
    }

    /// Whether an upstream server is needed to carry it out.
    pub(crate) fn needs_upstream(&self) -> bool {
        match self {
            Self::Pass(_) => true,
            Self::Down(Down { down: a, up: b, .. }) | Self::AfterTool(AfterTool { first: a, then: b }) => {
                a.needs_upstream() || b.needs_upstream()
            }
            _ => false,
        }
    }

    /// Reads an object with a `do`; the error names the field and what is allowed.
    pub(crate) fn from_object(mut fields: Map<String, Value>) -> Result<Self, String> {
        let name = match fields.remove("do") {
            Some(Value::String(name)) => name,
            Some(other) => return Err(format!("`do` is {other}, not the name of a behaviour such as \"answer\"")),
            None => return Err("field `do` is missing: it names the behaviour, such as \"answer\"".into()),
        };
        let tagged = Value::Object(Map::from_iter([(name, Value::Object(fields))]));
        let mut track = serde_path_to_error::Track::new();
        let read = Self::deserialize(serde_path_to_error::Deserializer::new(tagged, &mut track));
        let behaviour = read.map_err(|error| {
            let error = error.to_string().replace("unknown variant", "no such value");
            let error = error.replace("expected usize", "expected a whole number from 0");
            let error = error.replace("expected u64", "expected a whole number from 0");
            match track.path().to_string().as_str() {
                "." | "?" => format!("do: {error}"),
                path => format!("{path}: {error}"),
            }
        })?;
        match &behaviour {
            Self::Down(Down { from_ms, until_ms: Some(until), .. }) if until <= from_ms => {
                Err("down.until_ms: must be greater than `from_ms`".into())
            }
            _ => Ok(behaviour),
        }
    }
}

impl<'de> Deserialize<'de> for Behaviour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => shorthand::single(&text).map_err(D::Error::custom),
            Value::Object(fields) => Self::from_object(fields).map_err(D::Error::custom),
            other => Err(D::Error::custom(format!("{other} is no behaviour: give an object with `do`, or a string"))),
        }
    }
}
