//! What the stories share: an agent whose model is a function, and how a transcript is printed.

use std::time::Duration;

use failsoft::drive::{Ended, Host, Said, ToolError, Wanted};
use failsoft::policy::approval::Decision;
use failsoft::policy::retry::Jitter;
use failsoft::{Attempt, Failure, FailureKind, Policy};
use serde_json::Value;

/// A model: given the attempt and what the tools have brought so far, it says something or fails.
type Model<'a> = dyn FnMut(&Attempt, &[String]) -> Result<Said, Failure> + 'a;
/// The tools: each call brings a text for the model, or an error.
type Tools<'a> = dyn FnMut(&Wanted) -> Result<String, ToolError> + 'a;
/// A person who is asked about risky tool calls.
type Approver<'a> = dyn FnMut(&Wanted) -> bool + 'a;

/// An agent made of functions. Yours would hold a client and the messages of a conversation.
pub struct Agent<'a> {
    model: Box<Model<'a>>,
    tools: Box<Tools<'a>>,
    approver: Option<Box<Approver<'a>>>,
    results: Vec<String>,
}

impl<'a> Agent<'a> {
    /// An agent without an approver.
    pub fn new(
        model: impl FnMut(&Attempt, &[String]) -> Result<Said, Failure> + 'a,
        tools: impl FnMut(&Wanted) -> Result<String, ToolError> + 'a,
    ) -> Self {
        Self { model: Box::new(model), tools: Box::new(tools), approver: None, results: Vec::new() }
    }

    /// The same agent with somebody to ask.
    #[must_use]
    pub fn approver(self, approver: impl FnMut(&Wanted) -> bool + 'a) -> Self {
        Self { approver: Some(Box::new(approver)), ..self }
    }
}

impl Host for Agent<'_> {
    fn model(&mut self, attempt: &Attempt, _with_tools: bool) -> Result<Said, Failure> {
        (self.model)(attempt, &self.results)
    }

    fn tool(&mut self, _attempt: &Attempt, call: &Wanted) -> Result<String, ToolError> {
        (self.tools)(call)
    }

    fn told(&mut self, _call: &Wanted, text: String) {
        self.results.push(text);
    }

    fn approve(&mut self, call: &Wanted) -> Decision {
        match &mut self.approver {
            None => Decision::NoApprover,
            Some(approver) => match approver(call) {
                true => Decision::Once,
                false => Decision::Deny,
            },
        }
    }
}

/// The defaults without jitter, so that a transcript is the same each time.
#[must_use]
pub fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.retry.jitter = Jitter::None;
    policy
}

/// What an overloaded provider answers.
#[must_use]
pub fn overloaded() -> Failure {
    Failure::new(FailureKind::Overloaded).status(503)
}

/// A model that asks for `multiply(17, 23)`.
#[must_use]
pub fn multiply_17_by_23() -> Wanted {
    Wanted::json("call-1", "multiply", r#"{"a": 17, "b": 23}"#)
}

/// The tool `multiply`.
///
/// # Errors
/// Arguments that are not two whole numbers.
pub fn multiply(call: &Wanted) -> Result<String, ToolError> {
    let arguments: Value = serde_json::from_str(&call.arguments)?;
    let number = |name: &str| arguments.get(name).and_then(Value::as_i64);
    match (number("a"), number("b")) {
        (Some(a), Some(b)) => Ok((a * b).to_string()),
        _ => Err(ToolError::new(Failure::new(FailureKind::Bug), "a and b must be whole numbers")),
    }
}

/// Prints how a turn went and how it ended.
pub fn print(ended: &Ended) {
    let report = &ended.report;
    print_lines(&report.lines);
    println!("answer: {}", ended.answer);
    println!("steps: {}", report.steps);
    println!("degraded: {}", report.degraded);
    println!("stop_reason: {}", report.stop_reason.map_or("none", |reason| reason.name()));
    println!("blocked: {}", listed(&report.blocked));
}

/// Prints what happened.
pub fn print_lines(lines: &[String]) {
    for line in lines {
        println!("  {line}");
    }
}

/// `a, b`, or `none`.
#[must_use]
pub fn listed(items: &[String]) -> String {
    if items.is_empty() { "none".into() } else { items.join(", ") }
}

/// `0.5 s, 1 s`, or `none`.
#[must_use]
pub fn spans(spans: &[Duration]) -> String {
    let spans: Vec<String> = spans.iter().map(|span| format!("{} s", span.as_secs_f64())).collect();
    listed(&spans)
}
