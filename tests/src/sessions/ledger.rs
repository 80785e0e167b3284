//! What must hold, whatever happens: a model of the gates that is told only what was asked, what came of it, and what the
//! notices say.

use std::collections::BTreeMap;
use std::time::Duration;

use failsoft::account::{Follows, Notice, Scoped, What};
use failsoft::command::{Id, RouteId};
use failsoft::policy::Policy;
use failsoft::policy::failure::{Cool, FailureKind};

use super::world::Place;

/// A permit lapses so long after its attempt should have ended.
const GRACE: u64 = 5_000;

/// One attempt, or one client in the making: whose, and under which id.
pub type Who = (usize, Id);

/// Something that holds permits.
#[derive(Debug, Clone, Copy)]
struct Held {
    who: Who,
    /// Its permits lapse no sooner than this, and no later than that.
    lease: (u64, u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breaker {
    Closed,
    Open(u64),
    HalfOpen,
}

#[derive(Debug, Clone, Copy)]
struct Rest {
    until: u64,
    /// The step at which it began: a success forgets it if it was admitted later.
    since: u64,
    probe: Option<Held>,
}

/// Breaker and rest of whatever two routes may share.
#[derive(Debug, Clone)]
struct Gate {
    breaker: Breaker,
    probes: Vec<Held>,
    /// Probes that worked since it half opened.
    passed: usize,
    rest: Option<Rest>,
    /// When a request that had to do with it failed last, or a client could not be made.
    troubled: Option<u64>,
}

impl Gate {
    const CLEAR: Self =
        Self { breaker: Breaker::Closed, probes: Vec::new(), passed: 0, rest: None, troubled: None };
}

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
}

/// The gates as they should be, and what was seen of the budget.
#[derive(Debug)]
pub struct Ledger {
    policy: std::sync::Arc<Policy>,
    places: Vec<Place>,
    gates: BTreeMap<String, Gate>,
    /// Which step admitted each attempt that is under way.
    admitted: BTreeMap<Who, (RouteId, u64)>,
    step: u64,
    /// Who must rest by now, since when.
    left: Vec<(String, u64)>,
    /// First attempts and granted retries of each deployment, in order.
    firsts: BTreeMap<String, Vec<(u64, u64)>>,
    granted: BTreeMap<String, Vec<(u64, u64)>>,
    /// Probes that were let through.
    pub probes: u64,
    /// How often something opened or began to rest.
    pub refusals: u64,
}

impl Ledger {
    /// Nothing has happened.
    #[must_use]
    pub fn new(policy: std::sync::Arc<Policy>, places: Vec<Place>) -> Self {
        let (gates, admitted) = (BTreeMap::new(), BTreeMap::new());
        let (firsts, granted) = (BTreeMap::new(), BTreeMap::new());
        Self { policy, places, gates, admitted, step: 0, left: Vec::new(), firsts, granted, probes: 0, refusals: 0 }
    }

    fn key(&self, route: RouteId, scope: Scoped) -> String {
        let place = &self.places[usize::from(route.0)];
        match scope {
            Scoped::Deployment => format!("deployment {}", place.deployment),
            Scoped::Endpoint => format!("endpoint {}", place.endpoint),
            Scoped::Credential => format!("credential {}", place.credential),
            Scoped::Limit => format!("limit of {} at {}", place.credential, place.deployment),
        }
    }

    fn keys(&self, route: RouteId) -> [String; 4] {
        [Scoped::Deployment, Scoped::Endpoint, Scoped::Credential, Scoped::Limit].map(|scope| self.key(route, scope))
    }

    fn gate(&self, key: &str) -> &Gate {
        self.gates.get(key).unwrap_or(const { &Gate::CLEAR })
    }

    fn gate_mut(&mut self, key: String) -> &mut Gate {
        self.gates.entry(key).or_insert(Gate::CLEAR)
    }

    /// All routes.
    pub fn routes(&self) -> impl Iterator<Item = RouteId> + use<> {
        (0..u8::try_from(self.places.len()).unwrap_or(u8::MAX)).map(RouteId)
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
        self.keys(route).iter().map(|key| self.gate(key)).all(|gate| {
            let breaker = match gate.breaker {
                Breaker::Closed => true,
                Breaker::Open(until) => until <= now,
                Breaker::HalfOpen => gate.probes.iter().all(free),
            };
            breaker && gate.rest.is_none_or(|rest| rest.until <= now && rest.probe.iter().all(free))
        })
    }

    /// Whether nothing at all is held against a route, and nothing went wrong with it since then.
    #[must_use]
    pub fn is_clear(&self, route: RouteId, since: u64) -> bool {
        self.keys(route).iter().map(|key| self.gate(key)).all(|gate| {
            gate.breaker == Breaker::Closed && gate.rest.is_none() && gate.troubled.is_none_or(|at| at < since)
        })
    }

