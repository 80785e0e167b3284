//! Runs a vector: a session, its named turns, and one clock that the vector holds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use failsoft::command::{Command, Event, Id, Reply, ToolCall, WaitWhy};
use failsoft::policy::approval::Digest;
use failsoft::policy::breaker::BreakerState;
use failsoft::policy::limits::Usage;
use failsoft::turn::explain_call;
use failsoft::{Call, End, Handled, Instant, Route, RouteId, Session, Tool, Turn, Verdict, Work};

use crate::said::{self, fits};
use crate::vector::{CallForm, Elsewhere, SnapshotForm, Step, Vector, WithinForm, chain, digest_of};

/// The calendar of every vector, in milliseconds since the Unix epoch.
const WALL: u64 = 1_700_000_000_000;

/// An event that names nothing but an id.
type Made<'e> = fn(Id) -> Event<'e>;

/// How a vector is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As it stands.
    Plain,
    /// Everything is written and read again before each step.
    Restored,
    /// Calls by `enter` and `settle` as long as that goes.
    Fused,
}

/// What a run leaves behind, to be compared between ways.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    /// Each turn's scope by its name, and the state of its agent loop.
    pub turns: BTreeMap<String, Turn>,
    /// The session.
    pub session: Session,
}

enum Machine {
    Agent,
    Call(Call),
    /// Let through by `enter`, when, and whether it was taken since.
    Admitted(Call, Instant, bool),
    /// Settled by `settle`.
    Settled,
}

struct Actor {
    turn: Turn,
    machine: Machine,
    /// What was asked about, by id.
    asked: HashMap<Id, Digest>,
    /// Nothing that holds a permit is under way, as far as is known.
    at_rest: bool,
    /// When it was last spoken to.
    seen: u64,
}

struct Host<'a> {
    vector: &'a Vector,
    way: Way,
    session: Session,
    chain: Vec<Route>,
    tools: Arc<[Tool]>,
    actors: BTreeMap<String, Actor>,
    epoch: u32,
    /// What the wall clock has gained on the host's clock.
    wall: u64,
}

/// Runs a vector one way.
///
/// # Errors
/// What the vector or its first wrong step gets wrong.
pub fn run(vector: &Vector, way: Way) -> Result<Left, String> {
    let mut host = Host {
        vector,
        way,
        session: vector.session()?,
        chain: vector.chain()?,
        tools: vector.tools(),
        actors: BTreeMap::new(),
        epoch: 0,
        wall: WALL,
    };
    let mut now = 0;
    for (index, step) in vector.steps.iter().enumerate() {
        now = step.at.unwrap_or(now);
        let ran = host.step(step, now);
        now = ran.map_err(|wrong| format!("step {index} (at {now}, {way:?}): {wrong}"))?;
    }
    let turns = host.actors.into_iter().map(|(name, actor)| (name, actor.turn)).collect();
    Ok(Left { turns, session: host.session })
}

/// Runs a vector every way that it can be run.
///
/// # Errors
/// As [`run`], or the way that leaves another state.
pub fn run_every_way(vector: &Vector) -> Result<(), String> {
    let plain = run(vector, Way::Plain)?;
    let restored = run(vector, Way::Restored)?;
    if plain.turns != restored.turns {
        return Err(format!(
            "restored before each step, it leaves another state: {}",
            apart(&plain.turns, &restored.turns)
        ));
    }
    if vector.call.is_some() {
        let fused = run(vector, Way::Fused)?;
        if plain != fused {
            return Err(format!("enter and settle leave another state: {}", apart(&plain, &fused)));
        }
    }
    Ok(())
}

/// Where two states begin to differ, with what surrounds it.
fn apart(a: &impl std::fmt::Debug, b: &impl std::fmt::Debug) -> String {
    let (a, b) = (format!("{a:?}"), format!("{b:?}"));
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| text.chars().skip(same.saturating_sub(150)).take(300).collect::<String>();
    format!("\n  {}\n  {}", around(&a), around(&b))
}

