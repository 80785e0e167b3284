//! One breaker against the plainest thing that does the same: every call in a list, everything counted anew each time.

use std::time::Duration;

use failsoft::Instant;
use failsoft::policy::breaker::{Breaker, BreakerState, Circuit, Metrics, Order, Outcome, Permit};
use failsoft::policy::{Policy, Thousandths};
use failsoft::rng::Rng;

const RUNS: u64 = 3_000;
const STEPS: u64 = 150;

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap()
}

/// A call that was counted: when, and how it went.
#[derive(Clone, Copy)]
struct Counted {
    at: u64,
    failed: bool,
    slow: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Closed,
    Open { until: u64 },
    Half { since: u64, flying: u32, good: u32, bad: u32, lease: u64 },
}

struct Model {
    config: Breaker,
    phase: Phase,
    counted: Vec<Counted>,
    /// Failures since the last success, or since it changed.
    row: u32,
    opened: u32,
    era: u32,
    order: Order,
    holders: u32,
}

impl Model {
    fn refuses(&self) -> bool {
        self.holders > 0 || self.order == Order::ForceOpen
    }

    /// Whether it would let everything pass, and whether it counts that.
    fn passes(&self) -> Option<bool> {
        match self.order {
            Order::ForceClosed => Some(false),
            Order::MetricsOnly => Some(true),
            _ if !self.config.enabled => Some(false),
            _ => self.config.metrics_only.then_some(true),
        }
    }

    fn window(&self, now: u64) -> Vec<Counted> {
        if let Some(holds) = self.config.count_window {
            return self.counted.iter().rev().take(holds as usize).copied().collect();
        }
        let width = (ms(self.config.window) / u64::from(self.config.buckets)).max(1);
        let slices = u64::from(self.config.buckets);
        self.counted.iter().filter(|call| now / width - call.at / width < slices).copied().collect()
    }

    fn enough(&self, calls: usize) -> bool {
        let least = self.config.count_window.map_or(self.config.min_calls, |holds| holds.min(self.config.min_calls));
        calls >= least as usize
    }

    fn change(&mut self, phase: Phase) {
        if phase == Phase::Closed {
            (self.counted, self.opened) = (Vec::new(), 0);
        }
        (self.phase, self.row) = (phase, 0);
        self.era += 1;
    }

    fn trip(&mut self, at: u64) {
        self.opened += 1;
        let doubled = (1..self.opened.min(40)).fold(ms(self.config.open), |open, _| open * 2);
        self.change(Phase::Open { until: at + doubled.min(ms(self.config.max_open)) });
    }

    /// A half-open time that was too long opens it, whether or not anybody looked.
    fn pass_time(&mut self, now: u64) {
        if let (Phase::Half { since, .. }, Some(longest)) = (self.phase, self.config.half_open)
            && now >= since + ms(longest)
        {
            self.trip(since + ms(longest));
        }
    }

    /// The moment from which asking may be admitted, if it refuses; `u64::MAX` if a person has to say so.
    fn refusal(&self, now: u64) -> Option<u64> {
        match self.phase {
            _ if self.refuses() => Some(u64::MAX),
            _ if self.passes().is_some() => None,
            Phase::Open { until } if now < until => Some(until),
            Phase::Half { flying, good, bad, lease, .. } if flying > 0 && now < lease => {
                (flying + good + bad >= self.config.probes).then(|| lease.min(now + ms(self.config.open)))
            }
            _ => None,
        }
    }

    fn admit(&mut self, now: u64, lease: u64) -> Option<u32> {
        if self.refusal(now).is_some() {
            return None;
        }
        match self.phase {
            Phase::Closed => {}
            _ if self.passes().is_some() => self.change(Phase::Closed),
            Phase::Open { .. } => self.change(Phase::Half { since: now, flying: 1, good: 0, bad: 0, lease }),
            Phase::Half { since, flying, good, bad, lease: held } => {
                let lapsed = flying > 0 && now >= held;
                let flies = if lapsed { 1 } else { flying + 1 };
                let held = if lapsed || flying == 0 { lease } else { held.max(lease) };
                let phase = Phase::Half { since, flying: flies, good, bad, lease: held };
                if lapsed { self.change(phase) } else { self.phase = phase }
            }
        }
        Some(self.era)
    }

