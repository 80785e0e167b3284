//! The form of a vector: plain data, unknown fields refused.

use failsoft::command::{Risk, RouteId};
use failsoft::policy::approval::{Decision, Digest, digest};
use failsoft::policy::breaker::Order;
use failsoft::policy::failure::{Effect, Failure, FailureKind, Phase};
use failsoft::policy::limits::Usage;
use failsoft::value::Spelling;
use failsoft::{Call, Policy, Replay, Route, RouteSet, Session, Tool, Turn, Work};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

use crate::named::{maybe, word};

/// One behaviour: what the host reports, and what the machine says to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// What it shows, as a sentence.
    pub name: String,
    /// Why it is as it is.
    pub note: Option<String>,
    /// Whose fact it restates.
    pub source: Option<String>,
    /// What differs from the default policy.
    #[serde(default)]
    pub policy: Value,
    /// The chain: a name or a map each. None for a session without routes.
    #[serde(default)]
    pub routes: Vec<Value>,
    /// Whether the host keeps one client at a time.
    #[serde(default)]
    pub one_slot: bool,
    /// The tools of each turn.
    #[serde(default)]
    pub tools: Vec<ToolForm>,
    /// The session's seed.
    #[serde(default = "one")]
    pub seed: u64,
    /// Present: each turn drives calls of a function instead of the agent loop.
    pub call: Option<CallForm>,
    /// Present: the models of each turn stream.
    pub streams: Option<StreamsForm>,
    /// The timeline.
    pub steps: Vec<Step>,
}

const fn one() -> u64 {
    1
}

/// A tool.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolForm {
    name: String,
    #[serde(default)]
    risky: bool,
    #[serde(default, deserialize_with = "maybe")]
    replay: Option<Replay>,
    timeout_ms: Option<u64>,
}

/// A call of a function.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallForm {
    #[serde(default, deserialize_with = "maybe")]
    replay: Option<Replay>,
    #[serde(default)]
    streaming: bool,
    restartable: Option<bool>,
    timeout_ms: Option<u64>,
    context_tokens: Option<u32>,
}

/// Which models stream.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamsForm {
    /// On which routes, by name; left out: on all of them.
    routes: Option<Vec<String>>,
    restartable: bool,
}

/// One line of the timeline. Exactly one of the fields after `note` is given.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Milliseconds on the host's clock; left out: as the step before.
    pub at: Option<u64>,
    /// Which turn of the session; it begins with the first step that names it.
    pub turn: Option<String>,
    /// The event must be `Stale`; without this it must be `Accepted`.
    pub stale: bool,
    /// For the reader.
    pub note: Option<String>,

    /// What `poll` must say.
    pub poll: Option<Value>,
    /// `Taken`.
    pub taken: Option<u32>,
    /// `Succeeded`.
    pub succeeded: Option<u32>,
    /// `Failed`.
    pub failed: Option<FailedForm>,
    /// `Replied`.
    pub replied: Option<RepliedForm>,
    /// `Progress`.
    pub progress: Option<ProgressForm>,
    /// `Waited`.
    pub waited: Option<u32>,
    /// `Ready`.
    pub ready: Option<u32>,
    /// `NotReady`.
    pub not_ready: Option<u32>,
    /// `Decided`.
    pub decided: Option<DecidedForm>,
    /// `Abandoned`.
    pub abandoned: Option<u32>,
    /// `Interrupted`.
    pub interrupted: Option<True>,

    /// The turn is replaced by a new one.
    pub new_turn: Option<True>,
    /// The turn is replaced by a new one that begins within another.
    pub within: Option<WithinForm>,
    /// The turn's call is replaced by a new one.
    pub new_call: Option<CallForm>,
    /// Session and turns are written, and read again under the next epoch.
    pub snapshot: Option<SnapshotForm>,
    /// All that is held against a route is forgotten.
    pub reset: Option<String>,

    /// A route's breaker is ordered to do something.
    pub order: Option<OrderForm>,
    /// A route is taken out of use.
    pub isolate: Option<String>,
    /// Of those who took it out of use, one lets go.
    pub release: Option<String>,

    /// What a route's breaker must go by, as far as given.
    pub breaker: Option<Value>,
    /// What must have become of a tool call.
    pub outcome: Option<Value>,
    /// What the model must be told about a tool call.
    pub sentence: Option<SentenceForm>,
    /// What the report must say, as far as given.
    pub report: Option<Value>,
    /// All lines of the turn's event log so far.
    pub lines: Option<Vec<String>>,
    /// Why the turn, or the call, ended.
    pub explain: Option<String>,
    /// What the user must be told.
    pub degraded_answer: Option<String>,
}

/// The word `true`, and nothing else.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "bool")]
pub struct True;

impl TryFrom<bool> for True {
    type Error = String;

    fn try_from(flag: bool) -> Result<Self, String> {
        flag.then_some(Self).ok_or_else(|| "false says nothing: leave it out".into())
    }
}

