//! A host that does everything at random, writes down what it did as a vector, and watches what must always hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use failsoft::command::{Command, Event, Id, Reply, Risk, ToolCall, WaitWhy};
use failsoft::policy::approval::{Decision, Digest};
use failsoft::policy::breaker::{BreakerState, Order};
use failsoft::policy::failure::{Failure, FailureKind};
use failsoft::policy::limits::Usage;
use failsoft::policy::retry::PastPatience;
use failsoft::{Call, Handled, Instant, Policy, RouteId, Session, Tool, Turn, Work};
use serde_json::{Value, json};

use crate::said;
use crate::vector::Vector;

/// Turns of one session at the same time.
const TURNS: usize = 3;
/// The names that a model may ask for: the last one does not exist.
const TOOLS: [&str; 4] = ["pay", "look_up", "send", "gone"];
/// A permit lapses so long after its attempt should have ended.
const GRACE: u64 = 5_000;
/// So many commands end every turn, whatever happened before.
const ENOUGH: usize = 2_000;

struct Actor {
    name: String,
    turn: Turn,
    call: Option<Call>,
    /// What was said and not reported yet: attempts, switches, rebuilds, questions.
    open: BTreeMap<Id, Open>,
    known: BTreeSet<Id>,
    over: bool,
    /// Until when it has slept: a stubbed sleep takes a turn ahead of the clock.
    slept: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Attempt { model: bool, route: Option<RouteId> },
    Client,
    Question(Digest),
    Sleep(u64),
}

#[derive(Debug, Clone, Copy)]
struct Probe {
    turn: usize,
    id: Id,
    lease: u64,
}

/// A run in the making: the vector that it is, as far as it has come.
pub struct Simulation {
    head: Value,
    steps: Vec<Value>,
    policy: Arc<Policy>,
    tools: Arc<[Tool]>,
    form: Vector,
    session: Session,
    actors: Vec<Actor>,
    probes: BTreeMap<RouteId, Probe>,
    now: u64,
    choices: std::vec::IntoIter<u16>,
}

impl Simulation {
    /// A run of this vector's head (everything but its steps), by these choices.
    ///
    /// # Errors
    /// What is wrong with the head.
    pub fn new(mut head: Value, choices: Vec<u16>) -> Result<Self, String> {
        head["steps"] = json!([{ "new_turn": true }]);
        let form = Vector::read(&head.to_string())?;
        let (policy, tools, session) = (form.policy()?, form.tools(), form.session()?);
        let choices = choices.into_iter();
        let (steps, actors, probes) = (Vec::new(), Vec::new(), BTreeMap::new());
        Ok(Self { head, steps, policy, tools, form, session, actors, probes, now: 0, choices })
    }

    /// The run so far as a vector.
    #[must_use]
    pub fn vector(&self) -> String {
        let mut vector = self.head.clone();
        vector["steps"] = Value::Array(self.steps.clone());
        vector.to_string()
    }

    /// Runs until the choices are used up, then to the end of every turn.
    ///
    /// # Errors
    /// What did not hold.
    pub fn run(&mut self) -> Result<(), String> {
        for at in 0..TURNS {
            self.begin(at);
        }
        while let Some(choice) = self.choices.next() {
            let at = usize::from(choice) % TURNS;
            self.pass_time(at, choice / 3 % 8);
            match choice / 24 % 8 {
                0..=3 => self.poll(at).map(|_| ())?,
                4..=6 => self.report(at, choice / 192)?,
                _ => self.disturb(at, choice / 192)?,
            }
        }
        self.end()
    }

    fn choice(&mut self) -> u16 {
        self.choices.next().unwrap_or(0)
    }

    fn begin(&mut self, at: usize) {
        let turn = Turn::new(&mut self.session, self.tools.clone(), Instant::from_millis(self.now));
        let call = self.form.call.as_ref().map(|form| form.call());
        let name = format!("turn {at}");
        self.steps.push(json!({ "at": self.now, "turn": name, "new_turn": true }));
        let actor = Actor { name, turn, call, open: BTreeMap::new(), known: BTreeSet::new(), over: false, slept: 0 };
        if at < self.actors.len() {
            self.actors[at] = actor;
        } else {
            self.actors.push(actor);
        }
        self.probes.retain(|_, probe| probe.turn != at);
    }

