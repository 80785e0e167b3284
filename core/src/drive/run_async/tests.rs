use super::super::rig::{failure, policy, session};
use super::super::{Host, VirtualTime, run};
use super::*;
use crate::{FailureKind, Instant, Policy, Replay, StopReason, Tool};
use alloc::string::ToString as _;
use core::cell::RefCell;
use core::future::pending;

/// Asks for the same tools once, then answers with what it was told.
struct Agent<'a> {
    time: &'a VirtualTime,
    tools: &'a [&'a str],
    told: RefCell<Vec<String>>,
    asked: RefCell<u32>,
}

impl<'a> Agent<'a> {
    fn new(time: &'a VirtualTime, tools: &'a [&'a str]) -> Self {
        Self { time, tools, told: RefCell::new(Vec::new()), asked: RefCell::new(0) }
    }

    fn say(&self) -> Result<Said, Failure> {
        self.asked.replace_with(|asked| *asked + 1);
        match *self.asked.borrow() {
            1 => Err(failure(FailureKind::Overloaded)),
            2 => Ok(Said::calls(self.tools.iter().map(|name| wanted(name)).collect::<Vec<_>>()).using(10, 1)),
            _ => Ok(Said::answer(self.told.borrow().join(" | ")).using(20, 2)),
        }
    }

    fn result(call: &Wanted) -> Result<String, ToolError> {
        match call.name.as_str() {
            "bad" => Err(ToolError::new(failure(FailureKind::Bug), "division by zero")),
            name => Ok(name.to_string() + " ran"),
        }
    }
}

fn wanted(name: &str) -> Wanted {
    let digest = Ok(Digest([0; 32]));
    Wanted {
        id: "call-1".into(),
        name: name.into(),
        arguments: "{}".into(),
        digest,
        risky: crate::command::Risk::Declared,
    }
}

fn tools() -> Arc<[Tool]> {
    let limited = |name, replay| Tool { replay, timeout: Some(Duration::from_secs(3)), ..Tool::new(name) };
    [
        Tool::new("slow"),
        Tool::new("slower"),
        Tool::new("bad"),
        limited("hung", Replay::Once),
        limited("hung_once", Replay::Idempotent),
        Tool { risky: true, ..Tool::new("risky") },
    ]
    .into()
}

impl Host for Agent<'_> {
    fn model(&mut self, _: &Attempt, _: bool) -> Result<Said, Failure> {
        self.say()
    }

    fn tool(&mut self, _: &Attempt, call: &Wanted) -> Result<String, ToolError> {
        Self::result(call)
    }

    fn told(&mut self, _: &Wanted, text: String) {
        self.told.borrow_mut().push(text);
    }
}

impl AsyncHost for Agent<'_> {
    async fn model(&self, _: &Attempt, _: bool) -> Result<Said, Failure> {
        self.say()
    }

    async fn tool(&self, attempt: &Attempt, call: &Wanted) -> Result<String, ToolError> {
        match call.name.as_str() {
            "slow" => self.time.nap(Duration::from_secs(1)).await,
            "slower" => self.time.nap(Duration::from_secs(2)).await,
            "hung" => pending().await,
            "hung_once" if attempt.number == 1 => pending().await,
            _ => {}
        }
        Self::result(call)
    }

    fn told(&self, _: &Wanted, text: String) {
        self.told.borrow_mut().push(text);
    }
}

fn told(policy: Policy, wanted: &[&str]) -> (Option<Ended>, Instant) {
    let (session, time) = (session(policy, &["primary"]), VirtualTime::new());
    let mut turn = Turn::new(&mut session.borrow_mut(), tools(), time.now());
    let agent = Agent::new(&time, wanted);
    let ended = time.run(run_async(&session, &mut turn, &time, |span| time.nap(span), &agent));
    (ended, time.now())
}

#[test]
fn both_loops_make_the_same_of_a_turn() {
    for wanted in [&["other"][..], &["other", "risky"], &["bad", "other", "unknown"], &[]] {
        let (session, time) = (session(policy(), &["primary"]), VirtualTime::new());
        let mut tools = tools().to_vec();
        tools.push(Tool::new("other"));
        let mut turn = Turn::new(&mut session.borrow_mut(), tools.clone().into(), time.now());
        let blocking = run(&session, &mut turn, &time, &mut Agent::new(&time, wanted));
        let (session, time) = (super::super::rig::session(policy(), &["primary"]), VirtualTime::new());
        let mut turn = Turn::new(&mut session.borrow_mut(), tools.into(), time.now());
        let agent = Agent::new(&time, wanted);
        let ended = time.run(run_async(&session, &mut turn, &time, |span| time.nap(span), &agent));
        assert_eq!(ended, Some(blocking), "{wanted:?}");
    }
}

#[test]
fn the_tools_of_a_step_run_together_and_are_told_in_the_models_order() {
    let (ended, took) = told(policy(), &["slower", "slow"]);
    assert_eq!(ended.map(|ended| ended.answer).as_deref(), Some("slower ran | slow ran"));
    // 0.5 s of backoff, and the slower of the two.
    assert_eq!(took, Instant::from_millis(2_500));
}

