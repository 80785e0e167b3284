//! Invents a script: a host that does what it is told, mostly, and now and then anything else.

use std::collections::BTreeMap;

use failsoft::command::{Command, Id, Replay, WaitWhy, Work};
use serde_json::{Value, json};

use super::dice::Dice;
use super::forms::{DIGEST, decided, failed, replied};
use super::head::{TOOLS, head};
use super::seen::Seen;
use super::stage::{Brought, Stage, Step};

/// Turns of one session at the same time, at most.
const TURNS: u64 = 3;
#[derive(Debug, Clone)]
enum Open {
    Attempt { model: bool },
    Client,
    Question(String),
    Sleep(u64),
}

/// A turn as its host sees it.
#[derive(Debug, Default)]
struct Mind {
    open: BTreeMap<Id, Open>,
    over: bool,
    /// The attempt of the short way.
    admitted: bool,
}

/// A script in the making.
struct Inventor {
    dice: Dice,
    head: Value,
    stage: Stage,
    steps: Vec<Step>,
    minds: Vec<Mind>,
    now: u64,
    /// Turns drive calls of functions, not their own loop.
    calls: bool,
    /// How often, of 16 times, things go well.
    luck: u64,
}

/// Script `number` under this seed, as one line of JSON, and its transcript.
///
/// # Errors
/// A step that the stage refuses: a mistake in here.
pub fn invent(seed: u64, number: u64, seen: &mut Seen) -> Result<(String, String), String> {
    let mut dice = Dice::new(seed, number);
    let head = head(&mut dice);
    let stage = Stage::new(&head).map_err(|wrong| format!("{wrong} in {head}"))?;
    let (calls, luck) = (dice.once_in(3), dice.from_to(2, 14));
    let now = dice.pick(&[0, 0, 5, 1_700_000_000_123]);
    let mut inventor = Inventor { dice, head, stage, steps: Vec::new(), minds: Vec::new(), now, calls, luck };
    inventor.run()?;
    let transcript = inventor.stage.close();
    seen.add(std::mem::take(&mut inventor.stage.seen));
    inventor.head["steps"] = json!(inventor.steps);
    Ok((inventor.head.to_string(), transcript))
}

impl Inventor {
    fn run(&mut self) -> Result<(), String> {
        let turns = self.dice.from_to(1, TURNS);
        for turn in 0..turns {
            self.begin(as_place(turn))?;
        }
        for _ in 0..self.dice.from_to(6, 32) {
            let turn = as_place(self.dice.from_to(0, turns - 1));
            self.pass_time(turn);
            match self.dice.from_to(0, 19) {
                0..=15 => self.go_on(turn)?,
                16..=17 => self.disturb(turn)?,
                _ => self.meddle(turn)?,
            }
        }
        Ok(())
    }

    fn step(&mut self, turn: usize, verb: &str, value: Value) -> Result<Brought, String> {
        let step = (self.now, turn, verb.to_string(), value);
        let brought = self.stage.step(&step).map_err(|wrong| format!("{wrong} at {step:?} of {}", self.head))?;
        self.steps.push(step);
        Ok(brought)
    }

    fn begin(&mut self, turn: usize) -> Result<(), String> {
        let streams = if !self.calls && self.dice.once_in(3) { self.streams() } else { Value::Null };
        self.step(turn, "turn", streams)?;
        if turn == self.minds.len() {
            self.minds.push(Mind::default());
        } else {
            self.minds[turn] = Mind::default();
        }
        if self.calls { self.begin_call(turn) } else { Ok(()) }
    }

    /// Some of the chain, whose models stream.
    fn streams(&mut self) -> Value {
        let routes = self.head["routes"].as_array().map_or(0, Vec::len);
        let some: Vec<usize> = (0..routes).filter(|_| !self.dice.once_in(3)).collect();
        json!({ "routes": some, "restartable": self.dice.once_in(2) })
    }