impl Host<'_> {
    /// Returns the time: a snapshot may move it to another clock.
    fn step(&mut self, step: &Step, now: u64) -> Result<u64, String> {
        let at = Instant::from_millis(now);
        if let Some(form) = &step.snapshot {
            return self.restore(now, form);
        }
        if let Some(name) = &step.reset {
            let route = self.vector.route(&self.session, name)?;
            self.session.reset(route);
            return Ok(now);
        }
        if let Some(form) = &step.order {
            let route = self.vector.route(&self.session, &form.route)?;
            self.session.order_breaker(route, form.order);
            return Ok(now);
        }
        if let Some(name) = &step.isolate {
            let route = self.vector.route(&self.session, name)?;
            self.session.isolate(route);
            return Ok(now);
        }
        if let Some(name) = &step.release {
            let route = self.vector.route(&self.session, name)?;
            self.session.release(route);
            return Ok(now);
        }
        if let Some(wanted) = &step.breaker {
            let name = wanted.get("route").and_then(serde_json::Value::as_str).unwrap_or_default();
            let route = self.vector.route(&self.session, name)?;
            let mut found = said::metrics(&self.session.breaker_metrics(route, at));
            found["route"] = name.into();
            return fits(wanted, &found).map(|()| now);
        }
        let name = step.turn.clone().unwrap_or_else(|| "a".into());
        if let Some(form) = &step.within {
            let actor = self.begin_within(form, at)?;
            self.actors.insert(name, actor);
            return Ok(now);
        }
        if step.new_turn.is_some() || !self.actors.contains_key(&name) {
            let actor = self.begin(at)?;
            self.actors.insert(name.clone(), actor);
            if step.new_turn.is_some() {
                return Ok(now);
            }
        }
        if self.way == Way::Restored {
            self.restore_quietly(at, &name)?;
        }
        let Some(mut actor) = self.actors.remove(&name) else { return Err("no turn".into()) };
        let ran = self.act(&mut actor, step, at);
        actor.seen = now;
        self.actors.insert(name, actor);
        ran.map(|()| now)
    }

    fn begin(&mut self, at: Instant) -> Result<Actor, String> {
        let mut turn = Turn::new(&mut self.session, self.tools.clone(), at);
        self.vector.stream(&mut turn, &self.session)?;
        let machine = self.vector.call.as_ref().map_or(Machine::Agent, |form| Machine::Call(form.call()));
        Ok(Actor { turn, machine, asked: HashMap::new(), at_rest: true, seen: at.as_millis() })
    }

    fn begin_within(&mut self, form: &WithinForm, at: Instant) -> Result<Actor, String> {
        let above = self.actors.get_mut(&form.turn).ok_or_else(|| format!("no turn {}", form.turn))?;
        let inherited = above.turn.hand_down(at, form.share_budgets);
        let mut actor = self.begin(at)?;
        actor.turn.inherit(inherited, at);
        if let Some(own) = form.deadline_ms {
            actor.turn.scope_mut().shorten(at + Duration::from_millis(own));
        }
        Ok(actor)
    }

    fn act(&mut self, actor: &mut Actor, step: &Step, at: Instant) -> Result<(), String> {
        if let Some(wanted) = &step.poll {
            return self.poll(actor, at, wanted);
        }
        if let Some(form) = &step.new_call {
            actor.machine = Machine::Call(CallForm::clone(form).call());
            return Ok(());
        }
        if let Some(wanted) = &step.report {
            return fits(wanted, &said::report(&actor.turn.report(&self.session)));
        }
        if let Some(wanted) = &step.outcome {
            let index = wanted.get("index").and_then(serde_json::Value::as_u64).unwrap_or(0);
            let index = u32::try_from(index).map_err(|error| error.to_string())?;
            return fits(wanted, &said::outcome(index, actor.turn.outcome(index)));
        }
        if let Some(wanted) = &step.sentence {
            let text = actor.turn.sentence(wanted.index);
            return if text == wanted.text { Ok(()) } else { Err(format!("got the sentence {text:?}")) };
        }
        if let Some(wanted) = &step.lines {
            let lines = actor.turn.report(&self.session).lines;
            return if lines == *wanted { Ok(()) } else { Err(format!("got the lines {lines:#?}")) };
        }
        if let Some(wanted) = &step.explain {
            let text = self.explain(actor);
            return if text == *wanted { Ok(()) } else { Err(format!("got the explanation {text:?}")) };
        }
        if let Some(wanted) = &step.degraded_answer {
            let text = actor.turn.degraded_answer();
            return if text.as_ref() == Some(wanted) { Ok(()) } else { Err(format!("got the answer {text:?}")) };
        }
        self.event(actor, step, at)
    }

    fn explain(&self, actor: &Actor) -> String {
        match &actor.machine {
            Machine::Call(call) => call.verdict().map_or_else(String::new, |verdict| {
                explain_call(&self.session, actor.turn.scope(), call.id(), verdict)
            }),
            _ => actor.turn.detail().to_string(),
        }
    }

    // ---- Polls ----

    fn poll(&mut self, actor: &mut Actor, at: Instant, wanted: &serde_json::Value) -> Result<(), String> {
        let command = actor.poll(&mut self.session, at, self.way)?;
        let before = (actor.turn.clone(), self.session.clone(), actor.call());
        let again = actor.poll(&mut self.session, at, Way::Plain)?;
        if command != again || before != (actor.turn.clone(), self.session.clone(), actor.call()) {
            return Err(format!("polled twice it says {command:?} and then {again:?}, or changes its state"));
        }
        match command {
            Command::Attempt(attempt) => actor.at_rest = matches!(attempt.work, Work::Tool { .. }),
            Command::AskApproval { id, digest, .. } => {
                actor.asked.insert(id, digest);
                actor.at_rest = true;
            }
            Command::Wait { why, .. } if why != WaitWhy::Running => actor.at_rest = true,
            Command::Finish(_) => actor.at_rest = true,
            _ => {}
        }
        fits(wanted, &said::command(&command, &self.session))
    }

    // ---- Events ----

    fn event(&mut self, actor: &mut Actor, step: &Step, at: Instant) -> Result<(), String> {
        let calls: Vec<_> = match step.replied.as_ref().and_then(|form| form.tool_calls.as_ref()) {
            Some(calls) => calls.iter().map(|form| Ok((form, form.digest()?))).collect::<Result<_, String>>()?,
            None => Vec::new(),
        };
        let calls: Vec<ToolCall<'_>> = calls
            .iter()
            .map(|(form, digest)| ToolCall {
                name: &form.name,
                arguments: digest.as_ref().copied().map_err(String::as_str),
                risky: form.risk(),
            })
            .collect();
        let event = Self::event_of(actor, step, &calls)?;
        let fused = matches!(actor.machine, Machine::Admitted(..));
        // The clock of a scope is no news, but an agent's deadline may stand still while it goes on.
        actor.tick(&mut self.session, at);
        let comparable = !matches!(actor.machine, Machine::Agent) || at.as_millis() <= actor.seen;
        let before = (!fused && comparable).then(|| (actor.turn.clone(), self.session.clone()));
        let call = actor.call();
        let handled = actor.handle(&mut self.session, at, event);
        match (handled, step.stale) {
            (Handled::Accepted, false) => {
                let malformed = matches!(event, Event::Replied { reply: Reply::Nothing, .. });
                let over = matches!(event, Event::Succeeded(_) | Event::Replied { .. }) && !malformed;
                actor.at_rest = actor.at_rest && !matches!(event, Event::Ready(_) | Event::Waited(_)) || over;
                Ok(())
            }
            (Handled::Stale, true) => match before {
                Some(before) if before != (actor.turn.clone(), self.session.clone()) || call != actor.call() => {
                    Err("a stale event changed something".into())
                }
                _ => Ok(()),
            },
            (handled, _) => Err(format!("{event:?} was {handled:?}")),
        }
    }

    fn event_of<'e>(actor: &Actor, step: &Step, calls: &'e [ToolCall<'e>]) -> Result<Event<'e>, String> {
        if let Some(form) = &step.failed {
            return Ok(Event::Failed { id: form.id, failure: form.failure(), spent: form.spent() });
        }
        if let Some(form) = &step.replied {
            let usage = Usage { input_tokens: form.usage.input_tokens, output_tokens: form.usage.output_tokens };
            let reply = match (form.answer, &form.tool_calls) {
                (Some(_), None) => Reply::Answer,
                (None, Some(calls)) if calls.is_empty() => Reply::Nothing,
                (None, Some(_)) => Reply::ToolCalls(calls),
                _ => return Err("replied: give answer or tool_calls".into()),
            };
            return Ok(Event::Replied { id: form.id, reply, usage });
        }
        if let Some(form) = &step.progress {
            return Ok(Event::Progress { id: form.id, meaningful: form.meaningful, usage: form.usage() });
        }
        if let Some(form) = &step.decided {
            let asked = actor.asked.get(&form.id).copied();
            let digest = match &form.digest {
                Some(hex) => digest_of(hex)?,
                None => asked.ok_or_else(|| format!("nothing was asked under {}", form.id))?,
            };
            return Ok(Event::Decided { id: form.id, decision: form.decision, digest });
        }
        if step.interrupted.is_some() {
            return Ok(Event::Interrupted);
        }
        let plain: [(Option<Id>, Made<'e>); 6] = [
            (step.taken, Event::Taken),
            (step.succeeded, Event::Succeeded),
            (step.waited, Event::Waited),
            (step.ready, Event::Ready),
            (step.not_ready, Event::NotReady),
            (step.abandoned, Event::Abandoned),
        ];
        plain.into_iter().find_map(|(id, event)| id.map(event)).ok_or_else(|| "no action".into())
    }

    // ---- Snapshots ----

    fn restore(&mut self, now: u64, form: &SnapshotForm) -> Result<u64, String> {
        let (clock, outside) = match form {
            SnapshotForm::Here(_) => (now, 0),
            SnapshotForm::Elsewhere(Elsewhere { clock, outside_ms, routes }) => {
                if let Some(routes) = routes {
                    self.chain = chain(routes)?;
                }
                (*clock, *outside_ms)
            }
        };
        let (then, there) = (Instant::from_millis(now), Instant::from_millis(clock));
        let (wall, wall_there) = (self.wall + now, self.wall + now + outside);
        let text = self.session.snapshot(then, wall);
        self.epoch += 1;
        let (policy, chain) = (self.vector.policy()?, self.chain.clone());
        let session = Session::restore(&text, policy, chain, self.epoch, there, wall_there);
        let session = self.vector.slotted(session.map_err(|wrong| wrong.to_string())?);
        let before = std::mem::replace(&mut self.session, session);
        for actor in self.actors.values_mut() {
            let text = actor.turn.snapshot(&before, then, wall);
            let turn = Turn::restore(&text, &self.session, self.tools.clone(), there, wall_there);
            actor.turn = turn.map_err(|wrong| wrong.to_string())?;
            actor.seen = clock;
        }
        self.wall = wall_there - clock;
        Ok(clock)
    }

    /// On the same clock, at once: nothing may change, but for permits, which a session's snapshot does not hold, and clients,
    /// which it cannot.
    fn restore_quietly(&mut self, at: Instant, name: &str) -> Result<(), String> {
        let wall = self.wall + at.as_millis();
        // Budgets that are shared become the turn's own when it is stored: that is another state.
        if let Some(actor) = self.actors.get_mut(name).filter(|actor| !actor.turn.scope().shares_budgets()) {
            let text = actor.turn.snapshot(&self.session, at, wall);
            let turn = Turn::restore(&text, &self.session, self.tools.clone(), at, wall);
            let turn = turn.map_err(|wrong| wrong.to_string())?;
            if turn != actor.turn {
                return Err(format!("a restored turn differs: {}", apart(&actor.turn, &turn)));
            }
            actor.turn = turn;
            if let Machine::Call(call) = &mut actor.machine {
                let restored = Call::restore_value(&call.snapshot_value(&self.session, at), &self.session, at);
                let restored = restored.map_err(|wrong| wrong.to_string())?;
                if restored != *call {
                    return Err(format!("a restored call differs: {}", apart(call, &restored)));
                }
                *call = restored;
            }
        }
        // Nor do those who hold a route out of use.
        let isolated = |route| self.session.breaker(route, at) == BreakerState::Isolated;
        let held = (0..).map(RouteId).zip(self.session.routes()).any(|(id, route)| route.activates || isolated(id));
        if held || !self.actors.values().all(|actor| actor.at_rest) {
            return Ok(());
        }
        let text = self.session.snapshot(at, wall);
        let (policy, chain) = (self.vector.policy()?, self.chain.clone());
        let session =
            Session::restore(&text, policy, chain, self.epoch, at, wall).map_err(|wrong| wrong.to_string())?;
        if session != self.session {
            return Err(format!("a restored session differs: {}", apart(&self.session, &session)));
        }
        self.session = session;
        Ok(())
    }
}

impl Actor {
    fn call(&self) -> Option<Call> {
        match &self.machine {
            Machine::Call(call) => Some(call.clone()),
            _ => None,
        }
    }

    fn poll(&mut self, session: &mut Session, at: Instant, way: Way) -> Result<Command, String> {
        self.unfuse(session, at)?;
        let scope = self.turn.scope_mut();
        let command = match &mut self.machine {
            Machine::Agent => self.turn.poll(session, at),
            Machine::Call(call) if way == Way::Fused && call.id() == 0 => {
                if !call.enter(scope, session, at) {
                    return self.poll(session, at, Way::Plain);
                }
                let attempt = call.attempted(scope).ok_or("an entry without an attempt")?;
                self.machine = Machine::Admitted(call.clone(), at, false);
                Command::Attempt(attempt)
            }
            Machine::Call(call) => call.poll(scope, session, at),
            // The second poll of an attempt that has just been let through.
            Machine::Admitted(call, ..) => Command::Attempt(call.attempted(scope).ok_or("no attempt")?),
            Machine::Settled => {
                self.tick(session, at);
                Command::Finish(Verdict::new(End::Succeeded))
            }
        };
        Ok(command)
    }

    /// Back to the machine, where more is wanted than `settle` knows.
    fn unfuse(&mut self, session: &mut Session, at: Instant) -> Result<(), String> {
        let Machine::Admitted(call, since, taken) = &mut self.machine else { return Ok(()) };
        let scope = self.turn.scope_mut();
        let attempt = call.attempted(scope).ok_or("no attempt")?;
        if !*taken && at == *since {
            return Ok(());
        }
        if *taken && call.handle(scope, session, at, Event::Taken(attempt.id)) == Handled::Stale {
            return Err("an admitted attempt cannot be taken".into());
        }
        self.machine = Machine::Call(call.clone());
        Ok(())
    }

    fn handle(&mut self, session: &mut Session, at: Instant, event: Event<'_>) -> Handled {
        if let Machine::Admitted(call, _, taken) = &mut self.machine {
            let scope = self.turn.scope_mut();
            let id = call.attempted(scope).map(|attempt| attempt.id);
            let result = match event {
                Event::Taken(of) if Some(of) == id && !*taken => {
                    *taken = true;
                    self.tick(session, at);
                    return Handled::Accepted;
                }
                Event::Succeeded(of) if Some(of) == id => Ok(()),
                Event::Failed { id: of, failure, .. } if Some(of) == id => Err(failure),
                _ => {
                    if let (true, Some(id)) = (*taken, id) {
                        let _ = call.handle(scope, session, at, Event::Taken(id));
                    }
                    self.machine = Machine::Call(call.clone());
                    return self.handle(session, at, event);
                }
            };
            let is_over = call.settle(scope, session, at, result);
            self.machine = if is_over { Machine::Settled } else { Machine::Call(call.clone()) };
            return Handled::Accepted;
        }
        match &mut self.machine {
            Machine::Agent => self.turn.handle(session, at, event),
            Machine::Call(call) => call.handle(self.turn.scope_mut(), session, at, event),
            Machine::Admitted(..) | Machine::Settled => {
                self.tick(session, at);
                Handled::Stale
            }
        }
    }

    /// Lets the scope see the time, as the machine would have; nothing else changes by an event that means nothing.
    fn tick(&mut self, session: &mut Session, at: Instant) {
        let _ = Call::new(Work::Function).handle(self.turn.scope_mut(), session, at, Event::Waited(0));
    }
}
