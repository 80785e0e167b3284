//! Breaker and rest of whatever two routes may share, as they should be: told what was let through, what came of it, and what
//! the notices say.

use failsoft::command::Id;
use failsoft::policy::breaker::{Breaker, Order};

/// One attempt, or one client in the making: whose, and under which id.
pub type Who = (usize, Id);

/// Something that holds permits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) who: Who,
    /// Its permits lapse no sooner than this, and no later than that.
    pub(super) lease: (u64, u64),
    /// Whether it has lapsed for those who came later.
    lapsed: bool,
}

impl Held {
    pub(super) const fn new(who: Who, lease: (u64, u64)) -> Self {
        Self { who, lease, lapsed: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open(u64),
    /// Until it opens again, if nothing is decided.
    HalfOpen(u64),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    pub(super) until: u64,
    /// The step at which it began: a success forgets it if it was admitted later.
    pub(super) since: u64,
    pub(super) probe: Option<Held>,
}

/// The gate.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub(super) name: String,
    state: State,
    opened: u32,
    /// The probes of this half-open time that are under way.
    probes: Vec<Held>,
    /// When the last of them lapses: no sooner than this, and no later than that.
    lease: (u64, u64),
    /// Those that worked, and those of which it is certain that they are settled.
    passed: u32,
    settled: u32,
    order: Order,
    holders: u32,
    pub(super) rest: Option<Rest>,
    /// When a request that had to do with it failed last, or a client could not be made.
    pub(super) troubled: Option<u64>,
}

fn ms(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Gate {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            state: State::Closed,
            opened: 0,
            probes: Vec::new(),
            lease: (0, 0),
            passed: 0,
            settled: 0,
            order: Order::Automatic,
            holders: 0,
            rest: None,
            troubled: None,
        }
    }

    // ---- By hand ----

    pub(super) fn ordered(&mut self, order: Order) {
        if order != self.order && matches!(order, Order::ForceClosed | Order::MetricsOnly) {
            self.closed();
        }
        self.order = order;
    }

    pub(super) fn isolated(&mut self) {
        self.holders += 1;
    }

    pub(super) fn released(&mut self) {
        self.holders = self.holders.saturating_sub(1);
    }

    fn refuses_by_hand(&self) -> bool {
        self.holders > 0 || self.order == Order::ForceOpen
    }

    fn lets_all_pass(&self, config: &Breaker) -> bool {
        let by_policy = self.order == Order::Automatic && (!config.enabled || config.metrics_only);
        by_policy || matches!(self.order, Order::ForceClosed | Order::MetricsOnly)
    }

    // ---- The breaker ----

    /// A half-open time that was too long is over.
    fn lapse(&mut self, config: &Breaker, now: u64) {
        if let State::HalfOpen(ends) = self.state
            && now >= ends
        {
            self.opened += 1;
            let doubled = ms(config.open).saturating_mul(1 << (self.opened - 1).min(40));
            self.state = State::Open(ends + doubled.min(ms(config.max_open)));
            self.probes.clear();
        }
    }

    /// Whether its breaker lets one more pass, beyond doubt.
    pub(super) fn admits(&self, config: &Breaker, now: u64) -> bool {
        let mut gate = self.clone();
        gate.lapse(config, now);
        let by_itself = match gate.state {
            State::Closed => true,
            State::Open(until) => until <= now,
            State::HalfOpen(_) => gate.probes.is_empty() || gate.lease.1 <= now,
        };
        !gate.refuses_by_hand() && (gate.lets_all_pass(config) || by_itself)
    }

    /// Whether nothing at all is held against it.
    pub(super) fn is_clear(&self) -> bool {
        self.state == State::Closed && self.rest.is_none() && !self.refuses_by_hand()
    }

    /// Something was let through: whether it was a probe.
    pub(super) fn admitted(&mut self, config: &Breaker, now: u64, held: Held) -> Result<bool, String> {
        if self.refuses_by_hand() {
            return Err(format!("{} is refused by hand", self.name));
        }
        if self.lets_all_pass(config) {
            self.closed();
            return Ok(false);
        }
        self.lapse(config, now);
        let in_flight = self.probes.iter().filter(|probe| !probe.lapsed).count();
        match self.state {
            State::Closed => return Ok(false),
            State::Open(until) if now < until => {
                return Err(format!("the breaker of {} is open until {until}", self.name));
            }
            State::Open(_) => {
                self.state = State::HalfOpen(config.half_open.map_or(u64::MAX, |longest| now + ms(longest)));
                (self.passed, self.settled, self.lease) = (0, 0, held.lease);
                self.probes.clear();
            }
            State::HalfOpen(_) if in_flight > 0 && now >= self.lease.0 => {
                self.probes.retain(|probe| now < probe.lease.1);
                self.probes.iter_mut().for_each(|probe| probe.lapsed = true);
                self.lease = (held.lease.0, self.lease.1.max(held.lease.1));
            }
            State::HalfOpen(_) => {
                let all = u32::try_from(in_flight).unwrap_or(u32::MAX).saturating_add(self.settled);
                if in_flight > 0 && all >= config.probes {
                    let Self { name, probes, settled, .. } = self;
                    return Err(format!("{probes:?} test {name} and {settled} have, now {held:?} does too"));
                }
                let (sooner, later) = if in_flight == 0 { (0, 0) } else { self.lease };
                self.lease = (sooner.max(held.lease.0), later.max(held.lease.1));
            }
        }
        self.probes.push(held);
        Ok(true)
    }

    /// A probe ended, and that says something about this gate. Whether enough have worked by now to close it.
    pub(super) fn settled(&mut self, config: &Breaker, now: u64, who: Who, passed: bool) -> bool {
        self.lapse(config, now);
        let Some(at) = self.probes.iter().position(|probe| probe.who == who) else { return false };
        let counts = !self.probes.remove(at).lapsed && matches!(self.state, State::HalfOpen(_));
        self.settled += u32::from(counts);
        // A slow probe is no success, and only the core knows how long a stream took.
        self.passed += u32::from(counts && passed && config.slow.is_none());
        self.passed >= config.successes.unwrap_or(config.probes).min(config.probes)
    }

    pub(super) fn gave_back(&mut self, who: Who) {
        self.probes.retain(|probe| probe.who != who);
        if let Some(rest) = &mut self.rest {
            rest.probe.take_if(|probe| probe.who == who);
        }
    }

    pub(super) fn has_opened(&mut self, config: &Breaker, now: u64, until: u64) {
        self.lapse(config, now);
        if self.state != State::Open(until) {
            self.opened += 1;
        }
        self.state = State::Open(until);
        self.probes.clear();
    }

    pub(super) fn closed(&mut self) {
        (self.state, self.opened, self.passed) = (State::Closed, 0, 0);
        self.probes.clear();
    }

    /// No permit is left, and what goes by the calendar is nearer by this much. Holders are gone, orders stay.
    pub(super) fn restarted(&mut self, outside: u64) {
        self.probes.clear();
        self.holders = 0;
        if let State::Open(until) = &mut self.state {
            *until = until.saturating_sub(outside);
        }
        if let Some(rest) = &mut self.rest {
            (rest.until, rest.probe) = (rest.until.saturating_sub(outside), None);
        }
    }
}
