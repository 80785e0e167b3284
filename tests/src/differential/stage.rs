//! Where a script is played in Rust: one session, its turns by number, and the transcript so far.
//!
//! Verbs beyond those of the vectors:
//!
//! | verb | value | what happens |
//! |---|---|---|
//! | `turn` | null, or `{routes, restartable}` | the turn of this number is replaced by a new one; its models on these routes, by their places, stream |
//! | `call` | as a vector's `call` | a new call in this turn, driven from now on in place of the turn's own loop |
//! | `poll`, `next` | null | what the machine says; `next` takes it, too |
//! | `enter` | `{streaming, restartable}` | the short way into a call; what is let through is settled by `settle` alone |
//! | `settle` | `"succeeded"`, `"abandoned"` or `{"failed": ..}` | the end of what was let through |
//! | `take_step`, `shorten` | null, milliseconds | as named |
//! | `breaker`, `reset`, `isolate`, `release` | a route's place | as named |
//! | `order` | `{route, order}`, the route by its place | as named |
//! | `stand_for`, `withdraw` | a tool | as named |
//! | `snapshot` | `{clock, outside_ms}` | session and turns are written and restored |

use std::fmt::Write as _;
use std::sync::Arc;

use failsoft::command::{Command, Event, Id, Reply, ToolCall};
use failsoft::policy::breaker::Order;
use failsoft::policy::limits::Usage;
use failsoft::turn::explain_call;
use failsoft::{Call, Handled, Instant, RouteId, Session, Tool, Turn, Verdict};
use serde::Deserialize;
use serde_json::{Value, json};

use super::seen::Seen;
use super::told;
use crate::vector::{CallForm, DecidedForm, Elsewhere, FailedForm, ProgressForm, RepliedForm, Vector, digest_of};
use crate::words::event_word;

/// The calendar of every script, in milliseconds since the Unix epoch.
const WALL: u64 = 1_700_000_000_000;

/// At what time, in which turn, what, and with what: one line of a script.
pub type Step = (u64, usize, String, Value);

/// A script as it was read.
#[derive(Debug, Deserialize)]
pub struct Script {
    /// What the session is made of.
    #[serde(flatten)]
    pub head: Value,
    /// What the host does.
    pub steps: Vec<Step>,
}

/// Which models of a turn stream.
#[derive(Debug, Deserialize)]
struct Streams {
    routes: Vec<u8>,
    restartable: bool,
}

/// A turn, and what it drives if that is not its own loop.
#[derive(Debug)]
struct Actor {
    turn: Turn,
    /// The call that is driven.
    call: Option<Call>,
    /// What was let through by the short way, and not settled yet.
    admitted: Option<Call>,
}

/// A session with its turns, and what was told so far.
#[derive(Debug)]
pub struct Stage {
    form: Vector,
    tools: Arc<[Tool]>,
    session: Session,
    actors: Vec<Actor>,
    now: u64,
    /// What the wall clock has gained on the host's clock.
    wall: u64,
    epoch: u32,
    told: String,
    /// Whether snapshots stand in the transcript.
    snapshots: bool,
    /// Every word that occurred.
    pub seen: Seen,
}

/// What a step brought, for whoever invents the next one.
#[derive(Debug, Clone, Copy)]
pub enum Brought {
    /// A command.
    Said(Command),
    /// Nothing that asks for anything.
    Nothing,
}

impl Stage {
    /// A session by this head, with no turn yet.
    ///
    /// # Errors
    /// What is wrong with the head.
    pub fn new(head: &Value) -> Result<Self, String> {
        let text = |error: serde_json::Error| error.to_string();
        let seed = head["seed"].as_str().and_then(|seed| seed.parse::<u64>().ok()).ok_or("no seed")?;
        let mut form = json!({ "name": "a script", "seed": seed, "steps": [{ "new_turn": true }] });
        for field in ["policy", "routes", "tools"] {
            form[field] = head[field].clone();
        }
        let form: Vector = serde_json::from_value(form).map_err(text)?;
        let (tools, session) = (form.tools(), form.session()?);
        let (now, wall, epoch) = (0, WALL, 0);
        let (actors, told, seen) = (Vec::new(), String::new(), Seen::default());
        let snapshots = head["snapshots"] == true;
        Ok(Self { form, tools, session, actors, now, wall, epoch, told, snapshots, seen })
    }