    fn settle(&mut self, now: u64, era: u32, since: u64, outcome: Outcome) {
        let slow = self.config.slow.is_some_and(|slow| now - since >= ms(slow));
        let failed = outcome == Outcome::Failed;
        if era != self.era {
            return;
        }
        let unheard = outcome == Outcome::Neutral || self.passes() == Some(false);
        match &mut self.phase {
            Phase::Open { .. } => {}
            Phase::Half { flying, good, bad, .. } => {
                *flying -= 1;
                match outcome {
                    Outcome::Neutral => {}
                    Outcome::Passed if !slow => *good += 1,
                    _ => *bad += 1,
                }
                let needed = self.config.successes.unwrap_or(self.config.probes);
                let (closes, opens) = (*good >= needed, *bad > self.config.probes - needed);
                if closes {
                    self.change(Phase::Closed);
                } else if opens {
                    self.trip(now);
                }
            }
            Phase::Closed if unheard => {}
            Phase::Closed => {
                self.counted.push(Counted { at: now, failed, slow });
                self.row = if failed { self.row + 1 } else { 0 };
                let window = self.window(now);
                let part = |some: usize, rate: Thousandths| {
                    self.enough(window.len()) && some * 1000 >= rate.0 as usize * window.len()
                };
                let failures = window.iter().filter(|call| call.failed).count();
                let slows = window.iter().filter(|call| call.slow).count();
                let by_failure = match self.config.consecutive {
                    Some(limit) => self.row >= limit,
                    None => failed && part(failures, self.config.rate),
                };
                if self.passes().is_none() && (by_failure || slow && part(slows, self.config.slow_rate)) {
                    self.trip(now);
                }
            }
        }
    }

    fn order(&mut self, order: Order) {
        if order != self.order && matches!(order, Order::ForceClosed | Order::MetricsOnly) {
            self.change(Phase::Closed);
        }
        self.order = order;
    }

    fn metrics(&self, now: u64) -> Metrics {
        let state = match (self.order, self.phase) {
            _ if self.holders > 0 => BreakerState::Isolated,
            (Order::ForceOpen, _) => BreakerState::ForcedOpen,
            (Order::ForceClosed, _) => BreakerState::ForcedClosed,
            _ if self.passes() == Some(true) => BreakerState::MetricsOnly,
            _ if self.passes() == Some(false) => BreakerState::Closed,
            (_, Phase::Closed) => BreakerState::Closed,
            (_, Phase::Open { until }) if now < until => BreakerState::Open,
            _ => BreakerState::HalfOpen,
        };
        let window = self.window(now);
        let count = |is: fn(&Counted) -> bool| window.iter().filter(|call| is(call)).count();
        let (failed, slow) = (count(|call| call.failed), count(|call| call.slow));
        let rate = |some: usize| {
            let known = self.enough(window.len());
            known.then(|| Thousandths(u32::try_from(some * 1000 / window.len()).unwrap()))
        };
        Metrics {
            state,
            calls: u32::try_from(window.len()).unwrap(),
            failed: u32::try_from(failed).unwrap(),
            slow: u32::try_from(slow).unwrap(),
            failure_rate: rate(failed),
            slow_rate: self.config.slow.and_then(|_| rate(slow)),
            retry_at: self.refusal(now).filter(|at| *at != u64::MAX).map(Instant::from_millis),
        }
    }
}