/// Within which turn another one begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithinForm {
    /// That turn.
    pub turn: String,
    /// Whether both use up one budget.
    #[serde(default)]
    pub share_budgets: bool,
    /// A deadline of its own.
    pub deadline_ms: Option<u64>,
}

/// A failure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedForm {
    /// The attempt.
    pub id: u32,
    #[serde(deserialize_with = "word")]
    kind: FailureKind,
    status: Option<u16>,
    retry_after_ms: Option<u64>,
    reset_after_ms: Option<u64>,
    #[serde(default, deserialize_with = "maybe")]
    phase: Option<Phase>,
    should_retry: Option<bool>,
    #[serde(default, deserialize_with = "maybe")]
    effect: Option<Effect>,
    /// What it has used; left out, the host cannot say.
    spent: Option<UsageForm>,
}

/// A model's reply: an answer, or tool calls (an empty list is neither).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepliedForm {
    /// The attempt.
    pub id: u32,
    /// An answer.
    pub answer: Option<True>,
    /// Tool calls.
    pub tool_calls: Option<Vec<ToolCallForm>>,
    /// Tokens; what is left out is unknown.
    #[serde(default)]
    pub usage: UsageForm,
}

/// One tool call: with the digest of its arguments, the arguments themselves, or what is wrong with them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCallForm {
    /// The name as the model wrote it.
    pub name: String,
    digest: Option<String>,
    arguments: Option<String>,
    bad: Option<String>,
    /// The host's own word.
    risky: Option<RiskForm>,
}

/// The host's own word on the risk of one call.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum RiskForm {
    Said(bool),
    Unknown(Unknown),
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Unknown {
    #[serde(rename = "unknown")]
    Unknown,
}

/// Tokens.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageForm {
    /// Read.
    pub input_tokens: Option<u64>,
    /// Written.
    pub output_tokens: Option<u64>,
}

impl From<UsageForm> for Usage {
    fn from(form: UsageForm) -> Self {
        Self { input_tokens: form.input_tokens, output_tokens: form.output_tokens }
    }
}

/// Progress of a stream.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgressForm {
    /// The attempt.
    pub id: u32,
    /// Whether it was part of an answer.
    pub meaningful: bool,
    /// What the stream says to have used so far; left out, it says nothing.
    usage: Option<UsageForm>,
}

impl ProgressForm {
    /// What the stream says to have used so far, if it does.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.usage.map(Usage::from)
    }
}

/// A person's decision; without a digest it is for the arguments that were asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecidedForm {
    /// The question.
    pub id: u32,
    /// What.
    #[serde(deserialize_with = "word")]
    pub decision: Decision,
    /// For which arguments.
    pub digest: Option<String>,
}

/// `true`: on the same clock, at once. A map: after a death, on another clock.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum SnapshotForm {
    /// On the same clock, at once.
    Here(True),
    /// After a death.
    Elsewhere(Elsewhere),
}

/// After a death, on another clock.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// What the new clock shows; the steps after it are on that clock.
    pub clock: u64,
    /// How much time went by outside.
    pub outside_ms: u64,
    /// The chain of that day; left out: the same.
    pub routes: Option<Vec<Value>>,
}

/// An order to a route's breaker.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderForm {
    /// The route.
    pub route: String,
    /// What.
    #[serde(deserialize_with = "word")]
    pub order: Order,
}

/// What the model is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentenceForm {
    /// Which tool call.
    pub index: u32,
    /// The sentence; `null` for none.
    pub text: Option<String>,
}

impl Vector {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let vector: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if vector.steps.is_empty() {
            return Err("no steps".into());
        }
        for (index, step) in vector.steps.iter().enumerate() {
            let given = step.actions();
            if given != 1 {
                return Err(format!("step {index} has {given} actions, not one"));
            }
        }
        Ok(vector)
    }

    /// Its policy.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn policy(&self) -> Result<Arc<Policy>, String> {
        let value = crate::plain(&self.policy);
        Policy::from_value(&value, Spelling::Json).map(Arc::new).map_err(|wrong| wrong.to_string())
    }

    /// Its chain.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn chain(&self) -> Result<Vec<Route>, String> {
        chain(&self.routes)
    }

    /// Its session, new.
    ///
    /// # Errors
    /// What is wrong with the policy or the chain.
    pub fn session(&self) -> Result<Session, String> {
        let (policy, routes) = (self.policy()?, self.chain()?);
        let made = if routes.is_empty() { Session::without_routes(policy) } else { Session::new(policy, routes) };
        Ok(self.slotted(made.map_err(|wrong| wrong.to_string())?.with_seed(self.seed)))
    }

    /// The session, made or restored, of a host that keeps as many clients as this one does.
    #[must_use]
    pub fn slotted(&self, session: Session) -> Session {
        if self.one_slot { session.with_one_slot() } else { session }
    }

    /// Tells a new turn which of its models stream.
    ///
    /// # Errors
    /// If one of the routes is not there.
    pub fn stream(&self, turn: &mut Turn, session: &Session) -> Result<(), String> {
        let Some(form) = &self.streams else { return Ok(()) };
        let routes = match &form.routes {
            None => RouteSet::all(),
            Some(names) => names.iter().map(|name| self.route(session, name)).collect::<Result<_, _>>()?,
        };
        turn.streams(routes, form.restartable);
        Ok(())
    }

    /// Its tools.
    #[must_use]
    pub fn tools(&self) -> Arc<[Tool]> {
        let tool = |form: &ToolForm| Tool {
            risky: form.risky,
            replay: form.replay.unwrap_or(Replay::Once),
            timeout: form.timeout_ms.map(Duration::from_millis),
            ..Tool::new(form.name.as_str())
        };
        self.tools.iter().map(tool).collect()
    }

    /// The route of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn route(&self, session: &Session, name: &str) -> Result<RouteId, String> {
        let at = session.routes().position(|route| route.name == name).ok_or_else(|| format!("no route {name}"))?;
        u8::try_from(at).map(RouteId).map_err(|error| error.to_string())
    }
}