    fn begin_call(&mut self, turn: usize) -> Result<(), String> {
        self.minds[turn] = Mind::default();
        let (streaming, restartable) = (self.dice.once_in(3), self.dice.once_in(2));
        if self.dice.once_in(2) {
            let brought = self.step(turn, "enter", json!({ "streaming": streaming, "restartable": restartable }))?;
            self.minds[turn].admitted = matches!(brought, Brought::Said(_));
            return Ok(());
        }
        let mut form = json!({
            "replay": self.dice.pick(Replay::NAMES), "streaming": streaming, "restartable": restartable,
        });
        if self.dice.once_in(4) {
            form["timeout_ms"] = self.dice.span(1, 5000).into();
        }
        if self.dice.once_in(6) {
            form["context_tokens"] = self.dice.from_to(0, 5000).into();
        }
        self.step(turn, "call", form).map(drop)
    }

    fn pass_time(&mut self, turn: usize) {
        let wakes = self.minds[turn].open.values().filter_map(|open| match open {
            Open::Sleep(until) => Some(*until),
            _ => None,
        });
        let wakes = wakes.max().unwrap_or(0);
        match self.dice.from_to(0, 15) {
            0..=5 => {}
            6..=8 => self.now += self.dice.from_to(1, 60),
            9..=10 => self.now += self.dice.from_to(100, 3000),
            11..=13 => self.now = self.now.max(wakes),
            14 => self.now += self.dice.from_to(3000, 20_000),
            _ if self.dice.once_in(3) => self.now += self.dice.span(60_000, 4_000_000),
            _ => self.now += self.dice.from_to(20_000, 90_000),
        }
    }

    // ---- What a host does ----

    fn go_on(&mut self, turn: usize) -> Result<(), String> {
        let mind = &self.minds[turn];
        if mind.admitted {
            return self.settle(turn);
        }
        if mind.over {
            return if self.calls && self.dice.once_in(2) { self.begin_call(turn) } else { self.begin(turn) };
        }
        let open: Vec<Id> = mind.open.keys().copied().collect();
        if open.is_empty() || self.dice.once_in(3) {
            let verb = self.dice.pick(&["next", "next", "next", "poll"]);
            let brought = self.step(turn, verb, Value::Null)?;
            return self.follow(turn, brought, verb == "poll");
        }
        let id = self.dice.pick(&open);
        self.report(turn, id)
    }

    fn follow(&mut self, turn: usize, brought: Brought, take: bool) -> Result<(), String> {
        let Brought::Said(command) = brought else { return Ok(()) };
        let open = &mut self.minds[turn].open;
        let id = match command {
            Command::Attempt(attempt) => {
                open.insert(attempt.id, Open::Attempt { model: matches!(attempt.work, Work::Model { .. }) });
                attempt.id
            }
            Command::Switch { id, .. } | Command::Rebuild { id, .. } => {
                open.insert(id, Open::Client);
                id
            }
            Command::AskApproval { id, digest, .. } => {
                open.insert(id, Open::Question(digest.to_string()));
                id
            }
            Command::Cancel { id, .. } => {
                open.remove(&id);
                id
            }
            Command::Wait { why: WaitWhy::Running, .. } => return Ok(()),
            Command::Wait { id, until, .. } => {
                open.insert(id, Open::Sleep(until.as_millis()));
                return Ok(());
            }
            Command::Finish(_) => {
                self.minds[turn].over = true;
                return Ok(());
            }
        };
        if take && !self.dice.once_in(6) {
            self.step(turn, "taken", id.into())?;
        }
        Ok(())
    }

    fn settle(&mut self, turn: usize) -> Result<(), String> {
        let goes_well = self.goes_well();
        let mind = &mut self.minds[turn];
        mind.admitted = false;
        if goes_well || self.dice.once_in(6) {
            mind.over = true;
            let how = if goes_well { "succeeded" } else { "abandoned" };
            self.step(turn, "settle", how.into())?;
            // What was settled is no call any more: only a new one can be asked.
            return self.begin_call(turn);
        }
        let failed = failed(&mut self.dice, 1);
        self.step(turn, "settle", json!({ "failed": failed })).map(drop)
    }

