//! The rules by which failures are told apart, as data: asked from the top, the first that holds decides.
//!
//! A rule holds if all its conditions hold; of the alternatives within one condition, one is enough. Words come from
//! [OpenAI's error codes](https://platform.openai.com/docs/guides/error-codes) and the `ResponseError` of openai 3.54,
//! [Anthropic's errors](https://docs.anthropic.com/en/api/errors) and the `ErrorType` of anthropic 2.12; the longer lists
//! of classes stand in `classes.rs`.

use super::classes::{BUGS, CERTIFICATES, CONNECTING, LOST, READ_LIMIT, WRAPPERS};
use crate::policy::failure::{Effect, FailureKind as K, Phase};

/// A rule: its name, its conditions (an empty one always holds), and what a failure is for which they hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// The HTTP status is among these.
    pub(super) statuses: Option<Statuses>,
    /// The provider's error code, or its error type, is one of these: providers put the same word in either.
    pub(super) words: &'static [&'static str],
    /// The message contains one of these. Narrow, and only where the provider gives no code.
    pub(super) phrases: &'static [&'static str],
    /// The telling class is one of these.
    pub(super) classes: &'static [&'static str],
    /// The host names one of these phases.
    pub(super) phases: &'static [Phase],
    pub(super) kind: K,
    pub(super) phase: Option<Phase>,
    pub(super) effect: Effect,
}

/// HTTP statuses, one by one or by the hundred.
#[derive(Debug, Clone, Copy)]
pub(super) enum Statuses {
    These(&'static [u16]),
    Hundred(u16),
}

impl Statuses {
    pub(super) fn contain(self, status: u16) -> bool {
        match self {
            Self::These(these) => these.contains(&status),
            Self::Hundred(hundred) => status / 100 == hundred,
        }
    }
}

impl Rule {
    const fn new(name: &'static str, kind: K) -> Self {
        let (phase, effect) = (None, Effect::Possible);
        Self { name, statuses: None, words: &[], phrases: &[], classes: &[], phases: &[], kind, phase, effect }
    }

    const fn status(mut self, these: &'static [u16]) -> Self {
        self.statuses = Some(Statuses::These(these));
        self
    }

    const fn hundred(mut self, hundred: u16) -> Self {
        self.statuses = Some(Statuses::Hundred(hundred));
        self
    }

    const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    const fn phrases(mut self, phrases: &'static [&'static str]) -> Self {
        self.phrases = phrases;
        self
    }

    const fn classes(mut self, classes: &'static [&'static str]) -> Self {
        self.classes = classes;
        self
    }

    const fn phases(mut self, phases: &'static [Phase]) -> Self {
        self.phases = phases;
        self
    }

    /// It happened in this phase.
    const fn at(mut self, phase: Phase) -> Self {
        self.phase = Some(phase);
        self
    }

    /// It happened in this phase, before anything was sent.
    const fn unsent(mut self, phase: Phase) -> Self {
        self.effect = Effect::None;
        self.at(phase)
    }
}

/// What decides when no rule holds.
pub(super) const UNKNOWN: Rule = Rule::new("unknown", K::Unknown);

