//! The host of a simulated session: many turns at once, each with a few calls, in the order of one clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use failsoft::account::What;
use failsoft::command::{Attempt, Command, Event, Id, RouteId, WaitWhy};
use failsoft::policy::failure::{Failure, FailureKind};
use failsoft::policy::fallback::FallbackScope;
use failsoft::{Call, End, Instant, Policy, Session, Tool, Turn};
use serde_json::{Value, json};

use super::ledger::{Asked, ByHand, Ledger};
use super::world::{World, failed_form};
use crate::differential::dice::Dice;
use crate::said;
use crate::vector::Vector;

/// The calendar of every vector, in milliseconds since the Unix epoch.
const WALL: u64 = 1_700_000_000_000;

/// What a turn will do, whatever happens to it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its number among all turns.
    pub number: usize,
    /// When it begins.
    pub at: u64,
    /// How many calls it makes, one after the other.
    pub calls: u64,
    /// Its host runs attempts inline: it says `Taken` of nothing, and does not poll before it reports.
    pub inline: bool,
    /// Its user leaves then.
    pub leaves: Option<u64>,
    /// Its host is never heard of again from then on.
    pub lost: Option<u64>,
    /// All further choices.
    pub dice: Dice,
}

/// What the session goes through between turns.
#[derive(Debug, Clone, Copy)]
pub enum Between {
    /// All that is held against a route is forgotten.
    Reset(RouteId),
    /// A person does something to the breaker of a route.
    ByHand(RouteId, ByHand),
    /// The process dies, and another one goes on so many milliseconds later.
    Restart(u64),
}

/// How much of a turn takes place. Draws follow from its number in the session, so one that does nothing must be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Played,
    /// Only its beginning.
    Begun,
}

/// What was done in a run.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// Calls that ended.
    pub calls: u64,
    /// Those of them that were answered.
    pub answered: u64,
    /// Requests that providers have seen.
    pub requests: u64,
    /// The most turns that were open at once.
    pub at_once: usize,
    /// The longest snapshot of the session.
    pub stored: usize,
    /// How many of them were second attempts beside slow ones.
    pub hedges: u64,
    /// How often the process died.
    pub restarts: u64,
}

#[derive(Debug, Clone)]
enum Open {
    Attempt { route: RouteId, due: Option<u64>, failure: Option<Failure>, progress: Vec<u64> },
    Client { due: u64, made: bool, route: RouteId, held: bool },
    Sleep { due: u64 },
}

struct Actor {
    plan: Plan,
    name: String,
    turn: Turn,
    call: Call,
    open: BTreeMap<Id, Open>,
    known: BTreeSet<Id>,
    /// Those of them that are second attempts beside slow ones.
    hedges: BTreeSet<Id>,
    /// When the machine wants to be polled again.
    wake: Option<u64>,
    committed: Option<RouteId>,
    /// Since when it is off the primary, or has looked last.
    away: Option<u64>,
    /// Of the present call: when it began, whom it asked, and whom it might have asked with certainty.
    began: u64,
    asked: Vec<RouteId>,
    clear: Vec<RouteId>,
    first: bool,
    /// When another attempt was granted at the soonest, and until when those before it asked to wait.
    granted: (u64, u64),
    own: u64,
}

/// A session with everything around it.
pub struct Host {
    form: Vector,
    head: Value,
    policy: Arc<Policy>,
    tools: Arc<[Tool]>,
    session: Session,
    world: World,
    /// What must hold.
    pub ledger: Ledger,
    actors: BTreeMap<usize, Actor>,
    queue: BTreeSet<(u64, usize)>,
    now: u64,
    wall: u64,
    epoch: u32,
    /// Where calls have come to: the last of all, and the last that was not the primary.
    committed: [Option<RouteId>; 2],
    steps: Option<Vec<Value>>,
    /// What was done.
    pub tally: Tally,
    /// Every request that a provider has seen.
    pub asked: Vec<(u64, RouteId)>,
    /// Every answer that was taken.
    pub answers: Vec<(u64, RouteId)>,
    /// Calls
    pub unanswered: Vec<(usize, u64, End)>,
}