    fn pass_time(&mut self, at: usize, choice: u16) {
        self.now = match choice {
            0..=3 => self.now,
            4 => self.now + 1,
            5 => self.now + 700,
            6 => self.now + 6_000,
            _ => {
                let wakes = self.actors[at].open.values().filter_map(|open| match open {
                    Open::Sleep(until) => Some(*until),
                    _ => None,
                });
                wakes.max().unwrap_or(0).max(self.now)
            }
        };
    }

    // ---- What the machine says ----

    fn poll(&mut self, at: usize) -> Result<Command, String> {
        let now = Instant::from_millis(self.now);
        let actor = &mut self.actors[at];
        let command = match &mut actor.call {
            Some(call) => call.poll(actor.turn.scope_mut(), &mut self.session, now),
            None => actor.turn.poll(&mut self.session, now),
        };
        let said = said::command(&command, &self.session);
        self.steps.push(json!({ "at": self.now, "turn": actor.name, "poll": said }));
        // What is neither said again nor waited for was given up on by this poll.
        self.probes.retain(|_, probe| {
            let goes_on = match command {
                Command::Attempt(attempt) => attempt.id == probe.id,
                Command::Wait { why, .. } => why == WaitWhy::Running,
                _ => false,
            };
            probe.turn != at || goes_on
        });
        self.watch_probes(at)?;
        self.check(at, &command)?;
        self.follow(at, command);
        Ok(command)
    }

    /// Does what a host would do at once.
    fn follow(&mut self, at: usize, command: Command) {
        let take = self.choice() % 8 != 7;
        let actor = &mut self.actors[at];
        match command {
            Command::Attempt(attempt) => {
                let model = matches!(attempt.work, Work::Model { .. });
                actor.open.insert(attempt.id, Open::Attempt { model, route: attempt.route });
                if take {
                    self.event(at, Event::Taken(attempt.id), json!({ "taken": attempt.id }));
                }
            }
            Command::Switch { id, .. } | Command::Rebuild { id, .. } => {
                actor.open.insert(id, Open::Client);
                if take {
                    self.event(at, Event::Taken(id), json!({ "taken": id }));
                }
            }
            Command::AskApproval { id, digest, .. } => {
                actor.open.insert(id, Open::Question(digest));
                if take {
                    self.event(at, Event::Taken(id), json!({ "taken": id }));
                }
            }
            Command::Cancel { id, .. } => {
                actor.open.remove(&id);
                self.event(at, Event::Taken(id), json!({ "taken": id }));
            }
            Command::Wait { why: WaitWhy::Running, .. } => {}
            Command::Wait { id, until, .. } => {
                actor.open.insert(id, Open::Sleep(until.as_millis()));
            }
            Command::Finish(_) => actor.over = true,
        }
    }

    // ---- What the host reports ----

    /// Reports on something that is open; begins anew where everything is over.
    fn report(&mut self, at: usize, choice: u16) -> Result<(), String> {
        if self.actors[at].over {
            return self.begin_anew(at, choice);
        }
        let open: Vec<(Id, Open)> = self.actors[at].open.iter().map(|(id, open)| (*id, *open)).collect();
        let Some((id, open)) = open.get(usize::from(choice) % open.len().max(1)).copied() else { return Ok(()) };
        let more = self.choice();
        match open {
            Open::Attempt { model, route } => self.report_attempt(at, id, model, route, more),
            Open::Client if more.is_multiple_of(3) => {
                self.settled(at, id, Event::NotReady(id), json!({ "not_ready": id }))
            }
            Open::Client => self.settled(at, id, Event::Ready(id), json!({ "ready": id })),
            Open::Sleep(until) => {
                self.settled(at, id, Event::Waited(id), json!({ "waited": id }));
                self.actors[at].slept = until;
            }
            Open::Question(digest) => {
                let decision = Decision::ALL[usize::from(more) % Decision::ALL.len()];
                let event = Event::Decided { id, decision, digest };
                let form = json!({ "id": id, "decision": decision.name(), "digest": digest.to_string() });
                self.settled(at, id, event, json!({ "decided": form }));
            }
        }
        self.watch_probes(at)
    }