    /// Plays one step.
    ///
    /// # Errors
    /// A step that makes no sense.
    pub fn step(&mut self, (at, turn, verb, value): &Step) -> Result<Brought, String> {
        self.now = *at;
        let _ = write!(self.told, "{at} {verb}");
        let brought = self.act(*turn, verb, value)?;
        self.told.push('\n');
        self.notices(*turn);
        Ok(brought)
    }

    fn act(&mut self, turn: usize, verb: &str, value: &Value) -> Result<Brought, String> {
        let at = Instant::from_millis(self.now);
        match verb {
            "turn" => self.begin(turn, at, read(value)?)?,
            "snapshot" => self.restore(&read(value)?)?,
            "breaker" => {
                let metrics = self.session.breaker_metrics(route(value)?, at);
                self.seen.word("breaker_state", metrics.state.name());
                let _ = write!(self.told, " {}", told::metrics(&metrics));
            }
            "isolate" => self.session.isolate(route(value)?),
            "release" => self.session.release(route(value)?),
            "order" => {
                let word = value["order"].as_str().unwrap_or_default();
                let order = Order::from_name(word).ok_or_else(|| format!("no such order: {word}"))?;
                self.seen.word("breaker_order", order.name());
                self.session.order_breaker(route(&value["route"])?, order);
            }
            "reset" => self.session.reset(route(value)?),
            "stand_for" => self.session.approve_standing(value.as_str().unwrap_or_default()),
            "withdraw" => {
                let was = self.session.withdraw_approval(value.as_str().unwrap_or_default());
                let _ = write!(self.told, " {was}");
            }
            "call" => self.of(turn)?.1.call = Some(read::<CallForm>(value)?.call()),
            "poll" => return self.poll(turn, at, false),
            "next" => return self.poll(turn, at, true),
            "enter" => return self.enter(turn, at, &read(value)?),
            "settle" => self.settle(turn, at, value)?,
            "take_step" => {
                let (session, actor) = self.of(turn)?;
                let refused = actor.turn.take_step(session, at).err().map(|limit| limit.name());
                let _ = write!(self.told, " {}", json!(refused));
            }
            "shorten" => {
                let span = std::time::Duration::from_millis(value.as_u64().unwrap_or(0));
                self.of(turn)?.1.turn.scope_mut().shorten(at + span);
            }
            _ => self.report(turn, at, verb, value)?,
        }
        Ok(Brought::Nothing)
    }

    fn of(&mut self, turn: usize) -> Result<(&mut Session, &mut Actor), String> {
        let actor = self.actors.get_mut(turn).ok_or_else(|| format!("no turn {turn}"))?;
        Ok((&mut self.session, actor))
    }

    fn begin(&mut self, turn: usize, at: Instant, streams: Option<Streams>) -> Result<(), String> {
        let mut made = Turn::new(&mut self.session, self.tools.clone(), at);
        if let Some(Streams { routes, restartable }) = streams {
            made.streams(routes.into_iter().map(RouteId).collect(), restartable);
        }
        let actor = Actor { turn: made, call: None, admitted: None };
        match turn.cmp(&self.actors.len()) {
            std::cmp::Ordering::Less => self.actors[turn] = actor,
            std::cmp::Ordering::Equal => self.actors.push(actor),
            std::cmp::Ordering::Greater => return Err(format!("turn {turn} is too far")),
        }
        Ok(())
    }