impl Host {
    /// A session of this head over this world; with `written`, it writes itself down as a vector.
    ///
    /// # Errors
    /// What is wrong with the head.
    pub fn new(mut head: Value, world: World, written: bool) -> Result<Self, String> {
        head["steps"] = json!([{ "new_turn": true }]);
        let form = Vector::read(&head.to_string())?;
        let (policy, tools, session) = (form.policy()?, form.tools(), form.session()?);
        let ledger = Ledger::new(policy.clone(), world.places());
        Ok(Self {
            form,
            head,
            policy,
            tools,
            session,
            world,
            ledger,
            actors: BTreeMap::new(),
            queue: BTreeSet::new(),
            now: 0,
            wall: WALL,
            epoch: 0,
            committed: [None; 2],
            steps: written.then(Vec::new),
            tally: Tally::default(),
            asked: Vec::new(),
            answers: Vec::new(),
            unanswered: Vec::new(),
        })
    }

    /// The run so far as a vector, if it was to be written down.
    #[must_use]
    pub fn vector(&self) -> String {
        let mut vector = self.head.clone();
        vector["steps"] = Value::Array(self.steps.clone().unwrap_or_default());
        vector.to_string()
    }

    /// Runs everything that is due before this moment, then begins this turn.
    ///
    /// # Errors
    /// What did not hold.
    pub fn turn(&mut self, plan: &Plan, between: Option<Between>, part: Part) -> Result<(), String> {
        self.until(plan.at)?;
        self.now = self.now.max(plan.at);
        match between {
            Some(Between::Reset(route)) => self.reset(route),
            Some(Between::ByHand(route, what)) => self.by_hand(route, what),
            Some(Between::Restart(outside)) => self.restart(outside)?,
            None => {}
        }
        if plan.number % 16 == 0 {
            self.measure();
        }
        let turn = Turn::new(&mut self.session, self.tools.clone(), Instant::from_millis(self.now));
        let name = format!("turn {}", plan.number);
        self.write(|| json!({ "turn": name, "new_turn": true }));
        if part == Part::Begun {
            return Ok(());
        }
        let Some(form) = &self.form.call else { return Err("a session of calls".into()) };
        let actor = Actor {
            plan: plan.clone(),
            name,
            turn,
            call: form.call(),
            open: BTreeMap::new(),
            known: BTreeSet::new(),
            hedges: BTreeSet::new(),
            wake: None,
            committed: None,
            away: None,
            began: self.now,
            asked: Vec::new(),
            clear: Vec::new(),
            first: true,
            granted: (0, 0),
            own: 0,
        };
        self.actors.insert(plan.number, actor);
        self.tally.at_once = self.tally.at_once.max(self.actors.len());
        self.begin_call(plan.number);
        self.go_on(plan.number)
    }

    /// Runs everything that is due before this moment.
    ///
    /// # Errors
    /// What did not hold.
    pub fn until(&mut self, moment: u64) -> Result<(), String> {
        while let Some((at, who)) = self.queue.first().copied().filter(|(at, _)| *at < moment) {
            self.queue.remove(&(at, who));
            self.now = self.now.max(at);
            self.advance(who)?;
        }
        Ok(())
    }

    /// Runs to the end of every turn.
    ///
    /// # Errors
    /// What did not hold.
    pub fn end(&mut self) -> Result<(), String> {
        self.until(u64::MAX)?;
        self.measure();
        if self.actors.is_empty() { self.ledger.check_budget() } else { Err("turns that nothing wakes".into()) }
    }

    // ---- The session ----

    fn reset(&mut self, route: RouteId) {
        let name = self.session.route_name(route).to_string();
        self.write(|| json!({ "reset": name }));
        self.session.reset(route);
        self.ledger.reset(route);
    }

    fn by_hand(&mut self, route: RouteId, what: ByHand) {
        let name = self.session.route_name(route).to_string();
        match what {
            ByHand::Order(order) => {
                self.write(|| json!({ "order": { "route": name, "order": order.name() } }));
                self.session.order_breaker(route, order);
            }
            ByHand::Isolate => {
                self.write(|| json!({ "isolate": name }));
                self.session.isolate(route);
            }
            ByHand::Release => {
                self.write(|| json!({ "release": name }));
                self.session.release(route);
            }
        }
        self.ledger.by_hand(route, what);
    }