    fn report_attempt(&mut self, at: usize, id: Id, model: bool, route: Option<RouteId>, choice: u16) {
        match choice % 16 {
            0..=3 if model => self.reply(at, id, choice / 16),
            0..=3 => self.settled(at, id, Event::Succeeded(id), json!({ "succeeded": id })),
            4 => {
                let meaningful = (choice / 16).is_multiple_of(2);
                let event = Event::Progress { id, meaningful, usage: None };
                self.event(at, event, json!({ "progress": { "id": id, "meaningful": meaningful } }));
            }
            5 => self.settled(at, id, Event::Abandoned(id), json!({ "abandoned": id })),
            _ => {
                let kind = FailureKind::ALL[usize::from(choice / 16) % FailureKind::ALL.len()];
                let hint = match choice / 512 % 4 {
                    0 if route.is_some() => Some(u64::from(choice) * 2),
                    _ => None,
                };
                let failure = Failure { retry_after: hint.map(std::time::Duration::from_millis), ..Failure::new(kind) };
                let mut form = json!({ "id": id, "kind": kind.name() });
                let mut spent = None;
                if choice.is_multiple_of(3) {
                    spent = Some(Usage { input_tokens: Some(u64::from(choice / 64)), output_tokens: None });
                    form["spent"] = json!({ "input_tokens": choice / 64 });
                }
                if let Some(hint) = hint {
                    form["retry_after_ms"] = hint.into();
                }
                self.settled(at, id, Event::Failed { id, failure, spent }, json!({ "failed": form }));
            }
        }
    }

    fn reply(&mut self, at: usize, id: Id, choice: u16) {
        let tokens = u64::from(choice % 50);
        let usage = Usage { input_tokens: Some(tokens), output_tokens: (!choice.is_multiple_of(3)).then_some(1) };
        let mut form = json!({ "id": id, "usage": { "input_tokens": tokens } });
        if let Some(output) = usage.output_tokens {
            form["usage"]["output_tokens"] = output.into();
        }
        if choice.is_multiple_of(4) {
            form["answer"] = true.into();
            return self.settled(
                at,
                id,
                Event::Replied { id, reply: Reply::Answer, usage },
                json!({ "replied": form }),
            );
        }
        let many = usize::from(choice / 4) % 4;
        let picks: Vec<u16> = (0..many).map(|_| self.choice()).collect();
        let calls: Vec<ToolCall<'_>> = picks
            .iter()
            .map(|pick| ToolCall {
                name: TOOLS[usize::from(*pick) % TOOLS.len()],
                arguments: if pick / 4 % 8 == 7 { Err("no object") } else { Ok(Digest([(pick / 4 % 2) as u8; 32])) },
                risky: Risk::Declared,
            })
            .collect();
        let forms = calls.iter().map(|call| match call.arguments {
            Ok(digest) => json!({ "name": call.name, "digest": digest.to_string() }),
            Err(bad) => json!({ "name": call.name, "bad": bad }),
        });
        form["tool_calls"] = forms.collect();
        let reply = if calls.is_empty() { Reply::Nothing } else { Reply::ToolCalls(&calls) };
        self.settled(at, id, Event::Replied { id, reply, usage }, json!({ "replied": form }));
    }

    /// Says what means nothing: an id that is over or was never given, or an interruption.
    fn disturb(&mut self, at: usize, choice: u16) -> Result<(), String> {
        if choice % 3 == 2 {
            self.by_hand(choice / 3);
            return Ok(());
        }
        let choice = choice / 3;
        let id = Id::from(choice / 8 % 40);
        let (event, form) = match choice % 8 {
            0 => (Event::Interrupted, json!({ "interrupted": true })),
            1 => (Event::Taken(id), json!({ "taken": id })),
            2 => (Event::Waited(id), json!({ "waited": id })),
            3 => (Event::Ready(id), json!({ "ready": id })),
            4 => (Event::NotReady(id), json!({ "not_ready": id })),
            5 => (Event::Abandoned(id), json!({ "abandoned": id })),
            6 => (
                Event::Failed { id, failure: Failure::new(FailureKind::Unknown), spent: None },
                json!({ "failed": { "id": id, "kind": "unknown" } }),
            ),
            _ => (Event::Succeeded(id), json!({ "succeeded": id })),
        };
        self.event(at, event, form);
        self.watch_probes(at)
    }

    /// A person takes a route out, puts it back, orders something of its breaker, or has everything forgotten.
    fn by_hand(&mut self, choice: u16) {
        let routes: Vec<String> = self.session.routes().map(|route| route.name.clone()).collect();
        let Some(name) = routes.get(usize::from(choice / 8) % routes.len().max(1)) else { return };
        let route = RouteId((usize::from(choice / 8) % routes.len()) as u8);
        self.steps.push(match choice % 8 {
            0 | 1 => {
                self.session.isolate(route);
                json!({ "at": self.now, "isolate": name })
            }
            2 | 3 => {
                self.session.release(route);
                json!({ "at": self.now, "release": name })
            }
            4 => {
                self.session.reset(route);
                json!({ "at": self.now, "reset": name })
            }
            _ => {
                let order = Order::ALL[usize::from(choice / 64) % Order::ALL.len()];
                self.session.order_breaker(route, order);
                json!({ "at": self.now, "order": { "route": name, "order": order.name() } })
            }
        });
    }