    fn report(&mut self, turn: usize, id: Id) -> Result<(), String> {
        let Some(open) = self.minds[turn].open.get(&id).cloned() else { return Ok(()) };
        if matches!(open, Open::Attempt { .. }) && self.dice.once_in(6) {
            let form = json!({ "id": id, "meaningful": self.dice.once_in(2) });
            return self.step(turn, "progress", form).map(drop);
        }
        self.minds[turn].open.remove(&id);
        let (verb, value) = match open {
            // Whoever takes back one tool stops those beside it.
            Open::Attempt { model } if self.dice.once_in(if model { 20 } else { 8 }) => ("abandoned", id.into()),
            Open::Attempt { model: true } if self.goes_well() => ("replied", replied(&mut self.dice, id)),
            Open::Attempt { model: false } if self.goes_well() => ("succeeded", id.into()),
            Open::Attempt { .. } => ("failed", failed(&mut self.dice, id)),
            Open::Client if self.goes_well() || self.dice.once_in(2) => ("ready", id.into()),
            Open::Client => ("not_ready", id.into()),
            Open::Sleep(_) => ("waited", id.into()),
            Open::Question(digest) => ("decided", decided(&mut self.dice, id, &digest)),
        };
        self.step(turn, verb, value).map(drop)
    }

    fn goes_well(&mut self) -> bool {
        self.dice.from_to(1, 16) <= self.luck
    }

    // ---- What no good host does ----

    /// Reports what means nothing: an id that is over, that belongs to something else, or that was never given.
    fn disturb(&mut self, turn: usize) -> Result<(), String> {
        if self.minds[turn].admitted {
            return self.settle(turn);
        }
        let id = if self.dice.once_in(12) { u32::MAX } else { u32::try_from(self.dice.from_to(0, 24)).unwrap_or(0) };
        let verbs = ["taken", "succeeded", "waited", "ready", "not_ready", "abandoned", "failed", "progress"];
        let of_turns = ["interrupted", "replied", "decided"];
        let places = verbs.len() + if self.calls { 1 } else { of_turns.len() };
        let place = as_place(self.dice.from_to(0, places as u64 - 1));
        let verb = verbs.iter().chain(&of_turns).nth(place).copied().unwrap_or("taken");
        let value = match verb {
            "failed" => failed(&mut self.dice, id),
            "progress" => json!({ "id": id, "meaningful": true }),
            "replied" => replied(&mut self.dice, id),
            "decided" => decided(&mut self.dice, id, DIGEST),
            "interrupted" => true.into(),
            _ => id.into(),
        };
        self.step(turn, verb, value).map(drop)
    }

    /// What is done to a session or a turn from outside.
    fn meddle(&mut self, turn: usize) -> Result<(), String> {
        let routes = self.head["routes"].as_array().map_or(0, Vec::len) as u64;
        let tool = self.dice.pick(&TOOLS);
        match self.dice.from_to(0, 9) {
            0..=3 if routes > 0 => {
                let route = self.dice.from_to(0, routes - 1);
                let verbs = ["breaker", "breaker", "breaker", "reset", "order", "isolate", "release", "release"];
                let verb = self.dice.pick(&verbs);
                let order = self.dice.pick(&["automatic", "automatic", "force_open", "force_closed", "metrics_only"]);
                let value = if verb == "order" { json!({ "route": route, "order": order }) } else { route.into() };
                self.step(turn, verb, value).map(drop)
            }
            4 => self.step(turn, "stand_for", tool.into()).map(drop),
            5 => self.step(turn, "withdraw", tool.into()).map(drop),
            6 if self.calls => self.step(turn, "take_step", Value::Null).map(drop),
            7 => {
                let span = self.dice.span(0, 20_000);
                self.step(turn, "shorten", span.into()).map(drop)
            }
            // It takes as long as a dozen other steps.
            8 if !self.calls && self.dice.once_in(2) => self.die(),
            _ if !self.minds[turn].admitted => self.begin(turn),
            _ => Ok(()),
        }
    }

    /// Everything is written and restored: at once, or after a death, on another clock.
    fn die(&mut self) -> Result<(), String> {
        let (clock, outside) = if self.dice.once_in(2) {
            (self.now, 0)
        } else {
            (self.dice.span(0, 4_000_000), self.dice.span(0, 4_000_000))
        };
        self.step(0, "snapshot", json!({ "clock": clock, "outside_ms": outside }))?;
        self.now = clock;
        for turn in 0..self.minds.len() {
            self.minds[turn].open.clear();
            if outside > 0 || self.dice.once_in(2) {
                self.step(turn, "interrupted", true.into())?;
            }
        }
        Ok(())
    }
}

fn as_place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(0)
}
