//! Whether a provider's reply may be taken for a whole one, from the reason that it gives for its end.

use alloc::string::String;

use crate::policy::failure::FailureKind;
use crate::text;

/// The provider's content policy stopped it.
const REFUSED: &[&str] = &["content_filter", "refusal"];
/// It was cut: `length` of Chat Completions, `max_output_tokens` of the Responses API, the others of the Messages API.
/// Aggregators mix them.
const CUT: &[&str] = &["length", "max_tokens", "max_output_tokens", "model_context_window_exceeded"];
/// It says itself that something is missing.
const NOT_WHOLE: &[&str] = &["error", "pause_turn", "response.incomplete"];

/// Why a reply may not be taken for a whole answer, with a sentence for people; `None` if it may.
///
/// `reason` is the provider's `finish_reason` or `stop_reason`, `refusal` its text of a refusal. A reply that gives no reason was
/// likely cut on its way. `accept_cut` is the caller's word that half an answer is welcome. A reason that is not known passes:
/// providers invent new ones for replies that are whole.
#[must_use]
pub fn judge_finish(reason: Option<&str>, refusal: Option<&str>, accept_cut: bool) -> Option<(FailureKind, String)> {
    let among = |list: &[&str]| reason.filter(|reason| list.contains(reason));
    if let Some(why) = refusal.filter(|text| !text.is_empty()).or(among(REFUSED)) {
        return Some((FailureKind::ContentRefused, text::reply_refused(why)));
    }
    if accept_cut && (reason.is_none() || among(CUT).is_some()) {
        return None;
    }
    if let Some(cut) = among(CUT) {
        return Some((FailureKind::ContextOverflow, text::reply_cut(cut)));
    }
    let ended_with = among(NOT_WHOLE);
    (reason.is_none() || ended_with.is_some()).then(|| (FailureKind::Malformed, text::reply_not_whole(ended_with)))
}

#[cfg(test)]
mod tests;
