use super::*;
use crate::command::{End, StopReason};
use crate::notice::{Follows, Notice, Scoped, Skip, What};
use crate::outcome::ToolOutcome;
use crate::policy::failure::{Failure, FailureKind};
use crate::policy::limits::Limit;
use crate::time::{Instant, span};
use crate::value::Spelling;
use alloc::string::ToString;
use core::time::Duration;

struct Chain(&'static [&'static str]);

impl Names for Chain {
    fn route_name(&self, route: RouteId) -> &str {
        self.0.get(usize::from(route.0)).copied().unwrap_or("?")
    }
}

const CHAIN: Chain = Chain(&["primary", "backup", "a\u{202e}b\n"]);

fn ending(end: End) -> Ending {
    Ending {
        end,
        took: span(41_200),
        failures: [].into(),
        unusable: [].into(),
        most: 3,
        is_shared: false,
        deadline: Duration::ZERO,
        again: None,
    }
}

#[test]
fn an_end_says_what_failed_how_often_and_what_may_be_asked_again() {
    let failures = [
        (Some(RouteId(0)), FailureKind::RateLimited, 3),
        (Some(RouteId(1)), FailureKind::TimedOut, 1),
        (None, FailureKind::Bug, 1),
    ];
    let again = Some((span(18_000), Some(RouteId(0))));
    let whole = Ending { failures: failures.into(), again, ..ending(End::Exhausted) };
    assert_eq!(
        end(&whole, &CHAIN),
        "gave up after 5 attempts in 41.2 s: primary rate_limited x3, backup timed_out, bug; primary may be asked again in 18 s"
    );
    let unusable = [(RouteId(1), None), (RouteId(2), Some(Skip::Isolated))].into();
    let again = Some((span(500), None));
    assert_eq!(
        end(&Ending { unusable, again, ..ending(End::NoRoute) }, &CHAIN),
        "no route can be asked: the client of backup could not be made ready, a\\u{202e}b\\n is held open by a manual \
         override; may be asked again in 0.5 s"
    );
    assert_eq!(end(&ending(End::Succeeded), &CHAIN), "");
    assert_eq!(end(&ending(End::Cancelled), &CHAIN), "cancelled after 41.2 s");
}

#[test]
fn a_limit_is_named_with_its_number() {
    let limit = |limit| end(&ending(End::Limit(limit)), &CHAIN);
    assert_eq!(limit(Limit::Steps), "the limit of 3 steps is reached");
    assert_eq!(limit(Limit::SameFailure), "the same tool call failed 3 times");
    assert_eq!(limit(Limit::Deadline), "the deadline of the turn has passed");
    let timed = Ending { deadline: span(9000), ..ending(End::Limit(Limit::Deadline)) };
    assert_eq!(end(&timed, &CHAIN), "the deadline of 9 s has passed");
    let shared = Ending { most: 1, is_shared: true, ..ending(End::Limit(Limit::ToolCalls)) };
    assert_eq!(end(&shared, &CHAIN), "the limit of 1 tool call, shared with other turns, is reached");
}

#[test]
fn a_line_names_its_route_and_the_time_that_is_left() {
    let at = Instant::from_millis(1000);
    let line = |route: Option<u8>, what| {
        let notice = Notice { at, call: 1, id: 1, route: route.map(RouteId), what };
        super::line(&notice, &CHAIN, &|_| "send\u{7}")
    };
    let until = at + span(12_000);
    let cooling = What::Skipped { why: Skip::Cooldown, until: Some(until), kind: Some(FailureKind::RateLimited) };
    assert_eq!(line(Some(0), cooling), "primary: skipped, in cooldown for another 12 s (rate_limited)");
    let open = What::Skipped { why: Skip::Breaker, until: Some(until), kind: None };
    assert_eq!(line(Some(1), open), "backup: skipped, breaker open for another 12 s");
    let probe = What::Skipped { why: Skip::Probing, until: None, kind: None };
    assert_eq!(line(Some(2), probe), "a\\u{202e}b\\n: skipped, another call is the half-open probe");
    let limit = What::Cooldown { scope: Scoped::Limit, until, stated: true };
    assert_eq!(line(Some(0), limit), "primary: rate limit in cooldown for 12 s, as the provider asked");
    let failed = |next, delay| What::AttemptFailed {
        number: 1,
        failure: Failure::new(FailureKind::Overloaded),
        next,
        delay: span(delay),
    };
    assert_eq!(line(Some(0), failed(Follows::Again, 0)), "primary: attempt 1 failed: overloaded; asking again at once");
    assert_eq!(line(Some(0), failed(Follows::Hedge, 0)), "primary: attempt 1 failed: overloaded; hedge continues");
    assert_eq!(line(None, failed(Follows::First, 0)), "attempt 1 failed: overloaded; first attempt continues");
    assert_eq!(line(Some(0), What::Returned), "returned to primary");
    assert_eq!(line(None, What::Returned), "returned to the primary");
    assert_eq!(line(Some(0), What::Recovered { failed: 1 }), "primary: succeeded after 1 failed attempt");
    assert_eq!(line(None, What::ApprovalAsked { tool: 0 }), "send\\u{7}: needs approval");
}