/// A chain.
///
/// # Errors
/// What is wrong with it.
pub fn chain(routes: &[Value]) -> Result<Vec<Route>, String> {
    let read = |route| Route::from_value(&crate::plain(route), Spelling::Json);
    routes.iter().map(|route| read(route).map_err(|wrong| wrong.to_string())).collect()
}

impl Step {
    fn actions(&self) -> usize {
        [
            self.poll.is_some(),
            self.taken.is_some(),
            self.succeeded.is_some(),
            self.failed.is_some(),
            self.replied.is_some(),
            self.progress.is_some(),
            self.waited.is_some(),
            self.ready.is_some(),
            self.not_ready.is_some(),
            self.decided.is_some(),
            self.abandoned.is_some(),
            self.interrupted.is_some(),
            self.new_turn.is_some(),
            self.within.is_some(),
            self.new_call.is_some(),
            self.snapshot.is_some(),
            self.reset.is_some(),
            self.order.is_some(),
            self.isolate.is_some(),
            self.release.is_some(),
            self.breaker.is_some(),
            self.outcome.is_some(),
            self.sentence.is_some(),
            self.report.is_some(),
            self.lines.is_some(),
            self.explain.is_some(),
            self.degraded_answer.is_some(),
        ]
        .into_iter()
        .filter(|given| *given)
        .count()
    }
}

impl CallForm {
    /// The call, not begun.
    #[must_use]
    pub fn call(&self) -> Call {
        let call = Call::new(Work::Function).replay(self.replay.unwrap_or(Replay::Idempotent));
        let call = call.timeout(self.timeout_ms.map(Duration::from_millis)).needs(self.context_tokens.unwrap_or(0));
        if self.streaming { call.streaming(self.restartable.unwrap_or(true)) } else { call }
    }
}

impl FailedForm {
    /// The failure.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let plain = Failure::new(self.kind);
        Failure {
            status: self.status,
            retry_after: self.retry_after_ms.map(Duration::from_millis),
            reset_after: self.reset_after_ms.map(Duration::from_millis),
            phase: self.phase,
            should_retry: self.should_retry,
            effect: self.effect.unwrap_or(plain.effect),
            ..plain
        }
    }

    /// What it has used, if the host can say.
    #[must_use]
    pub fn spent(&self) -> Option<Usage> {
        self.spent.map(Usage::from)
    }
}

impl ToolCallForm {
    /// The host's own word on whether it is risky.
    #[must_use]
    pub fn risk(&self) -> Risk {
        match self.risky {
            None => Risk::Declared,
            Some(RiskForm::Said(risky)) => Risk::Said(risky),
            Some(RiskForm::Unknown(Unknown::Unknown)) => Risk::Unknown,
        }
    }

    /// The digest of its arguments, or what is wrong with them.
    ///
    /// # Errors
    /// If it does not give exactly one of `digest`, `arguments` and `bad`.
    pub fn digest(&self) -> Result<Result<Digest, String>, String> {
        match (&self.digest, &self.arguments, &self.bad) {
            (Some(hex), None, None) => digest_of(hex).map(Ok),
            (None, Some(text), None) => Ok(digest(&self.name, text)),
            (None, None, Some(complaint)) => Ok(Err(complaint.clone())),
            _ => Err(format!("tool call {}: give one of digest, arguments, bad", self.name)),
        }
    }
}

/// A digest: two hexadecimal digits that stand for 32 equal bytes, or all 64.
///
/// # Errors
/// Anything else.
pub fn digest_of(hex: &str) -> Result<Digest, String> {
    let whole = if hex.len() == 2 { hex.repeat(32) } else { hex.to_string() };
    Digest::from_hex(&whole).ok_or_else(|| format!("{hex} is no digest: give 2 or 64 hexadecimal digits"))
}