    fn settled(&mut self, at: usize, id: Id, event: Event<'_>, form: Value) {
        self.event(at, event, form);
        self.actors[at].open.remove(&id);
        self.probes.retain(|_, probe| (probe.turn, probe.id) != (at, id));
    }

    fn event(&mut self, at: usize, event: Event<'_>, mut form: Value) {
        let now = Instant::from_millis(self.now);
        let actor = &mut self.actors[at];
        let handled = match &mut actor.call {
            Some(call) => call.handle(actor.turn.scope_mut(), &mut self.session, now, event),
            None => actor.turn.handle(&mut self.session, now, event),
        };
        form["at"] = self.now.into();
        form["turn"] = actor.name.as_str().into();
        if handled == Handled::Stale {
            form["stale"] = true.into();
        } else if !matches!(event, Event::Taken(_) | Event::Progress { .. }) {
            // Whatever else is accepted ends the attempt that runs: its permit is settled.
            self.probes.retain(|_, probe| probe.turn != at);
        }
        self.steps.push(form);
    }

    fn begin_anew(&mut self, at: usize, choice: u16) -> Result<(), String> {
        let Some(form) = self.form.call.as_ref().filter(|_| choice.is_multiple_of(2)) else {
            self.begin(at);
            return Ok(());
        };
        let call = form.call();
        let said = self.head["call"].clone();
        let actor = &mut self.actors[at];
        (actor.call, actor.over) = (Some(call), false);
        actor.open.clear();
        self.steps.push(json!({ "at": self.now, "turn": actor.name, "new_call": said }));
        Ok(())
    }

    // ---- What must always hold ----