fn invented(dice: &mut Rng) -> Breaker {
    let span = |ms: u64| Duration::from_millis(ms);
    let mut maybe = |one_in: u64, low: u64, high: u64| (dice.within(1, one_in) == 1).then(|| dice.within(low, high));
    let count = |number: Option<u64>| number.map(|number| u32::try_from(number).unwrap());
    let (consecutive, count_window) = (count(maybe(3, 1, 4)), count(maybe(2, 1, 256)).map(|holds| 1 + holds % 70));
    let (slow, half_open) = (maybe(2, 1, 400).map(span), maybe(2, 1, 900).map(span));
    let (successes, never) = (count(maybe(2, 1, 4)), count(maybe(12, 1, 2)));
    let probes = u32::try_from(dice.within(1, 4)).unwrap().max(successes.unwrap_or(1));
    let open = dice.within(1, 600);
    Breaker {
        enabled: never != Some(1),
        consecutive,
        rate: Thousandths(u32::try_from(dice.within(1, 1000)).unwrap()),
        min_calls: u32::try_from(dice.within(1, 8)).unwrap(),
        window: span(dice.within(1, 3_000)),
        buckets: u32::try_from(dice.within(1, 12)).unwrap(),
        count_window,
        slow,
        slow_rate: Thousandths(u32::try_from(dice.within(1, 1000)).unwrap()),
        open: span(open),
        max_open: span(open + dice.within(0, 2_000)),
        probes,
        successes,
        half_open,
        metrics_only: never == Some(2),
    }
}

/// A call that was let through: by which of the two it was admitted is the same.
struct Flying {
    permit: Permit,
    era: u32,
    since: u64,
}

fn run(seed: u64) {
    let mut dice = Rng::new(seed, 0);
    let config = invented(&mut dice);
    Policy { breaker: config, ..Policy::default() }.check().unwrap();
    let mut circuit = Circuit::default();
    let (phase, order) = (Phase::Closed, Order::Automatic);
    let mut model = Model { config, phase, counted: Vec::new(), row: 0, opened: 0, era: 0, order, holders: 0 };
    let (mut now, mut flying) = (0, Vec::<Flying>::new());
    for step in 0..STEPS {
        now += [0, 0, dice.within(0, 50), dice.within(0, 1_000)][usize::try_from(dice.within(0, 3)).unwrap()];
        model.pass_time(now);
        let at = Instant::from_millis(now);
        let what = dice.within(0, 40);
        match what {
            0 => {
                let order = Order::ALL[usize::try_from(dice.within(0, 3)).unwrap()];
                circuit.order(order);
                model.order(order);
            }
            1 => {
                circuit.order(Order::Automatic);
                model.order(Order::Automatic);
            }
            2 if model.holders < 2 => {
                circuit.isolate();
                model.holders += 1;
            }
            2 | 3 => {
                circuit.release();
                model.holders = model.holders.saturating_sub(1);
            }
            4 if step % 5 == 0 => {
                circuit.reset();
                model.change(Phase::Closed);
            }
            5..=22 => {
                let lease = if dice.within(0, 2) == 0 { u64::MAX } else { now + dice.within(1, 500) };
                let (admitted, expected) =
                    (circuit.admit(&config, at, Instant::from_millis(lease)), model.admit(now, lease));
                assert_eq!(admitted.is_ok(), expected.is_some(), "seed {seed}, step {step}, at {now}: {admitted:?}");
                if let (Ok(permit), Some(era)) = (admitted, expected) {
                    flying.push(Flying { permit, era, since: now });
                }
            }
            _ if flying.is_empty() => {}
            _ => {
                let place = usize::try_from(dice.within(0, flying.len() as u64 - 1)).unwrap();
                let Flying { permit, era, since } = flying.swap_remove(place);
                let outcome = match dice.within(0, 9) {
                    0 => Outcome::Neutral,
                    1..=4 => Outcome::Passed,
                    _ => Outcome::Failed,
                };
                circuit.settle(&config, at, permit, outcome);
                model.settle(now, era, since, outcome);
            }
        }
        assert_eq!(circuit.metrics(&config, at), model.metrics(now), "seed {seed}, step {step} ({what}), at {now}");
    }
}

#[test]
fn a_breaker_is_what_a_list_of_its_calls_says() {
    (0..RUNS).for_each(run);
}