#[test]
fn a_model_gets_a_tools_error_on_one_line() {
    let told = |outcome, name, complaint| tool_ended(outcome, name, complaint, ["get", "put\u{200b}"].into_iter());
    assert_eq!(told(ToolOutcome::Ran, "get", ""), None);
    assert_eq!(
        told(ToolOutcome::Failed, "get", "no\n\u{1b}[31mluck").as_deref(),
        Some("The tool get failed: no\\n\\u{1b}[31mluck")
    );
    let unknown = told(ToolOutcome::UnknownTool, &"x".repeat(70), "");
    let named = "x".repeat(61) + "...";
    assert_eq!(unknown, Some(format!("There is no tool named {named}. The tools are: get, put\\u{{200b}}.")));
    assert_eq!(tool_failed("get", &"e".repeat(3000)).len(), "The tool get failed: ".len() + 2000);
}

#[test]
fn a_degraded_answer_says_whether_to_try_again() {
    let answer = |reason, detail| degraded_answer(reason, detail);
    assert_eq!(answer(StopReason::Answered, ""), None);
    assert_eq!(
        answer(StopReason::NoRoute, "no route can be asked").as_deref(),
        Some(
            "I cannot answer right now, because no model can be reached: no route can be asked. Please try again later."
        )
    );
    assert_eq!(answer(StopReason::Cancelled, "").as_deref(), Some("I was stopped before I could finish."));
}

#[test]
fn sentences_have_numbers_with_units() {
    assert_eq!(given_up_on("fetch", Some(span(2500))), "fetch was given up on after 2.5 s");
    assert_eq!(given_up_on("the model", None), "the model was given up on at its limit");
    assert_eq!(breaker_open(Some(span(5000))), "the breaker is open; it may be asked again in 5 s");
    assert_eq!(steps_taken(3), "all 3 steps are taken");
    assert_eq!(stream_failed(Some("primary"), "it broke"), "the stream of primary failed: it broke");
    assert_eq!(stream_failed(None, "it broke"), "the stream failed: it broke");
}

#[test]
fn options_are_spelt_as_the_host_writes_them() {
    let told = "the client under route primary retries 2 times by itself: up to 3 x 3 = 9 requests a call; switch its retries \
                off (max_retries=0)";
    assert_eq!(multiplied(Some("primary"), 2, 3, Spelling::Python), told);
    assert_eq!(multiplied(None, 2, 3, Spelling::Python), told.replace(" under route primary", ""));
    let script = multiplied(Some("primary"), 2, 3, Spelling::JavaScript);
    assert_eq!(script, told.replace("max_retries=0", "maxRetries: 0"));
    assert!(multiplied(None, u32::MAX, 3, Spelling::Json).contains("= 4294967295 requests"));
    let answer_to = |spelling| no_stream("a dict", spelling).rsplit_once(" to ").map(|(_, to)| to.to_string());
    let all = [Spelling::Json, Spelling::Python, Spelling::JavaScript].map(answer_to);
    assert_eq!(all.map(|to| to.unwrap_or_default()), ["stream=true", "stream=True", "stream: true"]);
}