    fn restart(&mut self, outside: u64) -> Result<(), String> {
        let now = self.now;
        self.write(|| json!({ "snapshot": { "clock": now, "outside_ms": outside } }));
        let at = Instant::from_millis(now);
        let text = self.session.snapshot(at, self.wall + now);
        self.wall += outside;
        self.epoch += 1;
        self.tally.restarts += 1;
        let (policy, chain) = (self.policy.clone(), self.form.chain()?);
        let restored = Session::restore(&text, policy, chain, self.epoch, at, self.wall + now);
        self.session = restored.map_err(|wrong| wrong.to_string())?;
        self.actors.clear();
        self.queue.clear();
        self.ledger.restarted(outside);
        Ok(())
    }

    fn measure(&mut self) {
        let length = self.session.snapshot(Instant::from_millis(self.now), self.wall + self.now).len();
        self.tally.stored = self.tally.stored.max(length);
    }

    fn write(&mut self, step: impl FnOnce() -> Value) {
        if let Some(steps) = &mut self.steps {
            let mut step = step();
            step["at"] = self.now.into();
            steps.push(step);
        }
    }

    // ---- One turn ----

    fn begin_call(&mut self, who: usize) {
        let clear = self.ledger.routes().filter(|route| self.ledger.is_clear(*route, self.now)).collect();
        let Some(actor) = self.actors.get_mut(&who) else { return };
        (actor.began, actor.asked, actor.clear, actor.first) = (self.now, Vec::new(), clear, true);
        actor.own = 0;
    }

