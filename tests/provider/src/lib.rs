//! A model provider on loopback that misbehaves on cue.
//!
//! It speaks the OpenAI API (`POST /v1/chat/completions`) and the Anthropic one (`POST /v1/messages`), plain and
//! streaming, and does to each request what a script says: answer, fail, fall silent, break off in the middle, pass
//! the request to a real server. `GET /log` tells what it saw. The README beside this crate shows the scripts.
//!
//! How a request runs through the files: [`serve()`] accepts it, `routes` reads it (`ask`) and looks up its behaviour
//! (`script`, `shorthand`, `behaviour`, with `state` counting), `plan` turns that into a head and a list of acts with
//! the words of `openai` or `anthropic`, and `wire` (or `proxy`) plays them on the `line`.

mod anthropic;
mod ask;
mod behaviour;
mod fields;
mod line;
mod log;
mod openai;
mod plan;
mod proxy;
mod reply;
mod routes;
mod script;
mod serve;
mod shorthand;
mod state;
mod units;
mod wire;

pub use proxy::Upstream;
pub use script::Script;
pub use serve::{Options, serve};
pub use shorthand::words_help;