    fn check(&mut self, at: usize, command: &Command) -> Result<(), String> {
        let policy = self.policy.clone();
        let actor = &mut self.actors[at];
        let id = match command {
            Command::Attempt(attempt) => attempt.id,
            Command::Wait { id, .. }
            | Command::Switch { id, .. }
            | Command::Rebuild { id, .. }
            | Command::AskApproval { id, .. }
            | Command::Cancel { id, .. } => *id,
            Command::Finish(_) => 0,
        };
        let new = id != 0 && actor.known.insert(id);
        if new && actor.known.iter().next_back() != Some(&id) && actor.call.is_some() {
            return Err(format!("id {id} came after a larger one"));
        }
        let scope = actor.turn.scope();
        if policy.turn.attempts.is_some_and(|most| scope.attempts() > most) {
            return Err(format!("{} attempts in a turn", scope.attempts()));
        }
        match command {
            Command::Attempt(attempt) => {
                let rounds = if policy.recovery.new_round { 2 } else { 1 };
                if attempt.number > policy.retry.max_attempts * rounds + 1 {
                    return Err(format!("attempt number {} on one route", attempt.number));
                }
                let late = scope.deadline().is_some_and(|deadline| attempt.until > deadline);
                if late || attempt.timeout.is_zero() {
                    return Err(format!(
                        "an attempt until {:?}, past the deadline {:?}",
                        attempt.until,
                        scope.deadline()
                    ));
                }
            }
            Command::Wait { delay, why, .. } => {
                let retry = &policy.retry;
                let longest = match why {
                    WaitWhy::Running => return Ok(()),
                    WaitWhy::Backoff if retry.past_patience == PastPatience::Obey => return Ok(()),
                    WaitWhy::Backoff if retry.past_patience == PastPatience::Backoff => {
                        retry.cap.max(retry.patience).max(retry.patience_last)
                    }
                    WaitWhy::Backoff => retry.patience.max(retry.patience_last),
                    WaitWhy::Rebuilt => policy.recovery.max_wait,
                    WaitWhy::Breaker => retry.patience_last,
                    // The second for another call's test of a route.
                    WaitWhy::Cooldown => retry.patience_last.max(retry.patience),
                    WaitWhy::Activating => std::time::Duration::from_millis(100),
                };
                if *delay > longest {
                    return Err(format!("a wait of {delay:?} for {why}"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// An attempt that was let through while its breaker is half open is a probe, and there is only one at a time.
    fn watch_probes(&mut self, at: usize) -> Result<(), String> {
        let now = Instant::from_millis(self.now);
        let routes: Vec<RouteId> = (0_u8..).zip(self.session.routes()).map(|(id, _)| RouteId(id)).collect();
        for route in routes {
            if self.session.breaker(route, now) != BreakerState::HalfOpen {
                self.probes.remove(&route);
            }
        }
        let actor = &self.actors[at];
        let (mut turn, mut session, mut call) = (actor.turn.clone(), self.session.clone(), actor.call.clone());
        let next = match &mut call {
            Some(call) => call.poll(turn.scope_mut(), &mut session, now),
            None => turn.poll(&mut session, now),
        };
        let Command::Attempt(attempt) = next else { return Ok(()) };
        let Some(route) = attempt.route else { return Ok(()) };
        // What this look ahead alone would begin has not begun.
        let ahead = turn.scope().attempts() != actor.turn.scope().attempts();
        // Nor is what was said before its breaker opened a probe.
        let seen = ahead
            || actor.known.contains(&attempt.id)
            || self.probes.get(&route).is_some_and(|known| (known.turn, known.id) == (at, attempt.id));
        let many = self.policy.breaker.probes > 1 || self.policy.breaker.half_open.is_some();
        if seen || many || session.breaker(route, now) != BreakerState::HalfOpen {
            return Ok(());
        }
        let probe = Probe { turn: at, id: attempt.id, lease: attempt.until.as_millis().saturating_add(GRACE) };
        if let Some(other) = self.probes.insert(route, probe)
            && other.turn != at
            && self.now.max(self.actors[at].slept) < other.lease
        {
            return Err(format!("two probes of {route:?} at once: {other:?} and {probe:?}"));
        }
        Ok(())
    }

    /// Lets every turn end: everything that is open is reported, everything that is asked for works or fails.
    fn end(&mut self) -> Result<(), String> {
        let well = self.steps.len().is_multiple_of(2);
        for _ in 0..ENOUGH {
            if self.actors.iter().all(|actor| actor.over) {
                return Ok(());
            }
            for at in 0..TURNS {
                if self.actors[at].over {
                    continue;
                }
                let command = self.poll(at)?;
                self.answer(at, command, well);
            }
        }
        Err(format!("not over after {ENOUGH} commands"))
    }

    fn answer(&mut self, at: usize, command: Command, well: bool) {
        let overloaded = Failure::new(FailureKind::Overloaded);
        match command {
            Command::Attempt(attempt) => self.conclude(at, attempt.id, well, overloaded),
            Command::Wait { why: WaitWhy::Running, until, .. } => {
                let open: Vec<Id> = self.actors[at].open.keys().copied().collect();
                if open.is_empty() {
                    self.now = until.known().map_or(self.now, Instant::as_millis).max(self.now);
                }
                for id in open {
                    self.conclude(at, id, well, overloaded);
                }
            }
            Command::Wait { id, .. } | Command::Switch { id, .. } | Command::Rebuild { id, .. } => {
                self.conclude(at, id, well, overloaded);
            }
            Command::AskApproval { id, .. } => self.conclude(at, id, well, overloaded),
            Command::Cancel { .. } | Command::Finish(_) => {}
        }
    }

    fn conclude(&mut self, at: usize, id: Id, well: bool, failure: Failure) {
        let Some(open) = self.actors[at].open.get(&id).copied() else { return };
        match open {
            Open::Attempt { model: true, .. } if well => {
                let event = Event::Replied { id, reply: Reply::Answer, usage: Usage::default() };
                self.settled(at, id, event, json!({ "replied": { "id": id, "answer": true } }));
            }
            Open::Attempt { .. } if well => self.settled(at, id, Event::Succeeded(id), json!({ "succeeded": id })),
            Open::Attempt { .. } => {
                let form = json!({ "failed": { "id": id, "kind": failure.kind.name() } });
                self.settled(at, id, Event::Failed { id, failure, spent: None }, form);
            }
            Open::Client if well => self.settled(at, id, Event::Ready(id), json!({ "ready": id })),
            Open::Client => self.settled(at, id, Event::NotReady(id), json!({ "not_ready": id })),
            Open::Sleep(until) => {
                self.settled(at, id, Event::Waited(id), json!({ "waited": id }));
                self.actors[at].slept = until;
            }
            Open::Question(digest) => {
                let event = Event::Decided { id, decision: Decision::Deny, digest };
                let form = json!({ "id": id, "decision": "deny", "digest": digest.to_string() });
                self.settled(at, id, event, json!({ "decided": form }));
            }
        }
    }
}
