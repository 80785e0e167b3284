//! The APIs the provider speaks. What is different between them stands in one file each, behind [`Dialect`].

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::Value;

use crate::anthropic::Anthropic;
use crate::ask::{Answer, Frame, plain};
use crate::bedrock::{Converse, Invoke};
use crate::google::Google;
use crate::ollama::Ollama;
use crate::openai::OpenAi;
use crate::responses::Responses;

/// The API a request came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// `/v1/chat/completions`.
    OpenAi,
    /// `/v1/responses`.
    Responses,
    /// `/v1/messages`.
    Anthropic,
    /// `/v1beta/models/{model}:generateContent`.
    Google,
    /// `/model/{model}/converse` of Amazon Bedrock.
    Converse,
    /// `/model/{model}/invoke` of Amazon Bedrock, with a model of Anthropic's.
    Invoke,
    /// `/api/chat`.
    Ollama,
}

impl Api {
    /// How it speaks.
    pub(crate) fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::OpenAi => &OpenAi,
            Self::Responses => &Responses,
            Self::Anthropic => &Anthropic,
            Self::Google => &Google,
            Self::Converse => &Converse,
            Self::Invoke => &Invoke,
            Self::Ollama => &Ollama,
        }
    }
}

/// An error about to be rendered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault<'a> {
    /// Its type, in the words of the API.
    pub(crate) kind: &'a str,
    /// Its message.
    pub(crate) message: &'a str,
    /// The status it goes with; 503 for one inside a reply that began with 200.
    pub(crate) status: StatusCode,
    /// The number of the request, for ids.
    pub(crate) number: u64,
}

/// How an API reads questions and words answers, streams and errors.
pub(crate) trait Dialect: Sync {
    /// The field of a request that holds the conversation.
    fn conversation(&self) -> &'static str {
        "messages"
    }

    /// What else a request must satisfy.
    fn check(&self, _body: &Value) -> Result<(), String> {
        Ok(())
    }

    /// Whether a stream is wanted, if neither path nor body says.
    fn streams_by_default(&self) -> bool {
        false
    }

    /// What a message says, as plain text.
    fn said(&self, message: &Value) -> String {
        message.get("content").map(plain).unwrap_or_default()
    }

    /// The content of a message, if it is (or ends with) a tool result.
    fn tool_result(&self, message: &Value) -> Option<String>;

    /// A whole answer. `finished` false leaves the finish reason out.
    fn whole(&self, answer: Answer<'_>, finished: bool) -> Value;

    /// The stream of a whole answer.
    fn frames(&self, answer: Answer<'_>) -> Vec<Frame>;

    /// The body of an error.
    fn error(&self, fault: Fault<'_>) -> Value;

    /// The type such a server gives an error with this status.
    fn error_type(&self, status: StatusCode) -> &'static str;

    /// The type of an error that says the model is overloaded.
    fn overloaded(&self) -> &'static str {
        "overloaded_error"
    }

    /// A piece of content in a stream whose data is this, JSON or not.
    fn piece(&self, data: &str) -> Bytes;

    /// An error inside a stream.
    fn error_piece(&self, kind: &str, data: &str) -> Bytes;

    /// What such a server sends to keep a stream open, if it does.
    fn keep_alive(&self) -> Option<Bytes> {
        Some(Bytes::from_static(b": keep-alive\n\n"))
    }

    /// What a stream says it is.
    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    /// The header with the request's id.
    fn id_header(&self) -> &'static str {
        "x-request-id"
    }

    /// The header that names an error's type, if there is one.
    fn error_header(&self) -> Option<&'static str> {
        None
    }
}