#[test]
fn what_went_wrong_is_told_to_the_model() {
    let (ended, _) = told(policy(), &["bad", "risky", "unknown"]);
    let answer = ended.map(|ended| ended.answer).unwrap_or_default();
    let told: Vec<&str> = answer.split(" | ").collect();
    assert_eq!(
        told,
        [
            "The tool bad failed: division by zero",
            "The tool risky was not run: it needs a person's approval and nobody is there to give it.",
            "There is no tool named unknown. The tools are: slow, slower, bad, hung, hung_once, risky."
        ]
    );
}

#[test]
fn a_hung_tool_is_dropped_at_its_limit() {
    let (ended, took) = told(policy(), &["hung", "slow"]);
    let ended = ended.map(|ended| (ended.answer, ended.report.stop_reason));
    let hung = "The tool hung was started and did not report back. It may or may not have taken effect, and it was not \
                run again. Find out before you rely on it or repeat it.";
    assert_eq!(ended, Some((hung.to_string() + " | slow ran", Some(StopReason::Answered))));
    assert_eq!(took, Instant::from_millis(3_500));
}

#[test]
fn a_hung_tool_that_may_be_repeated_is_run_afresh_beside_the_others() {
    let (ended, took) = told(policy(), &["hung_once", "slow"]);
    assert_eq!(ended.map(|ended| ended.answer).as_deref(), Some("hung_once ran | slow ran"));
    assert_eq!(took, Instant::from_millis(4_000));
}

#[test]
fn a_deadline_drops_everything() {
    let mut policy = policy();
    policy.turn.deadline = Some(Duration::from_millis(1_600));
    let (ended, took) = told(policy, &["slow", "slower"]);
    let ended = ended.map(|ended| (ended.report.stop_reason, ended.report.degraded));
    assert_eq!(ended, Some((Some(StopReason::Deadline), true)));
    assert_eq!(took, Instant::from_millis(1_600));
}

#[test]
fn dropped_half_way_the_turn_is_cancelled() {
    let (session, time) = (session(policy(), &["primary"]), VirtualTime::new());
    let mut turn = Turn::new(&mut session.borrow_mut(), tools(), time.now());
    let agent = Agent::new(&time, &["hung", "slow"]);
    let dropped = time.run(async {
        // The backoff of 0.5 s is over by then, and both tools are under way.
        let whole = run_async(&session, &mut turn, &time, |span| time.nap(span), &agent);
        super::super::driver::race(whole, || time.nap(Duration::from_secs(1))).await
    });
    assert_eq!(dropped, Some(None));
    assert_eq!(turn.verdict().map(|verdict| verdict.stop_reason()), Some(StopReason::Cancelled));
    assert_eq!(
        turn.poll(&mut session.borrow_mut(), time.now()),
        Command::Finish(turn.verdict().unwrap_or_else(|| unreachable!()))
    );
}

#[test]
fn a_slow_model_is_raced_with_another_one() {
    struct TwoModels<'a>(&'a VirtualTime);
    impl AsyncHost for TwoModels<'_> {
        async fn model(&self, attempt: &Attempt, _: bool) -> Result<Said, Failure> {
            if attempt.route == Some(RouteId(0)) {
                pending::<()>().await;
            }
            self.0.nap(Duration::from_secs(1)).await;
            Ok(Said::answer("backup's"))
        }
        async fn tool(&self, _: &Attempt, _: &Wanted) -> Result<String, ToolError> {
            Ok(String::new())
        }
        fn told(&self, _: &Wanted, _: String) {}
    }
    let mut policy = policy();
    policy.hedge.delay = Some(Duration::from_secs(2));
    let (session, time) = (session(policy, &["primary", "backup"]), VirtualTime::new());
    let mut turn = Turn::new(&mut session.borrow_mut(), Arc::new([]), time.now());
    let ended = time.run(run_async(&session, &mut turn, &time, |span| time.nap(span), &TwoModels(&time)));
    let ended = ended.map(|ended| (ended.answer, ended.report.stop_reason, ended.report.attempts));
    assert_eq!(ended, Some(("backup's".to_string(), Some(StopReason::Answered), 2)));
    assert_eq!((time.now(), turn.scope().answered_by()), (Instant::from_millis(3_000), Some(RouteId(1))));
}

#[cfg(feature = "std")]
#[test]
fn it_can_be_spawned_on_other_threads() {
    struct Mute;
    impl AsyncHost for Mute {
        async fn model(&self, _: &Attempt, _: bool) -> Result<Said, Failure> {
            Ok(Said::answer(""))
        }
        async fn tool(&self, _: &Attempt, _: &Wanted) -> Result<String, ToolError> {
            Ok(String::new())
        }
        fn told(&self, _: &Wanted, _: String) {}
    }
    fn spawned<F: Future + Send>(_: F) {}
    let time = super::super::RealTime::new();
    let mut session = session(policy(), &["primary"]).into_inner();
    let mut turn = Turn::new(&mut session, tools(), time.now());
    let share = std::sync::Mutex::new(session);
    spawned(run_async(&share, &mut turn, &time, |_| core::future::ready(()), &Mute));
}