/// All rules, in order. Later sections are asked only if no earlier one knew.
pub(super) const RULES: &[Rule] = &[
    // What the host's own code says outright, whatever it was caused by.
    Rule::new("said_timed_out", K::TimedOut).classes(&["CallTimeout"]),
    Rule::new("said_transient", K::ServerError).classes(&["TransientError"]),
    Rule::new("said_permanent", K::InvalidRequest).classes(&["PermanentError"]),
    // An engine below this one has already decided; taken apart again, its retries would multiply.
    Rule::new("said_already", K::Unknown).classes(&["Exhausted", "BreakerOpen", "StepLimitExceeded", "ApprovalDenied"]),
    // What the provider says in a word of its own, whatever the status.
    Rule::new("quota", K::QuotaExhausted).words(&[
        "insufficient_quota",                      // OpenAI, 429
        "billing_hard_limit_reached",              // OpenAI, 400 or 429
        "billing_not_active",                      // OpenAI, 429
        "billing_error",                           // Anthropic, 402
        "contract_spend_limit_reached",            // Anthropic, 429
        "enforced_spend_limit_reached",            // Anthropic, 429
        "linked_organization_spend_limit_reached", // Anthropic, 402
        "linked_organization_billing_unavailable", // Anthropic, 402
    ]),
    // Not "exceeded your current quota": Google says that of a limit per minute as well.
    Rule::new("quota_by_phrase", K::QuotaExhausted)
        .status(&[400, 402, 403, 429])
        .phrases(&["credit balance is too low"]), // Anthropic, 400
    Rule::new("context", K::ContextOverflow).words(&["context_length_exceeded"]), // OpenAI, 400
    Rule::new("context_by_phrase", K::ContextOverflow).status(&[400, 413]).phrases(&[
        "prompt is too long",                                 // Anthropic
        "input length and `max_tokens` exceed context limit", // Anthropic
        "maximum context length is",                          // OpenAI
    ]),
    Rule::new("content", K::ContentRefused).words(&[
        "content_filter",                 // Azure OpenAI, 400
        "ResponsibleAIPolicyViolation",   // Azure OpenAI, the inner code
        "content_policy_violation",       // OpenAI, 400
        "moderation_blocked",             // OpenAI, images
        "image_content_policy_violation", // OpenAI
        "misalignment_policy_violation",  // OpenAI
        "bio_policy",                     // OpenAI
    ]),
    Rule::new("content_by_phrase", K::ContentRefused).phrases(&[
        "output blocked by content filtering policy", // Anthropic, also inside a stream
        "flagged as potentially violating our usage policy", // OpenAI, code invalid_prompt
        "limited access to this content for safety reasons", // OpenAI, code invalid_prompt
        "rejected as a result of our safety system",  // OpenAI, images
    ]),
    Rule::new("content_by_class", K::ContentRefused).classes(&["ContentFilterFinishReasonError"]), // openai
    Rule::new("model", K::NotFound).words(&["model_not_found"]), // OpenAI, 404, and 403 where it exists for others
    Rule::new("overloaded", K::Overloaded).words(&[
        "overloaded_error",     // Anthropic, 529 or inside a 200 stream
        "server_is_overloaded", // OpenAI, 503 or inside a stream
        "slow_down",            // OpenAI, likewise
    ]),
    Rule::new("rate_limit", K::RateLimited).words(&[
        "rate_limit_error",    // Anthropic, 429
        "rate_limit_exceeded", // OpenAI, 429 or inside a stream
    ]),
    // What the status says.
    Rule::new("payment_402", K::QuotaExhausted).status(&[402]),
    Rule::new("auth_401_403", K::Auth).status(&[401, 403]),
    Rule::new("not_found_404_410", K::NotFound).status(&[404, 410]),
    // The server waited in vain, or met a lock, or lost us: openai and anthropic ask again at 408 and 409.
    Rule::new("server_408_409_499", K::ServerError).status(&[408, 409, 499]),
    Rule::new("rate_limit_429", K::RateLimited).status(&[429]),
    Rule::new("overloaded_503_529", K::Overloaded).status(&[503, 529]),
    Rule::new("server_5xx", K::ServerError).hundred(5),
    Rule::new("refused_4xx", K::InvalidRequest).hundred(4),
    // What the provider's error type says where there is no such status: inside a 200 stream.
    Rule::new("auth_by_type", K::Auth).words(&["authentication_error", "permission_error", "invalid_api_key"]),
    Rule::new("not_found_by_type", K::NotFound).words(&["not_found_error"]),
    Rule::new("server_by_type", K::ServerError).words(&["api_error", "timeout_error", "server_error"]),
    Rule::new("refused_by_type", K::InvalidRequest).words(&["invalid_request_error", "request_too_large"]),
    // What the class says, where no answer came.
    Rule::new("certificate", K::Certificate).classes(CERTIFICATES).unsent(Phase::Connect),
    // Where httpcore's `from None` cut the cause off: OpenSSL's word for it is still in the message.
    Rule::new("certificate_by_phrase", K::Certificate)
        .classes(CONNECTING)
        .phrases(&["CERTIFICATE_VERIFY_FAILED"])
        .unsent(Phase::Connect),
    // A body that is not JSON: `response.json()` throws what bad code throws.
    Rule::new("malformed_json", K::Malformed).classes(&["SyntaxError"]).phrases(&[
        "JSON at position", // V8
        "JSON input",       // V8
        "valid JSON",       // V8 and openai: "is not valid JSON", "contains invalid JSON"
        "event JSON",       // openai: "malformed server-sent event JSON"
        "JSON.parse: ",     // Firefox
        "JSON Parse error", // Safari
    ]),
    Rule::new("bug", K::Bug).classes(BUGS),
    Rule::new("unsendable", K::InvalidRequest).classes(&[
        "UnsupportedProtocol", // httpx: no http:// in the address
        "LocalProtocolError",  // httpx: such as a line break in an API key
        "InvalidURL",          // httpx, requests, aiohttp, http.client
        "MissingSchema",       // requests
        "InvalidSchema",       // requests
        "InvalidHeader",       // requests, urllib3
        "LocationValueError",  // urllib3
    ]),
    Rule::new("credentials", K::Auth).classes(&["CredentialsError", "SubjectTokenProviderError"]), // anthropic, openai
    // The engine's own deadline, and gRPC's without a status: neither is transient.
    Rule::new("deadline", K::Unknown).classes(&["DeadlineExceeded"]),
    Rule::new("pool", K::Connect).classes(&["PoolTimeout", "EmptyPoolError", "ClosedPoolError"]).unsent(Phase::Pool),
    Rule::new("dns", K::Connect)
        .classes(&[
            "gaierror",
            "herror",
            "NameResolutionError",
            "ClientConnectorDNSError",
            "ENOTFOUND", // Node; likewise the next two
            "EAI_AGAIN",
            "EAI_FAIL",
        ])
        .unsent(Phase::Connect),
    Rule::new("refused", K::Connect)
        .classes(&[
            "ConnectionRefusedError",
            "NewConnectionError",
            "ECONNREFUSED",         // Node
            "connect EHOSTUNREACH", // Node; likewise the next four
            "connect ENETUNREACH",
            "connect ENETDOWN",
            "connect ECONNRESET",
            "connect EADDRNOTAVAIL",
        ])
        .unsent(Phase::Connect),
    Rule::new("connect_timeout", K::Connect)
        .classes(&[
            "ConnectTimeout",
            "ConnectTimeoutError",
            "ConnectionTimeoutError",
            "UND_ERR_CONNECT_TIMEOUT", // undici
            "connect ETIMEDOUT",       // Node
        ])
        .unsent(Phase::Connect),
    Rule::new("connecting", K::Connect).classes(CONNECTING).unsent(Phase::Connect),
    Rule::new("malformed", K::Malformed).classes(&[
        "JSONDecodeError",            // Python, requests
        "APIResponseValidationError", // openai, anthropic
        "DecodingError",              // httpx
        "SSEError",                   // httpx2
        "ContentDecodingError",       // requests
        "DecodeError",                // urllib3
        "ContentTypeError",           // aiohttp
    ]),
    // Somebody cancelled, and not the caller: a host reports that as abandoned and never asks here. It may be a limit
    // of the request's own (`setTimeout(() => controller.abort())`) or a change of mind. So not again here, as for all
    // that is unknown, but elsewhere.
    Rule::new("aborted", K::Unknown).classes(&["AbortError", "APIUserAbortError"]),
    // What the host knows about the phase.
    Rule::new("pool_by_phase", K::Connect).phases(&[Phase::Pool]).unsent(Phase::Pool),
    Rule::new("connect_by_phase", K::Connect).phases(&[Phase::Connect]).unsent(Phase::Connect),
    Rule::new("broken_after_progress", K::StreamBroken).phases(&[Phase::Idle]).classes(LOST),
    Rule::new("stalled_after_progress", K::StreamBroken).phases(&[Phase::Idle]).classes(READ_LIMIT),
    Rule::new("write_timeout", K::Connect).classes(&["WriteTimeout"]).at(Phase::Send), // httpx
    Rule::new("lost", K::Connect).classes(LOST),
    Rule::new("read_timeout", K::ReadTimeout).classes(READ_LIMIT),
    Rule::new("wrapped", K::Connect).classes(WRAPPERS),
    // openai for Node gives its errors no names, and a bundler renames their classes: these two have no status either.
    Rule::new("timeout_by_phrase", K::ReadTimeout).phrases(&["Request timed out."]),
    Rule::new("connection_by_phrase", K::Connect).phrases(&["Connection error."]),
];
