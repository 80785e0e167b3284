//! What must hold, whatever happens: a model of the gates that is told only what was asked, what came of it, and what the
//! notices say.

use std::collections::BTreeMap;
use std::time::Duration;

use failsoft::command::RouteId;
use failsoft::notice::{Follows, Notice, Scoped, What};
use failsoft::policy::Policy;
use failsoft::policy::breaker::Order;
use failsoft::policy::failure::{Charge, Cool, FailureKind};

use super::budget::Budget;
use super::gate::{Gate, Held, Rest};
use super::world::Place;

pub use super::gate::Who;

/// A permit lapses so long after its attempt should have ended.
const GRACE: u64 = 5_000;

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Whose attempt.
    pub who: Who,
    /// Of whom.
    pub route: RouteId,
    /// When.
    pub now: u64,
    /// Until when it may run at the soonest, and at the latest.
    pub until: (u64, u64),
    /// Until when this call's own failure asked it to wait: how long it waits for that is a choice of the policy.
    pub own: u64,
}

/// What a person does to a breaker.
#[derive(Debug, Clone, Copy)]
pub enum ByHand {
    /// Orders it to do something.
    Order(Order),
    /// Takes it out of use.
    Isolate,
    /// Lets go of it.
    Release,
}

/// The gates as they should be, and what was seen of the budget.
#[derive(Debug)]
pub struct Ledger {
    policy: std::sync::Arc<Policy>,
    /// By name, and which of them stand before each route: deployment, endpoint, credential, limit.
    gates: Vec<Gate>,
    routes: Vec<[usize; 4]>,
    /// Which routes can work at all.
    able: Vec<bool>,
    /// Which step admitted each attempt that is under way.
    admitted: BTreeMap<Who, (RouteId, u64)>,
    step: u64,
    /// Who must rest by now, since when.
    left: Vec<(usize, u64)>,
    budget: Budget,
    /// Probes that were let through.
    pub probes: u64,
    /// How often something opened or began to rest.
    pub refusals: u64,
    opened: Vec<(u64, RouteId)>,
}

impl Ledger {
    /// Nothing has happened.
    #[must_use]
    pub fn new(policy: std::sync::Arc<Policy>, places: &[Place]) -> Self {
        let mut gates: Vec<Gate> = Vec::new();
        let mut gate = |name: String| {
            gates.iter().position(|known| known.name == name).unwrap_or_else(|| {
                gates.push(Gate::new(name));
                gates.len() - 1
            })
        };
        let mut stands = |Place { deployment, endpoint, credential, .. }: &Place| {
            [
                gate(format!("deployment {deployment}")),
                gate(format!("endpoint {endpoint}")),
                gate(format!("credential {credential}")),
                gate(format!("limit of {credential} at {deployment}")),
            ]
        };
        let routes = places.iter().map(&mut stands).collect();
        Self {
            policy,
            gates,
            routes,
            able: places.iter().map(|place| place.able).collect(),
            admitted: BTreeMap::new(),
            step: 0,
            left: Vec::new(),
            budget: Budget::default(),
            probes: 0,
            refusals: 0,
            opened: Vec::new(),
        }
    }

    fn key(&self, route: RouteId, scope: Scoped) -> usize {
        let [deployment, endpoint, credential, limit] = self.keys(route);
        match scope {
            Scoped::Deployment => deployment,
            Scoped::Endpoint => endpoint,
            Scoped::Credential => credential,
            Scoped::Limit => limit,
        }
    }

    fn keys(&self, route: RouteId) -> [usize; 4] {
        self.routes[usize::from(route.0)]
    }

    fn gate(&self, key: usize) -> &Gate {
        &self.gates[key]
    }

    fn gate_mut(&mut self, key: usize) -> &mut Gate {
        &mut self.gates[key]
    }

    /// All routes.
    pub fn routes(&self) -> impl Iterator<Item = RouteId> + use<> {
        (0..u8::try_from(self.routes.len()).unwrap_or(u8::MAX)).map(RouteId)
    }

    /// Whether two routes lead to the same deployment.
    #[must_use]
    pub fn same_deployment(&self, a: RouteId, b: RouteId) -> bool {
        self.key(a, Scoped::Deployment) == self.key(b, Scoped::Deployment)
    }