    /// An attempt, or a client in the making, was let through; these are the other routes that might have been asked.
    ///
    /// # Errors
    /// If it should not have been.
    pub fn admitted(&mut self, asked: Asked, others: &[RouteId]) -> Result<(), String> {
        let Asked { who, route, now, until } = asked;
        self.step += 1;
        let other = others.iter().find(|other| self.admits(**other, now)).copied();
        let held = Held { who, lease: (until.0.saturating_add(GRACE), until.1.saturating_add(GRACE)) };
        let (enabled, most) = (self.policy.breaker.enabled, self.policy.breaker.probes as usize);
        self.admitted.insert(who, (route, self.step));
        for (at, key) in self.keys(route).into_iter().enumerate() {
            let mut probes = 0;
            let gate = self.gate_mut(key.clone());
            if at < 2 && enabled {
                gate.probes.retain(|probe| now < probe.lease.0);
                match gate.breaker {
                    Breaker::Closed => {}
                    Breaker::Open(until) if now < until => {
                        return Err(format!("{route:?} was asked at {now}, the breaker of {key} is open until {until}"));
                    }
                    _ if gate.probes.len() >= most => {
                        return Err(format!("{most} probes of {key} and another: {:?} and {held:?}", gate.probes));
                    }
                    before => {
                        if before != Breaker::HalfOpen {
                            gate.passed = 0;
                        }
                        gate.breaker = Breaker::HalfOpen;
                        gate.probes.push(held);
                        probes += 1;
                    }
                }
            }
            if let Some(rest) = &mut gate.rest {
                let probed = rest.probe.filter(|probe| now < probe.lease.0);
                if let (true, Some(other)) = (now < rest.until || probed.is_some(), other) {
                    let why = probed.map_or(format!("until {}", rest.until), |probe| format!("and {probe:?} tests it"));
                    return Err(format!("{route:?} was asked at {now}, {key} rests {why}; {other:?} may be asked"));
                }
                if rest.until <= now {
                    rest.probe = Some(held);
                    probes += 1;
                }
            }
            self.probes += probes;
        }
        Ok(())
    }

    /// What was let through ended without being charged to anybody: given back, or never heard of again.
    pub fn given_back(&mut self, who: Who) {
        for gate in self.gates.values_mut() {
            gate.probes.retain(|probe| probe.who != who);
            if let Some(rest) = &mut gate.rest
                && rest.probe.is_some_and(|probe| probe.who == who)
            {
                rest.probe = None;
            }
        }
        self.admitted.remove(&who);
    }

    /// It worked, and the notices are read: what it was admitted after is forgotten.
    ///
    /// # Errors
    /// If enough probes have worked, and the breaker is not closed.
    pub fn passed(&mut self, who: Who) -> Result<(), String> {
        let Some((route, admitted)) = self.admitted.get(&who).copied() else { return Ok(()) };
        let enough = self.policy.breaker.probes as usize;
        for key in self.keys(route) {
            let gate = self.gate_mut(key.clone());
            gate.rest.take_if(|rest| rest.since < admitted);
            if gate.breaker == Breaker::HalfOpen && gate.probes.iter().any(|probe| probe.who == who) {
                gate.passed += 1;
                if gate.passed >= enough {
                    return Err(format!("{enough} probes of {key} worked, and its breaker did not close"));
                }
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
            if self.gate(&key).rest.is_none_or(|rest| rest.until <= now) {
                return Err(format!("{key} was left at {now}, and does not rest"));
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
        for gate in self.gates.values_mut() {
            gate.probes.clear();
            if let Breaker::Open(until) = &mut gate.breaker {
                *until = until.saturating_sub(outside);
            }
            if let Some(rest) = &mut gate.rest {
                (rest.until, rest.probe) = (rest.until.saturating_sub(outside), None);
            }
        }
    }

    /// All that was held against a route is forgotten.
    pub fn reset(&mut self, route: RouteId) {
        for key in self.keys(route) {
            let gate = self.gate_mut(key);
            (gate.breaker, gate.rest) = (Breaker::Closed, None);
            gate.probes.clear();
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
                let key = self.key(route, scope);
                let gate = self.gate_mut(key);
                gate.breaker = Breaker::Open(until.as_millis());
                gate.probes.clear();
            }
            What::BreakerClosed { scope } => {
                let key = self.key(route, scope);
                let gate = self.gate_mut(key);
                gate.breaker = Breaker::Closed;
                gate.probes.clear();
            }
            What::Cooling { scope, until, stated } => {
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
                self.given_back((turn, notice.id));
                self.troubled(route, now);
            }
            What::NotReady | What::NotRebuilt => self.troubled(route, now),
            _ => {}
        }
        Ok(())
    }

    // ---- The retry budget ----

    /// A first attempt was sent.
    pub fn first(&mut self, route: RouteId, now: u64) {
        self.step += 1;
        let entry = (now, self.step);
        self.firsts.entry(self.key(route, Scoped::Deployment)).or_default().push(entry);
    }

    /// A repetition was sent that was granted then, when the attempt before it failed.
    pub fn repeated(&mut self, route: RouteId, granted: (u64, u64)) {
        self.granted.entry(self.key(route, Scoped::Deployment)).or_default().push(granted);
    }

    /// Where in the order of all things this is.
    pub fn moment(&mut self, now: u64) -> (u64, u64) {
        self.step += 1;
        (now, self.step)
    }

    /// In any window, no more was granted than the floor and the ratio of the first attempts in it.
    ///
    /// # Errors
    /// The window in which more was granted.
    pub fn check_budget(&self) -> Result<(), String> {
        let config = &self.policy.budget;
        let window = u64::try_from(config.window.as_millis()).unwrap_or(u64::MAX);
        for (key, granted) in &self.granted {
            let mut granted = granted.clone();
            granted.sort_unstable();
            let firsts: &[(u64, u64)] = self.firsts.get(key).map_or(&[], Vec::as_slice);
            for (at, grant) in granted.iter().enumerate() {
                let within = |moment: &&(u64, u64)| moment.0 + window > grant.0 && *moment <= grant;
                let grants = granted[..=at].iter().rev().take_while(|moment| moment.0 + window > grant.0).count();
                let first = firsts.iter().filter(within).count();
                let most = u64::from(config.floor) + u64::from(config.ratio.0) * u64::try_from(first).unwrap_or(u64::MAX) / 1000;
                if u64::try_from(grants).unwrap_or(u64::MAX) > most {
                    return Err(format!("{grants} retries of {key} were granted until {}, not {most}", grant.0));
                }
            }
        }
        Ok(())
    }
}
