//! The host of a simulated session: many turns at once, each with a few calls, in the order of one clock.

mod commands;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use failsoft::command::{Id, RouteId};
use failsoft::policy::failure::Failure;
use failsoft::{Call, Instant, Policy, Session, Tool, Turn};
use serde_json::{Value, json};

use super::ledger::{ByHand, Ledger};
use super::world::World;
use crate::differential::dice::Dice;
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
    /// It begins within the one that began last, if that goes on; true: and shares its budgets.
    pub within: Option<bool>,
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
    /// Turns within another that shared its budgets.
    pub sharing: u64,
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
    /// The turns whose budgets it shares.
    sharing: Vec<usize>,
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
    /// Clients in the making: whose, of which turn, and until when others believe it.
    making: BTreeMap<(RouteId, usize), u64>,
    /// Attempts by turn, with those of the turns that share its budgets.
    attempts: BTreeMap<usize, u32>,
    steps: Option<Vec<Value>>,
    /// What was done.
    pub tally: Tally,
    /// Every request that a provider has seen.
    pub asked: Vec<(u64, RouteId)>,
    /// Every answer that was taken.
    pub answers: Vec<(u64, RouteId)>,
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
            making: BTreeMap::new(),
            attempts: BTreeMap::new(),
            steps: written.then(Vec::new),
            tally: Tally::default(),
            asked: Vec::new(),
            answers: Vec::new(),
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
        if plan.number.is_multiple_of(16) {
            self.measure();
        }
        let now = Instant::from_millis(self.now);
        let mut turn = Turn::new(&mut self.session, self.tools.clone(), now);
        let name = format!("turn {}", plan.number);
        let above = plan.within.filter(|_| part == Part::Played).zip(self.actors.iter_mut().next_back());
        let (within, sharing) = match above {
            Some((share, (number, above))) => {
                turn.inherit(above.turn.hand_down(now, share), now);
                let end = above.turn.scope().deadline().map(|end| end.max(now));
                let late = end.is_some_and(|end| turn.scope().deadline().is_none_or(|own| own > end));
                if late {
                    return Err(format!("turn {} within turn {number} has more time than that", plan.number));
                }
                let sharing = if share { above.sharing.iter().copied().chain([*number]).collect() } else { Vec::new() };
                (Some(json!({ "turn": above.name, "share_budgets": share })), sharing)
            }
            None => (None, Vec::new()),
        };
        self.tally.sharing += u64::from(!sharing.is_empty());
        self.write(|| match within {
            Some(within) => json!({ "turn": name, "within": within }),
            None => json!({ "turn": name, "new_turn": true }),
        });
        if part == Part::Begun {
            return Ok(());
        }
        let Some(form) = &self.form.call else { return Err("a session of calls".into()) };
        let actor = Actor {
            plan: plan.clone(),
            name,
            sharing,
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
        self.making.clear();
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
}
