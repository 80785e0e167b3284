//! The engine as a wasm component: it only converts. Every decision is the core's.
//!
//! `wit/failsoft.wit` is what a host sees. Resources hold the core's values; a component has one thread and imports nothing, so
//! no lock is needed and nothing can call back in.

mod call;
mod circuit;
mod command;
mod convert;
mod policy;
mod session;
mod stream;
mod turn;

mod bindings {
    wit_bindgen::generate!({ world: "engine", path: "wit" });

    // Elsewhere the crate is only checked: names such as `[method]turn.poll` are no symbols for other linkers.
    #[cfg(target_arch = "wasm32")]
    export!(Engine);
    #[cfg(target_arch = "wasm32")]
    use super::Engine;
}

use core::time::Duration;

use bindings::exports::failsoft::engine::machine as wit;

/// The exported interface.
struct Engine;

impl wit::Guest for Engine {
    type Policy = policy::Policy;
    type Session = session::Session;
    type Turn = turn::Turn;
    type Call = call::Call;
    type Admitted = call::Admitted;
    type Circuit = circuit::Circuit;
    type Stream = stream::Stream;

    fn canonical_digest(tool: String, arguments: String) -> Result<wit::Digest, String> {
        failsoft::policy::approval::digest(&tool, &arguments).map(|digest| digest.to_string())
    }

    fn idempotency_key(key: wit::KeySource) -> Result<String, String> {
        let source = failsoft::command::KeySource::from_words([key.first, key.second, key.rest]);
        source.key().map(|key| key.to_string()).map_err(|none| none.to_string())
    }

    fn classify(facts: wit::Facts) -> wit::Failure {
        convert::failure_out(convert::with_facts(&facts, failsoft::classify::classify))
    }

    fn header_names() -> Vec<String> {
        failsoft::classify::HEADERS.iter().map(ToString::to_string).collect()
    }

    fn read_reply(answer: String, calls: u32) -> wit::ReplyKind {
        failsoft::command::ReplyKind::read(&answer, calls as usize).into()
    }

    fn is_limit_of_ours(kind: wit::FailureKind, ends_reading: bool, waited_ms: u64, limit_ms: u64) -> bool {
        let (waited, limit) = (Duration::from_millis(waited_ms), Duration::from_millis(limit_ms));
        failsoft::classify::is_limit_of_ours(kind.into(), ends_reading, waited, limit)
    }

    fn judge_finish(reason: Option<String>, refusal: Option<String>, accept_cut: bool) -> Option<wit::Unusable> {
        let unusable = failsoft::classify::judge_finish(reason.as_deref(), refusal.as_deref(), accept_cut);
        unusable.map(stream::unusable)
    }

    fn foreign_name(text: String) -> String {
        failsoft::foreign::name(&text).to_string()
    }

    fn foreign_text(text: String) -> String {
        failsoft::foreign::text(&text).to_string()
    }
}
