//! What facts come to.

use super::*;
use crate::policy::failure::FailureKind as K;

fn kind(classes: &[&str]) -> K {
    classify(&Facts { classes, ..Facts::default() }).kind
}

#[test]
fn nothing_is_known_of_nothing() {
    assert_eq!(classify(&Facts::default()), Failure::new(K::Unknown));
    assert_eq!(deciding_rule(&Facts::default()), "unknown");
}

#[test]
fn an_exact_cause_says_more_than_a_wrapper_and_than_a_connecting_class() {
    let mut chain = alloc::vec!["APIConnectionError", "Exception"];
    assert_eq!(classify(&Facts { classes: &chain, ..Facts::default() }).effect, Effect::Possible);
    chain.extend(["ConnectError", "NetworkError", "TransportError", "Exception"]);
    assert_eq!(classify(&Facts { classes: &chain, ..Facts::default() }).effect, Effect::None);
    chain.extend(["SSLCertVerificationError", "SSLError", "OSError", "Exception"]);
    assert_eq!(kind(&chain), K::Certificate);
}

#[test]
fn a_loss_that_a_client_calls_a_failure_to_connect_is_a_loss() {
    let effect = |classes: &[&str]| classify(&Facts { classes, ..Facts::default() }).effect;
    // litellm over aiohttp.
    let mut chain = alloc::vec!["APIConnectionError", "Exception", "ConnectError", "TransportError", "Exception"];
    assert_eq!(effect(&[chain.as_slice(), &["ConnectionResetError", "ConnectionError"]].concat()), Effect::None);
    assert_eq!(
        effect(
            &[chain.as_slice(), &["ClientConnectorError", "ClientOSError", "Exception", "ConnectionResetError"]]
                .concat()
        ),
        Effect::None
    );
    chain.extend(["ClientOSError", "ClientConnectionError", "Exception", "ConnectionResetError", "ConnectionError"]);
    assert_eq!(effect(&chain), Effect::Possible);
}

#[test]
fn an_older_failure_does_not_speak_for_this_one() {
    let chain = ["ReadTimeout", "TimeoutException", "Exception", "ConnectionRefusedError", "Exception"];
    let failure = classify(&Facts { classes: &chain, ..Facts::default() });
    assert_eq!((failure.kind, failure.effect), (K::ReadTimeout, Effect::Possible));
}

#[test]
fn a_bug_is_a_bug_only_in_the_exception_itself() {
    assert_eq!(kind(&["ModuleNotFoundError", "ImportError", "Exception"]), K::Bug);
    assert_eq!(kind(&["ValueError", "Exception", "object", "TypeError", "Exception"]), K::Unknown);
    assert_eq!(kind(&["TransientError", "Exception", "TypeError", "Exception"]), K::ServerError);
}

#[test]
fn a_type_error_of_fetch_is_a_wrapper_and_no_bug() {
    let judged = |message, classes| classify(&Facts { classes, message: Some(message), ..Facts::default() });
    let alone = judged("Failed to fetch (example.com)", &["TypeError", "Error"]);
    assert_eq!((alone.kind, alone.effect), (K::Connect, Effect::Possible));
    let refused = judged("fetch failed", &["TypeError", "Error", "ECONNREFUSED", "Error"]);
    assert_eq!((refused.kind, refused.effect), (K::Connect, Effect::None));
    for message in ["fetch failed?", "Load failed: x is undefined", "unterminated", ""] {
        assert_eq!(judged(message, &["TypeError", "Error"]).kind, K::Bug, "{message}");
    }
    assert_eq!(judged("fetch failed", &["Error", "TypeError", "Error"]).kind, K::Unknown);
}

#[test]
fn a_host_that_had_begun_to_send_is_believed() {
    let facts = Facts { classes: &["ConnectTimeout"], phase: Some(Phase::Send), ..Facts::default() };
    let failure = classify(&facts);
    assert_eq!((failure.phase, failure.effect), (Some(Phase::Send), Effect::Possible));
}

#[test]
fn the_first_4_kib_of_a_message_are_looked_at() {
    let kind = |message: &str| classify(&Facts { status: Some(400), message: Some(message), ..Facts::default() }).kind;
    assert_eq!(kind("Sorry: PROMPT is Too Long!"), K::ContextOverflow);
    assert_eq!(kind(&("é".repeat(2035) + " prompt is too long")), K::ContextOverflow);
    assert_eq!(kind(&("é".repeat(2040) + " prompt is too long")), K::InvalidRequest);
}

#[test]
fn a_body_speaks_for_a_status_that_says_nothing() {
    let body = r#"data: {"error": {"code": 529, "type": "x"}}"#;
    let said = |status, body| classify(&Facts { status, body: Some(body), ..Facts::default() });
    let both = [None, Some(200)].map(|status| said(status, body));
    assert_eq!(both.map(|failure| failure.kind), [K::Overloaded; 2]);
    // What is told is the status of the answer.
    assert_eq!(both.map(|failure| failure.status), [None, Some(200)]);
    assert_eq!(said(Some(404), body).kind, K::NotFound);
    assert_eq!(said(None, r#"{"error": {"code": 200}}"#), Failure::new(K::Unknown));
}

#[test]
fn a_stated_wait_comes_before_the_reset_of_a_limit() {
    let limit = ("x-ratelimit-reset", "90s");
    let judged = |status, headers: &[(&str, &str)], body| {
        let told = classify(&Facts { status: Some(status), headers, body, ..Facts::default() });
        [told.retry_after, told.reset_after].map(|time| time.map(crate::time::millis))
    };
    assert_eq!(judged(429, &[limit], None), [None, Some(90_000)]);
    assert_eq!(judged(429, &[limit, ("retry-after", "7")], None), [Some(7000), None]);
    let info =
        r#"{"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}]}}"#;
    assert_eq!(judged(429, &[limit], Some(info)), [Some(34_500), None]);
    assert_eq!(judged(500, &[limit], None), [None, None]);
}
