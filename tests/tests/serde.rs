//! Policies and routes from the configuration files of Rust programs, and what was decided as plain data.

use std::sync::Arc;

use failsoft::policy::retry::Jitter;
use failsoft::value::Value;
use failsoft::{Command, Event, Failure, FailureKind, Instant, Policy, Route, Session, Turn};
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Config {
    policy: Policy,
    routes: Vec<Route>,
}

const FILE: &str = r#"
    [policy.retry]
    max_attempts = 5
    base_ms = 250
    factor = 1.5
    jitter = "none"

    [policy.turn]
    deadline_ms = 60_000

    [[policy.classify.rules]]
    name = "maintenance"
    when = { status = [503, "5xx"] }
    then = { kind = "overloaded", retry_after_ms = 2000 }

    [[routes]]
    name = "primary"
    timeout_ms = 30_000

    [[routes]]
    name = "backup"
"#;

fn is_the_one_of_the_file(Config { policy, routes }: &Config) {
    assert_eq!((policy.retry.max_attempts, policy.retry.base.as_millis()), (5, 250));
    assert_eq!((policy.retry.factor.0, policy.retry.jitter), (1500, Jitter::None));
    assert_eq!(policy.turn.deadline.map(|span| span.as_secs()), Some(60));
    assert_eq!(policy.classify.rules.len(), 1);
    assert_eq!((routes[0].timeout.map(|span| span.as_secs()), routes[1].name.as_str()), (Some(30), "backup"));
    assert_eq!((policy.check(), policy.breaker), (Ok(()), Policy::default().breaker));
}

#[test]
fn a_policy_is_read_from_toml() {
    is_the_one_of_the_file(&toml::from_str(FILE).unwrap());
}

#[test]
fn a_policy_is_read_from_layers_by_figment() {
    #[derive(Serialize)]
    struct Layer {
        policy: Policy,
    }
    let base = Serialized::defaults(Layer { policy: Policy::default() });
    is_the_one_of_the_file(&Figment::from(base).merge(Toml::string(FILE)).extract().unwrap());
}

#[test]
fn nonsense_is_refused_in_the_same_line() {
    for (file, line) in [
        ("[retry]\nmax_attempts = 0", "retry.max_attempts: 0 is not allowed; use a whole number from 1 to 1000"),
        ("[retry]\nbase_ms = \"1\"", "retry.base_ms: \"1\" is not allowed; use 0 ms to 30 days"),
        ("[retry]\nbase_ms = -1", "retry.base_ms: -1 ms is not allowed; use 0 ms to 30 days"),
        (
            "[retry]\nbase_ms = 2000\ncap_ms = 1000",
            "retry.cap_ms: 1000 ms is not allowed; use at least retry.base_ms, which is 2000 ms",
        ),
        ("[retry]\nbase = 1", "retry.base: 1 is not allowed; use one of the fields max_attempts, base_ms, "),
        ("retry = 3", "retry: 3 is not allowed; use a map of fields"),
    ] {
        let by_toml = toml::from_str::<Policy>(file).unwrap_err().to_string();
        assert!(by_toml.starts_with(line), "{by_toml}");
        let by_figment = Figment::from(Toml::string(file)).extract::<Policy>().unwrap_err().to_string();
        assert!(by_figment.starts_with(line), "{by_figment}");
        let by_json = serde_json::to_string(&toml::from_str::<Value>(file).unwrap()).unwrap();
        assert!(Policy::from_json(&by_json).unwrap_err().to_string().starts_with(line));
    }
}

#[test]
fn what_is_written_is_read_again() {
    let Config { policy, routes } = toml::from_str(FILE).unwrap();
    let text = serde_json::to_string(&(&policy, &routes)).unwrap();
    assert_eq!(serde_json::from_str::<(Policy, Vec<Route>)>(&text).unwrap(), (policy.clone(), routes.clone()));
    assert_eq!(Policy::from_json(&policy.to_json()).unwrap(), policy);
    let session = Session::new(Arc::new(policy.clone()), routes.clone()).unwrap();
    let stored = session.snapshot_value(Instant::ZERO, 0);
    let read: Value = serde_json::from_str(&serde_json::to_string(&stored).unwrap()).unwrap();
    assert_eq!(read, stored);
    assert_eq!(Session::restore_value(&read, Arc::new(policy), routes, 0, Instant::ZERO, 0).unwrap(), session);
}

#[test]
fn reports_and_notices_are_plain_data() {
    let routes = vec![Route::new("primary"), Route::new("backup")];
    let mut session = Session::new(Arc::new(Policy::default()), routes).unwrap();
    let mut turn = Turn::new(&mut session, Arc::new([]), Instant::ZERO);
    let Command::Attempt(attempt) = turn.poll(&mut session, Instant::ZERO) else { panic!("an attempt") };
    let failure = Failure::new(FailureKind::NotFound).status(404);
    assert!(
        turn.handle(&mut session, Instant::ZERO, Event::Failed { id: attempt.id, failure, spent: None }).accepted()
    );
    let notices: Vec<_> = std::iter::from_fn(|| turn.poll_notice()).collect();
    let first = serde_json::to_value(&notices).unwrap()[0].clone();
    assert_eq!(first["what"]["is"], "attempt_failed");
    assert_eq!((first["what"]["failure"]["kind"].as_str(), first["route"].as_u64()), (Some("not_found"), Some(0)));
    let report = serde_json::to_value(turn.report(&session)).unwrap();
    assert_eq!((report["attempts"].as_u64(), report["degraded"].as_bool()), (Some(2), Some(false)));
    assert_eq!(report["lines"].as_array().map(Vec::len), Some(notices.len()));
}