    /// Something of this turn is due.
    fn advance(&mut self, who: usize) -> Result<(), String> {
        let now = self.now;
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(()) };
        if actor.plan.lost.is_some_and(|at| at <= now) {
            self.actors.remove(&who);
            self.ledger.lost(who);
            return Ok(());
        }
        if actor.plan.leaves.is_some_and(|at| at <= now) {
            return self.leave(who);
        }
        let due: Vec<(Id, Open)> = actor.open.iter().map(|(id, open)| (*id, open.clone())).collect();
        let mut news = actor.wake.is_some_and(|at| at <= now);
        for (id, open) in due {
            news |= self.report(who, id, open)?;
        }
        if news { self.go_on(who) } else { Ok(self.schedule(who)) }
    }

    /// The user leaves: whatever is under way is taken back.
    fn leave(&mut self, who: usize) -> Result<(), String> {
        let ids: Vec<Id> = self.actors.get(&who).map(|actor| actor.open.keys().copied().collect()).unwrap_or_default();
        for id in ids {
            self.event(who, Event::Abandoned(id), json!({ "abandoned": id }))?;
            self.ledger.given_back((who, id));
        }
        self.actors.remove(&who);
        Ok(())
    }

    fn report(&mut self, who: usize, id: Id, open: Open) -> Result<bool, String> {
        let now = self.now;
        match open {
            Open::Attempt { route, due, failure, progress } => {
                if due.is_some_and(|due| due <= now) {
                    self.settle(who, id, route, failure)?;
                    return Ok(true);
                }
                let Some(at) = progress.first().copied().filter(|at| *at <= now) else { return Ok(false) };
                let event = Event::Progress { id, meaningful: true };
                self.event(who, event, json!({ "progress": { "id": id, "meaningful": true } }))?;
                if let Some(Open::Attempt { progress, .. }) = self.actors.get_mut(&who).and_then(|a| a.open.get_mut(&id)) {
                    progress.retain(|other| *other > at);
                }
                Ok(true)
            }
            Open::Client { due, made, route, held } if due <= now => {
                if held {
                    self.ledger.given_back((who, id));
                }
                if made {
                    self.event(who, Event::Ready(id), json!({ "ready": id }))?;
                } else {
                    self.ledger.troubled(route, now);
                    self.event(who, Event::NotReady(id), json!({ "not_ready": id }))?;
                }
                self.close(who, id);
                Ok(true)
            }
            Open::Sleep { due } if due <= now => {
                self.close(who, id);
                if self.dice(who).is_some_and(|dice| dice.once_in(2)) {
                    self.event(who, Event::Waited(id), json!({ "waited": id }))?;
                }
                Ok(true)
            }
            Open::Client { .. } | Open::Sleep { .. } => Ok(false),
        }
    }

    fn settle(&mut self, who: usize, id: Id, route: RouteId, failure: Option<Failure>) -> Result<(), String> {
        self.close(who, id);
        match failure {
            None => {
                if self.event(who, Event::Succeeded(id), json!({ "succeeded": id }))? {
                    self.ledger.passed((who, id), self.now)?;
                    self.answers.push((self.now, route));
                }
            }
            Some(failure) => {
                let form = json!({ "failed": failed_form(id, &failure) });
                self.event(who, Event::Failed { id, failure }, form)?;
            }
        }
        Ok(())
    }

    fn close(&mut self, who: usize, id: Id) {
        if let Some(actor) = self.actors.get_mut(&who) {
            actor.open.remove(&id);
        }
    }

    fn dice(&mut self, who: usize) -> Option<&mut Dice> {
        self.actors.get_mut(&who).map(|actor| &mut actor.plan.dice)
    }

    /// Says something to the machine; whether it meant anything.
    fn event(&mut self, who: usize, event: Event<'_>, mut form: Value) -> Result<bool, String> {
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(false) };
        let now = Instant::from_millis(self.now);
        let accepted = actor.call.handle(actor.turn.scope_mut(), &mut self.session, now, event).accepted();
        form["turn"] = actor.name.as_str().into();
        if !accepted {
            form["stale"] = true.into();
        }
        self.write(|| form);
        self.listen(who)?;
        Ok(accepted)
    }

    /// Reads what is new in the turn's account.
    fn listen(&mut self, who: usize) -> Result<(), String> {
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(()) };
        while let Some(notice) = actor.turn.scope_mut().poll_notice() {
            if let What::AttemptFailed { failure, .. } = notice.what {
                let now = notice.at.as_millis();
                actor.granted = self.ledger.moment(now);
                let stated = failure.stated().map_or(0, |stated| u64::try_from(stated.as_millis()).unwrap_or(u64::MAX));
                actor.own = actor.own.max(now.saturating_add(stated));
            }
            match (notice.what, notice.route) {
                (What::Hedged { .. }, _) => {
                    actor.hedges.insert(notice.id);
                }
                (What::MovedOn, Some(route)) => {
                    actor.committed = Some(route);
                    actor.away = if route.0 == 0 { None } else { actor.away.or(Some(self.now)) };
                }
                _ => {}
            }
            self.ledger.told(who, &notice)?;
        }
        self.ledger.heard()
    }

    /// Polls until the machine waits for something, and does what it says.
    fn go_on(&mut self, who: usize) -> Result<(), String> {
        loop {
            let now = Instant::from_millis(self.now);
            let Some(actor) = self.actors.get_mut(&who) else { return Ok(()) };
            let command = actor.call.poll(actor.turn.scope_mut(), &mut self.session, now);
            if self.steps.is_some() {
                let form = json!({ "turn": actor.name, "poll": said::command(&command, &self.session) });
                self.write(|| form);
            }
            self.listen(who)?;
            self.over(who, &command);
            self.in_time(who, &command)?;
            let goes_on = match command {
                Command::Attempt(attempt) => self.attempt(who, attempt)?,
                Command::Switch { id, route, until, .. } => {
                    self.asks(who, id, route, (until.as_millis(), until.as_millis()))?;
                    self.make(who, id, route, true)?
                }
                Command::Rebuild { id, route, .. } => {
                    self.granted(who);
                    self.make(who, id, route, false)?
                }
                Command::Cancel { id, .. } => {
                    self.close(who, id);
                    self.ledger.given_back((who, id));
                    self.event(who, Event::Taken(id), json!({ "taken": id }))?
                }
                Command::Wait { id, until, why, .. } => {
                    if why == WaitWhy::Backoff {
                        self.granted(who);
                    }
                    let Some(actor) = self.actors.get_mut(&who) else { return Ok(()) };
                    actor.wake = until.known().map(Instant::as_millis);
                    if why != WaitWhy::Running {
                        actor.open.insert(id, Open::Sleep { due: until.as_millis() });
                    }
                    if why == WaitWhy::Activating {
                        actor.first = false;
                    }
                    false
                }
                Command::Finish(verdict) => self.finish(who, verdict.end)?,
                Command::AskApproval { .. } => return Err("a question of a function".into()),
            };
            if !goes_on {
                self.schedule(who);
                return Ok(());
            }
        }
    }

    /// A client that is neither waited for nor cancelled was given up on.
    fn over(&mut self, who: usize, command: &Command) {
        let known = match command {
            Command::Cancel { .. } | Command::Wait { why: WaitWhy::Running, .. } => return,
            Command::Attempt(attempt) => attempt.id,
            Command::Switch { id, .. } | Command::Rebuild { id, .. } | Command::Wait { id, .. } => *id,
            _ => 0,
        };
        let Some(actor) = self.actors.get_mut(&who) else { return };
        let is_client = |(id, open): (&Id, &Open)| (*id != known && matches!(open, Open::Client { .. })).then_some(*id);
        for id in actor.open.iter().filter_map(is_client).collect::<Vec<Id>>() {
            actor.open.remove(&id);
            self.ledger.given_back((who, id));
        }
    }

    /// Another attempt on the same route was granted just now.
    fn granted(&mut self, who: usize) {
        let moment = self.ledger.moment(self.now);
        if let Some(actor) = self.actors.get_mut(&who) {
            actor.granted = moment;
        }
    }

    fn schedule(&mut self, who: usize) {
        let Some(actor) = self.actors.get(&who) else { return };
        let wakes = if actor.plan.inline && actor.open.values().any(|open| !matches!(open, Open::Sleep { .. })) {
            None
        } else {
            actor.wake
        };
        let due = actor.open.values().filter_map(|open| match open {
            Open::Attempt { due, progress, .. } => progress.first().copied().or(*due),
            Open::Client { due, .. } | Open::Sleep { due } => Some(*due),
        });
        let next = due.chain(wakes).chain(actor.plan.leaves).chain(actor.plan.lost).min();
        if let Some(next) = next {
            self.queue.insert((next.max(self.now + u64::from(next <= self.now)), who));
        }
    }

    /// Nothing begins, and nothing may run or wait, past the deadline.
    fn in_time(&self, who: usize, command: &Command) -> Result<(), String> {
        let Some(deadline) = self.actors.get(&who).and_then(|actor| actor.turn.scope().deadline()) else { return Ok(()) };
        let until = match command {
            Command::Attempt(attempt) => attempt.until,
            Command::Switch { until, .. } | Command::Rebuild { until, .. } | Command::Wait { until, .. } => *until,
            _ => return Ok(()),
        };
        if until > deadline || self.now >= deadline.as_millis() {
            return Err(format!("{command:?} at {}, with the deadline {deadline:?}", self.now));
        }
        Ok(())
    }

    fn attempt(&mut self, who: usize, attempt: Attempt) -> Result<bool, String> {
        let Some(route) = attempt.route else { return Err("an attempt without a route".into()) };
        let (id, now) = (attempt.id, self.now);
        let until = attempt.until.as_millis();
        let streams = attempt.first_progress.is_some();
        let longest = if streams { now + self.timeout(route) } else { until };
        self.asks(who, id, route, (until, longest.max(until)))?;
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(false) };
        if actor.hedges.contains(&id) {
            self.tally.hedges += 1;
            let granted = self.ledger.moment(now);
            self.ledger.repeated(route, granted);
        } else if attempt.number == 1 {
            self.ledger.first(route, now);
            (actor.committed, self.committed[0]) = (Some(route), Some(route));
            if route.0 > 0 {
                self.committed[1] = Some(route);
            }
            actor.away = if route.0 == 0 { None } else { actor.away.or(Some(now)) };
        } else {
            self.ledger.repeated(route, actor.granted);
        }
        self.tally.requests += 1;
        self.asked.push((now, route));
        let met = self.world.meets(usize::from(route.0), now, &mut actor.plan.dice);
        let mut due = met.after.map(|after| now + after);
        let mut failure = met.failure;
        let mut progress = Vec::new();
        if streams && !actor.plan.inline && actor.plan.dice.once_in(2) {
            let span = met.after.unwrap_or(3_000);
            progress = (1..4).map(|part| now + span * part / 4).filter(|at| due.is_none_or(|due| *at < due)).collect();
        }
        if actor.plan.inline && due.is_none() {
            due = Some(until.saturating_add(actor.plan.dice.from_to(0, 8_000)));
            failure = Some(Failure::new(FailureKind::ReadTimeout));
        }
        actor.open.insert(id, Open::Attempt { route, due, failure, progress });
        if actor.plan.inline {
            return Ok(false);
        }
        self.event(who, Event::Taken(id), json!({ "taken": id }))
    }

    fn timeout(&self, route: RouteId) -> u64 {
        let own = self.session.routes().nth(usize::from(route.0)).and_then(|route| route.timeout);
        u64::try_from(own.unwrap_or(self.policy.attempt.timeout).as_millis()).unwrap_or(u64::MAX)
    }

    /// An attempt or a switch: may this route be asked, and is it the one to ask?
    fn asks(&mut self, who: usize, id: Id, route: RouteId, until: (u64, u64)) -> Result<(), String> {
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(()) };
        if !actor.known.insert(id) {
            return Err(format!("id {id} was used twice"));
        }
        if actor.first {
            let beginnings: Vec<Option<RouteId>> = match self.policy.fallback.scope {
                FallbackScope::Call => vec![None],
                FallbackScope::Turn if self.policy.fallback.recheck.is_none() => vec![actor.committed],
                FallbackScope::Turn => vec![actor.committed, None],
                // A session is where its calls have come to, or back at the primary when that has worked.
                FallbackScope::Session => self.committed.iter().copied().chain([actor.committed, None]).collect(),
            };
            let before = |first: &Option<RouteId>| {
                let mut order = first.iter().copied().chain(self.ledger.routes()).take_while(|other| *other != route);
                order.find(|route| self.ledger.admits(*route, self.now))
            };
            let recheck = self.policy.fallback.recheck.map(|recheck| u64::try_from(recheck.as_millis()).unwrap_or(u64::MAX));
            let away = recheck.zip(actor.away).is_some_and(|(recheck, since)| self.now >= since.saturating_add(recheck));
            let looks = away && self.policy.fallback.scope == FallbackScope::Turn;
            if looks && route.0 > 0 && self.ledger.admits(RouteId(0), self.now) {
                return Err(format!("a call of turn {who} began at {route:?}, away since {:?}", actor.away));
            }
            let passed_over: Vec<RouteId> = beginnings.iter().filter_map(before).collect();
            if passed_over.len() == beginnings.len() {
                return Err(format!("a call of turn {who} began at {route:?}, and {passed_over:?} may be asked"));
            }
        }
        // A deployment that has failed in this call is passed over, by whichever route.
        let known = |other: RouteId| actor.asked.iter().any(|asked| self.ledger.same_deployment(*asked, other));
        let other = |other: &RouteId| !known(*other) && !self.ledger.same_deployment(*other, route);
        let others: Vec<RouteId> = self.ledger.routes().filter(other).collect();
        let own = if actor.asked.last() == Some(&route) { actor.own } else { 0 };
        actor.asked.push(route);
        actor.first = false;
        if route.0 == 0 && actor.away.is_some() {
            actor.away = Some(self.now);
        }
        self.ledger.admitted(Asked { who: (who, id), route, now: self.now, until, own }, &others)
    }

    fn make(&mut self, who: usize, id: Id, route: RouteId, held: bool) -> Result<bool, String> {
        let meets = self.dice(who).cloned().map(|mut dice| self.world.meets(usize::from(route.0), self.now, &mut dice));
        let now = self.now;
        let Some(dice) = self.dice(who) else { return Ok(false) };
        let due = now + dice.from_to(1, 2_500);
        let cut_off = meets.is_some_and(|meets| meets.failure.is_some_and(|of| of.kind == FailureKind::Connect));
        let made = !(cut_off && dice.once_in(2)) && !dice.once_in(40);
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(false) };
        actor.open.insert(id, Open::Client { due, made, route, held });
        self.event(who, Event::Taken(id), json!({ "taken": id }))
    }

    fn finish(&mut self, who: usize, end: End) -> Result<bool, String> {
        self.tally.calls += 1;
        self.tally.answered += u64::from(end == End::Succeeded);
        if end != End::Succeeded { self.unanswered.push((who, self.now, end)); }
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(false) };
        let gave_up = !matches!(end, End::Succeeded | End::Cancelled | End::Limit(_));
        let well = actor.clear.iter().find(|route| self.ledger.is_clear(**route, actor.began));
        if let Some(well) = well.filter(|_| gave_up) {
            return Err(format!("a call of turn {who} ended with {end:?}, and {well:?} was well all the time"));
        }
        actor.plan.calls -= 1;
        actor.open.clear();
        actor.wake = None;
        let (Some(form), true) = (&self.form.call, actor.plan.calls > 0) else {
            self.actors.remove(&who);
            return Ok(false);
        };
        actor.call = form.call();
        let (name, said) = (actor.name.clone(), self.head["call"].clone());
        self.write(|| json!({ "turn": name, "new_call": said }));
        self.begin_call(who);
        Ok(true)
    }
}