    /// Whether a route may be asked now beyond doubt.
    #[must_use]
    pub fn admits(&self, route: RouteId, now: u64) -> bool {
        let free = |held: &Held| held.lease.1 <= now;
        let [deployment, endpoint, ..] = self.keys(route);
        let breakers = [deployment, endpoint].iter().all(|key| self.gate(*key).admits(&self.policy.breaker, now));
        let rested =
            |key: &usize| self.gate(*key).rest.is_none_or(|rest| rest.until <= now && rest.probe.iter().all(free));
        self.able[usize::from(route.0)] && breakers && self.keys(route).iter().all(rested)
    }

    /// Whether nothing at all is held against a route, and nothing went wrong with it since then.
    #[must_use]
    pub fn is_clear(&self, route: RouteId, since: u64) -> bool {
        let clear = |gate: &Gate| gate.is_clear() && gate.troubled.is_none_or(|at| at < since);
        self.able[usize::from(route.0)] && self.keys(route).iter().all(|key| clear(self.gate(*key)))
    }

    /// An attempt, or a client in the making, was let through; these are the other routes that could have been asked.
    ///
    /// # Errors
    /// If it should not have been.
    pub fn admitted(&mut self, asked: Asked, others: &[RouteId]) -> Result<(), String> {
        let Asked { who, route, now, until, own } = asked;
        self.step += 1;
        let wrong = |what: String| format!("{route:?} was asked at {now}: {what}");
        if !self.able[usize::from(route.0)] {
            return Err(wrong("it cannot work".into()));
        }
        let other = others.first().copied();
        let held = Held::new(who, (until.0.saturating_add(GRACE), until.1.saturating_add(GRACE)));
        self.admitted.insert(who, (route, self.step));
        for (at, key) in self.keys(route).into_iter().enumerate() {
            let gate = &mut self.gates[key];
            if at < 2 && gate.admitted(&self.policy.breaker, now, held).map_err(wrong)? {
                self.probes += 1;
            }
            let Some(rest) = &mut gate.rest else { continue };
            let probed = rest.probe.filter(|probe| now < probe.lease.0);
            if let (true, Some(other)) = (now < rest.until && own < rest.until || probed.is_some(), other) {
                let why = probed.map_or(format!("until {}", rest.until), |probe| format!("and {probe:?} tests it"));
                return Err(wrong(format!("{} rests {why}; {other:?} may be asked", gate.name)));
            }
            if rest.until <= now {
                rest.probe = Some(held);
                self.probes += 1;
            }
        }
        Ok(())
    }

    /// What a person does by hand to the breaker of a route's deployment.
    pub fn by_hand(&mut self, route: RouteId, what: ByHand) {
        let [deployment, ..] = self.keys(route);
        let gate = self.gate_mut(deployment);
        match what {
            ByHand::Order(order) => gate.ordered(order),
            ByHand::Isolate => gate.isolated(),
            ByHand::Release => gate.released(),
        }
    }

    /// What was let through ended without being charged to anybody: given back, or never heard of again.
    pub fn given_back(&mut self, who: Who) {
        self.gates.iter_mut().for_each(|gate| gate.gave_back(who));
        self.admitted.remove(&who);
    }

    /// It worked, and the notices are read: what it was admitted after is forgotten.
    ///
    /// # Errors
    /// If enough probes have worked, and the breaker is not closed.
    pub fn passed(&mut self, who: Who, now: u64) -> Result<(), String> {
        let Some((route, admitted)) = self.admitted.get(&who).copied() else { return Ok(()) };
        for key in self.keys(route) {
            let gate = &mut self.gates[key];
            gate.rest.take_if(|rest| rest.since < admitted);
            if gate.settled(&self.policy.breaker, now, who, true) {
                return Err(format!("enough probes of {} worked, and its breaker did not close", gate.name));
            }
        }
        self.given_back(who);
        Ok(())
    }

    /// All that is new was read: whoever was left for a limit of its own rests.
    ///
    /// # Errors
    /// If it does not.
    pub fn heard(&mut self) -> Result<(), String> {
        while let Some((key, now)) = self.left.pop() {
            if self.gate(key).rest.is_none_or(|rest| rest.until <= now) {
                return Err(format!("{} was left at {now}, and does not rest", self.gate(key).name));
            }
        }
        Ok(())
    }

    /// A request to this route failed now, or its client could not be made.
    pub fn troubled(&mut self, route: RouteId, now: u64) {
        for key in self.keys(route) {
            self.gate_mut(key).troubled = Some(now);
        }
    }