    fn restore(&mut self, form: &Elsewhere) -> Result<(), String> {
        let (then, there) = (Instant::from_millis(self.now), Instant::from_millis(form.clock));
        let wall = self.wall + self.now;
        let wall_there = wall + form.outside_ms;
        self.epoch += 1;
        let text = self.session.snapshot(then, wall);
        let (policy, chain) = (self.form.policy()?, self.form.chain()?);
        let session = Session::restore(&text, policy, chain, self.epoch, there, wall_there);
        let before = std::mem::replace(&mut self.session, session.map_err(|wrong| wrong.to_string())?);
        for actor in &mut self.actors {
            let text = actor.turn.snapshot(&before, then, wall);
            let turn = Turn::restore(&text, &self.session, self.tools.clone(), there, wall_there);
            actor.turn = turn.map_err(|wrong| wrong.to_string())?;
        }
        (self.now, self.wall) = (form.clock, wall_there - form.clock);
        Ok(())
    }

    // ---- What the machine says ----

    fn poll(&mut self, turn: usize, at: Instant, take: bool) -> Result<Brought, String> {
        let (session, actor) = self.of(turn)?;
        // Python and JavaScript take it in the same breath, and do not tell either.
        let command = match (&mut actor.call, take) {
            (Some(call), true) => call.next(actor.turn.scope_mut(), session, at),
            (Some(call), false) => call.poll(actor.turn.scope_mut(), session, at),
            (None, true) => actor.turn.next(session, at),
            (None, false) => actor.turn.poll(session, at),
        };
        self.say(turn, at, command);
        Ok(Brought::Said(command))
    }

    fn say(&mut self, turn: usize, at: Instant, command: Command) {
        self.seen.command(&command);
        let message = match command {
            Command::Finish(verdict) => self.explain(turn, verdict),
            _ => String::new(),
        };
        let _ = write!(self.told, " {}", told::command(&command, &self.session, at, message));
    }

    fn explain(&self, turn: usize, verdict: Verdict) -> String {
        let Some(actor) = self.actors.get(turn) else { return String::new() };
        match &actor.call {
            Some(call) => explain_call(&self.session, actor.turn.scope(), call.id(), verdict),
            None => actor.turn.detail().to_string(),
        }
    }

    fn notices(&mut self, turn: usize) {
        let Some(actor) = self.actors.get_mut(turn) else { return };
        let started = actor.turn.scope().started();
        while let Some(notice) = actor.turn.poll_notice() {
            self.seen.notice(&notice.what);
            let line = actor.turn.scope().event_log().line(&self.session, &notice);
            let fields = told::notice(&notice, &self.session);
            let _ = writeln!(self.told, "  {} {line} {fields}", (notice.at - started).as_millis());
        }
    }

    // ---- The short way ----

    fn enter(&mut self, turn: usize, at: Instant, form: &CallForm) -> Result<Brought, String> {
        let (session, actor) = self.of(turn)?;
        let mut call = form.call();
        if !call.enter(actor.turn.scope_mut(), session, at) {
            actor.call = Some(call);
            self.told += " slow";
            return Ok(Brought::Nothing);
        }
        let attempt = call.attempted(actor.turn.scope()).ok_or("an entry without an attempt")?;
        (actor.admitted, actor.call) = (Some(call), None);
        self.say(turn, at, Command::Attempt(attempt));
        Ok(Brought::Said(Command::Attempt(attempt)))
    }

    fn settle(&mut self, turn: usize, at: Instant, value: &Value) -> Result<(), String> {
        let (session, actor) = self.of(turn)?;
        let mut call = actor.admitted.take().ok_or("nothing was let through")?;
        if let Some(form) = value.get("failed") {
            let failure = read::<FailedForm>(form)?.failure();
            call.settle(actor.turn.scope_mut(), session, at, Err(failure));
            actor.call = Some(call);
        } else if value == "succeeded" {
            call.settle(actor.turn.scope_mut(), session, at, Ok(()));
        } else {
            let id = call.attempted(actor.turn.scope()).map_or(0, |attempt| attempt.id);
            let _ = call.handle(actor.turn.scope_mut(), session, at, Event::Abandoned(id));
        }
        Ok(())
    }

