//! A model provider on loopback that misbehaves on cue.
//!
//! It speaks the APIs of OpenAI (Chat Completions and Responses), Anthropic, Google, Amazon Bedrock and Ollama, plain and
//! streaming, and does to each request what a script says: answer, fail, fall silent, break off in the middle, pass
//! the request to a real server. `GET /log` tells what it saw. The README beside this crate shows the scripts.
//!
//! How a request runs through the files: [`serve()`] accepts it, `routes` reads it (`ask`) and looks up its behaviour
//! (`script`, `shorthand`, `behaviour`, with `state` counting), `plan` turns that into a head and a list of acts with
//! the words of its API (`api`, then `openai`, `anthropic`, ..), and `wire` (or `proxy`) plays them on the `line`. `doors`
//! are ports where a request fails before HTTP begins.

mod anthropic;
mod api;
mod ask;
mod bedrock;
mod behaviour;
mod doors;
mod event_stream;
mod fields;
mod google;
mod line;
mod log;
mod ollama;
mod openai;
mod plan;
mod proxy;
mod reply;
mod responses;
mod routes;
mod script;
mod serve;
mod shorthand;
mod state;
mod units;
mod wire;

pub use doors::Doors;
pub use proxy::Upstream;
pub use script::Script;
pub use serve::{Options, serve};
pub use shorthand::words_help;