    /// Whoever made it is gone, and says nothing any more: its permits lapse.
    pub fn lost(&mut self, turn: usize) {
        self.admitted.retain(|who, _| who.0 != turn);
    }

    /// The process died: no permit is left, and what goes by the calendar is nearer by this much.
    pub fn restarted(&mut self, outside: u64) {
        self.admitted.clear();
        self.gates.iter_mut().for_each(|gate| gate.restarted(outside));
    }

    /// All that is held against a route is forgotten; what was ordered by hand is not.
    pub fn reset(&mut self, route: RouteId) {
        for key in self.keys(route) {
            let gate = self.gate_mut(key);
            gate.closed();
            gate.rest = None;
        }
    }

    /// What a notice of this turn says of the gates.
    ///
    /// # Errors
    /// If somebody is left alone for longer than the policy allows.
    pub fn told(&mut self, turn: usize, notice: &Notice) -> Result<(), String> {
        let Some(route) = notice.route else { return Ok(()) };
        let (now, step) = (notice.at.as_millis(), self.step);
        match notice.what {
            What::BreakerOpened { scope, until } => {
                let longest = self.policy.breaker.max_open.max(self.policy.breaker.open);
                if until - notice.at > longest {
                    return Err(format!("the breaker of the {scope} of {route:?} opened for {:?}", until - notice.at));
                }
                self.refusals += 1;
                self.opened.push((now, route));
                let key = self.key(route, scope);
                self.gates[key].has_opened(&self.policy.breaker, now, until.as_millis());
            }
            What::BreakerClosed { scope } => {
                let key = self.key(route, scope);
                self.gate_mut(key).closed();
            }
            What::Cooldown { scope, until, stated } => {
                let rules = FailureKind::ALL.iter().map(|kind| self.policy.failures.rule(*kind));
                let longest = rules.map(|rule| rule.cool_base.max(rule.cool_cap)).max().unwrap_or(Duration::ZERO);
                if !stated && until - notice.at > longest {
                    return Err(format!("the {scope} of {route:?} rests for {:?}", until - notice.at));
                }
                self.refusals += 1;
                let key = self.key(route, scope);
                self.gate_mut(key).rest = Some(Rest { until: until.as_millis(), since: step, probe: None });
            }
            What::AttemptFailed { failure, next, .. } => {
                let scope = match self.policy.failures.rule(failure.kind).cool {
                    Cool::Deployment => Some(Scoped::Deployment),
                    Cool::Credential => Some(Scoped::Credential),
                    Cool::Limit => Some(Scoped::Limit),
                    Cool::No | Cool::StatedOnly => None,
                };
                if let Some(scope) = scope.filter(|_| next == Follows::MoveOn) {
                    self.left.push((self.key(route, scope), now));
                }
                let who = (turn, notice.id);
                if self.policy.failures.rule(failure.kind).charge == Charge::Deployment {
                    let [deployment, ..] = self.keys(route);
                    self.gates[deployment].settled(&self.policy.breaker, now, who, false);
                }
                self.given_back(who);
                self.troubled(route, now);
            }
            What::NotReady | What::NotRebuilt => self.troubled(route, now),
            _ => {}
        }
        Ok(())
    }

    /// When a breaker of this route opened.
    #[must_use]
    pub fn opened(&self, route: RouteId) -> Vec<u64> {
        self.opened.iter().filter(|(_, of)| *of == route).map(|(at, _)| *at).collect()
    }

    /// A first attempt was sent.
    pub fn first(&mut self, route: RouteId, now: u64) {
        let moment = self.moment(now);
        self.budget.first(self.key(route, Scoped::Deployment), moment);
    }

    /// A repetition was sent, or a second attempt beside a slow one, that was granted then.
    pub fn repeated(&mut self, route: RouteId, granted: (u64, u64)) {
        self.budget.granted(self.key(route, Scoped::Deployment), granted);
    }

    /// Where in the order of all things this is.
    pub fn moment(&mut self, now: u64) -> (u64, u64) {
        self.step += 1;
        (now, self.step)
    }

    /// In any window, no more was granted than the budget of the deployment covers.
    ///
    /// # Errors
    /// The window in which more was granted.
    pub fn check_budget(&self) -> Result<(), String> {
        let over = |(key, wrong): (usize, String)| format!("{}: {wrong}", self.gate(key).name);
        self.budget.check(&self.policy.budget).map_err(over)
    }
}