    // ---- What the host reports ----

    fn report(&mut self, turn: usize, at: Instant, verb: &str, value: &Value) -> Result<(), String> {
        match verb {
            "failed" => {
                let form: FailedForm = read(value)?;
                self.event(turn, at, Event::Failed { id: form.id, failure: form.failure(), spent: form.spent() })
            }
            "progress" => {
                let form: ProgressForm = read(value)?;
                self.event(turn, at, Event::Progress { id: form.id, meaningful: form.meaningful, usage: form.usage() })
            }
            "decided" => {
                let form: DecidedForm = read(value)?;
                let digest = digest_of(form.digest.as_deref().unwrap_or_default())?;
                self.event(turn, at, Event::Decided { id: form.id, decision: form.decision, digest })
            }
            "replied" => self.replied(turn, at, &read(value)?),
            "interrupted" => self.event(turn, at, Event::Interrupted),
            _ => self.event(turn, at, plain(verb, read(value)?)?),
        }
    }

    fn replied(&mut self, turn: usize, at: Instant, form: &RepliedForm) -> Result<(), String> {
        let rows = form.tool_calls.as_deref().unwrap_or_default();
        let digests = rows.iter().map(|row| row.digest()).collect::<Result<Vec<_>, String>>()?;
        let calls: Vec<ToolCall<'_>> = rows
            .iter()
            .zip(&digests)
            .map(|(row, digest)| ToolCall {
                name: &row.name,
                arguments: digest.as_ref().copied().map_err(String::as_str),
                risky: row.risk(),
            })
            .collect();
        let usage = Usage { input_tokens: form.usage.input_tokens, output_tokens: form.usage.output_tokens };
        let reply = match &form.answer {
            Some(_) => Reply::Answer,
            None if calls.is_empty() => Reply::Nothing,
            None => Reply::ToolCalls(&calls),
        };
        self.event(turn, at, Event::Replied { id: form.id, reply, usage })
    }

    fn event(&mut self, turn: usize, at: Instant, event: Event<'_>) -> Result<(), String> {
        let (session, actor) = self.of(turn)?;
        let accepted = actor.handle(session, at, event).accepted();
        self.seen.word(if accepted { "event" } else { "stale" }, event_word(&event));
        self.told += if accepted { " accepted" } else { " stale" };
        Ok(())
    }

    /// Tells what is left, and gives the whole transcript away.
    pub fn close(&mut self) -> String {
        let at = Instant::from_millis(self.now);
        let wall = self.snapshots.then_some(self.wall + self.now);
        let _ = writeln!(self.told, "session {}", told::session(&self.session, at, wall));
        for (place, actor) in self.actors.iter().enumerate() {
            self.seen.report(&actor.turn.report(&self.session));
            let _ = writeln!(self.told, "turn {place} {}", told::turn(&actor.turn, &self.session, at, wall));
        }
        std::mem::take(&mut self.told)
    }
}

impl Actor {
    fn handle(&mut self, session: &mut Session, at: Instant, event: Event<'_>) -> Handled {
        match &mut self.call {
            Some(call) => call.handle(self.turn.scope_mut(), session, at, event),
            None => self.turn.handle(session, at, event),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| error.to_string())
}

fn route(value: &Value) -> Result<RouteId, String> {
    read(value).map(RouteId)
}

fn plain(verb: &str, id: Id) -> Result<Event<'static>, String> {
    match verb {
        "taken" => Ok(Event::Taken(id)),
        "succeeded" => Ok(Event::Succeeded(id)),
        "waited" => Ok(Event::Waited(id)),
        "ready" => Ok(Event::Ready(id)),
        "not_ready" => Ok(Event::NotReady(id)),
        "abandoned" => Ok(Event::Abandoned(id)),
        _ => Err(format!("no such verb: {verb}")),
    }
}
