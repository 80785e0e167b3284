//! The fields of each behaviour, with their defaults. [`crate::behaviour`] says what the behaviours do.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::behaviour::Behaviour;
use crate::reply::Reply;
use crate::units::{Code, Headers, Millis};

/// Fields of [`Behaviour::Status`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Status {
    /// The status code, 200 to 599.
    pub(crate) status: Code,
    /// Headers to send, such as `retry-after`.
    #[serde(default)]
    pub(crate) headers: Headers,
    /// The body: JSON, or a string sent raw. Without one, the error object the API spoken would send.
    pub(crate) body: Option<Value>,
    /// How long to wait before the headers.
    #[serde(default)]
    pub(crate) delay_ms: Millis,
}

/// Fields of [`Behaviour::Reset`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Reset {
    /// How long to wait before the reset.
    pub(crate) delay_ms: Millis,
}

/// Fields of [`Behaviour::Silence`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Silence {
    /// After this the connection is closed; without it silence lasts until the client leaves.
    pub(crate) for_ms: Option<Millis>,
}

/// Fields of [`Behaviour::Slow`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slow {
    /// How long the first token takes.
    pub(crate) ms: Millis,
    /// The answer.
    #[serde(default)]
    pub(crate) reply: Reply,
}

/// Fields of [`Behaviour::Cut`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cut {
    /// How many chunks with content come through (a plain answer is cut in its middle).
    pub(crate) after: usize,
    /// How the connection ends.
    pub(crate) how: Ending,
    /// The answer to cut.
    pub(crate) reply: Reply,
}

/// How a connection ends in the middle of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    /// With a TCP reset.
    #[default]
    Reset,
    /// With an orderly TCP close, the HTTP body being incomplete.
    Close,
    /// Not at all: nothing more comes.
    Stall,
}

/// Fields of [`Behaviour::Stall`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Stall {
    /// How many chunks with content come through before (half of a plain answer).
    pub(crate) after: usize,
    /// After this the answer goes on; without it the stall lasts until the client leaves.
    pub(crate) for_ms: Option<Millis>,
    /// How often a keep-alive is sent meanwhile; without it none is. Streams only.
    pub(crate) keep_alive_ms: Option<Millis>,
    /// The answer to stall.
    pub(crate) reply: Reply,
}

/// Fields of [`Behaviour::MalformedChunk`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MalformedChunk {
    /// How many chunks with content come before it.
    pub(crate) after: usize,
    /// What stands after `data: `.
    pub(crate) data: String,
    /// Whether the rest of the answer follows, up to its proper end.
    pub(crate) goes_on: bool,
    /// The answer around it.
    pub(crate) reply: Reply,
}

impl Default for MalformedChunk {
    fn default() -> Self {
        Self { after: 0, data: "{\"choices\":[{\"delta\":{\"cont".into(), goes_on: true, reply: Reply::default() }
    }
}

/// Fields of [`Behaviour::NoTerminator`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NoTerminator {
    /// Whether the connection stays open instead of the body ending.
    pub(crate) stays_open: bool,
    /// The answer.
    pub(crate) reply: Reply,
}

/// Fields of [`Behaviour::NoFinish`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NoFinish {
    /// How many chunks with content come; without it all of them.
    pub(crate) after: Option<usize>,
    /// Whether `[DONE]` or `message_stop` is sent nevertheless.
    pub(crate) terminator: bool,
    /// The answer.
    pub(crate) reply: Reply,
}

/// Fields of [`Behaviour::StreamError`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StreamError {
    /// How many chunks with content come before it.
    pub(crate) after: usize,
    /// The error's type; without it the API's own word for an overloaded model.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// The error's message.
    pub(crate) message: String,
    /// The whole error object instead of one made of the two: JSON, or a string sent raw.
    pub(crate) body: Option<Value>,
    /// The answer it interrupts.
    pub(crate) reply: Reply,
}

impl Default for StreamError {
    fn default() -> Self {
        Self { after: 0, kind: None, message: "Overloaded".into(), body: None, reply: Reply::default() }
    }
}

/// Fields of [`Behaviour::MalformedBody`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MalformedBody {
    /// The body.
    pub(crate) body: String,
    /// What it claims to be.
    pub(crate) headers: Headers,
}

impl Default for MalformedBody {
    fn default() -> Self {
        Self { body: "<html><body>502 Bad Gateway</body></html>".into(), headers: Headers::default() }
    }
}

/// Fields of [`Behaviour::Down`]: times count from when the script was set (a script in a model's name: from its first request).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Down {
    /// When it goes down; from the beginning by default.
    #[serde(default)]
    pub(crate) from_ms: Millis,
    /// When it is up again; never by default.
    pub(crate) until_ms: Option<Millis>,
    /// What it does while down; 503 by default.
    #[serde(default = "unavailable")]
    pub(crate) down: Box<Behaviour>,
    /// What it does while up; an answer by default.
    #[serde(default = "healthy")]
    pub(crate) up: Box<Behaviour>,
}

/// The default of [`Down::down`].
pub(crate) fn unavailable() -> Box<Behaviour> {
    let status = Code(StatusCode::SERVICE_UNAVAILABLE);
    Box::new(Behaviour::Status(Status { status, headers: Headers::default(), body: None, delay_ms: Millis::default() }))
}

/// The default of [`Down::up`].
pub(crate) fn healthy() -> Box<Behaviour> {
    Box::new(Behaviour::Answer(Reply::default()))
}

/// Fields of [`Behaviour::AfterTool`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AfterTool {
    /// While the last message is no tool result: usually an answer with tool calls.
    pub(crate) first: Box<Behaviour>,
    /// When it is one: usually an answer with `{last_tool_result}`.
    pub(crate) then: Box<Behaviour>,
}

/// Fields of [`Behaviour::Pass`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Pass {
    /// The model to ask the upstream for, instead of the one named in the request.
    pub(crate) model: Option<String>,
    /// How long to wait before asking.
    pub(crate) delay_ms: Millis,
    /// Break the reply off after so many events of its stream (a plain one: in its middle); without it all of it comes.
    pub(crate) cut_after: Option<usize>,
    /// How it is broken off.
    pub(crate) how: Ending,
}
