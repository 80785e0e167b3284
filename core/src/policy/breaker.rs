//! Whether a place may be asked at all: closed, open, or half open for exactly as many probes as the policy says.

use core::time::Duration;

use super::fields::{Fields, LONGEST, Thousandths, maybe};
use super::window::{MOST_BUCKETS, Slices, Window};
use crate::names::named;
use crate::stored::stored;
use crate::time::{Instant, millis, span};

/// When a breaker opens, for how long, and what closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Whether breakers are on. Default true.
    pub enabled: bool,
    /// Opens after this many charged failures in a row, 1 to 1000. When set, it replaces the failure rate. Default: not set.
    pub consecutive: Option<u32>,
    /// Opens when this part of the calls in the window failed, the threshold included. Default 0.5.
    pub rate: Thousandths,
    /// The fewest calls in the window on which a rate is judged. Default 5.
    pub min_calls: u32,
    /// The window over which the rate is taken. Default 30 s.
    pub window: Duration,
    /// Slices that the window is cut into, 1 to 12; they fall out of it one by one. Default 10.
    pub buckets: u32,
    /// How long it stays open the first time. Default 5 s.
    pub open: Duration,
    /// Each opening in a row doubles the time, up to this. Default 30 s.
    pub max_open: Duration,
    /// Calls admitted at a time while half open, and successes needed to close. 1 to 100, default 1.
    pub probes: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            enabled: true,
            consecutive: None,
            rate: Thousandths(500),
            min_calls: 5,
            window: span(30_000),
            buckets: 10,
            open: span(5_000),
            max_open: span(30_000),
            probes: 1,
        }
    }
}

impl Breaker {
    const fn slices(&self) -> Slices {
        Slices { window: self.window, buckets: self.buckets }
    }

    /// How long opening number `opened` (from 1) lasts.
    fn open_for(&self, opened: u32) -> Duration {
        let doubled = millis(self.open).saturating_mul(1_u64.checked_shl(opened.saturating_sub(1)).unwrap_or(u64::MAX));
        span(doubled).min(self.max_open)
    }

    pub(crate) fn fields(&mut self, fields: &mut dyn Fields) {
        fields.flag("enabled", &mut self.enabled);
        maybe!(fields, count, "consecutive", self.consecutive, 5, 1..=1000);
        fields.ratio("rate", &mut self.rate, Thousandths(1)..=Thousandths(1000));
        fields.count("min_calls", &mut self.min_calls, 1..=100_000);
        fields.span("window", &mut self.window, span(1)..=LONGEST);
        fields.count("buckets", &mut self.buckets, 1..=MOST_BUCKETS);
        fields.span("open", &mut self.open, span(1)..=LONGEST);
        fields.span("max_open", &mut self.max_open, span(1)..=LONGEST);
        fields.count("probes", &mut self.probes, 1..=100);
    }
}

named! {
    /// What a breaker is doing, as everybody names it.
    pub enum BreakerState {
        /// Calls pass and are counted.
        Closed = "closed",
        /// Calls are refused until a time.
        Open = "open",
        /// Probes pass, all others are refused.
        HalfOpen = "half_open",
    }
}

/// What became of an admitted call, as a breaker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A success, or an answer that proves the provider alive.
    Passed,
    /// A charged failure.
    Failed,
    /// Neither: the permit goes back and nothing is counted.
    Neutral,
}

/// A change of a breaker's state, worth a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It opened, until then.
    Opened(Instant),
    /// It closed.
    Closed,
}

/// The living breaker: one a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circuit {
    state: State,
    window: Window,
    in_a_row: u32,
    opened: u32,
    /// Counts changes of state: an outcome admitted under an older one changes nothing.
    generation: u32,
}

stored! { Circuit { state, window, in_a_row, opened, generation } }

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    HalfOpen {
        in_flight: u32,
        passed: u32,
        lease: Instant,
    },
}

stored! { enum State { Closed, Open { until }, HalfOpen { in_flight, passed, lease } } }

impl Circuit {
    /// What the breaker would do with a call now. Reading it changes nothing.
    #[must_use]
    pub fn state(&self, now: Instant) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { until } if now < until => BreakerState::Open,
            State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Looks ahead without taking a permit; a refusal says when to come back.
    ///
    /// # Errors
    /// The moment from which asking may be admitted.
    #[inline(always)]
    pub fn would_admit(&self, config: &Breaker, now: Instant) -> Result<(), Instant> {
        match self.state {
            State::Closed => Ok(()),
            State::Open { until } if now < until => Err(until),
            State::Open { .. } => Ok(()),
            State::HalfOpen { in_flight, lease, .. } if in_flight >= config.probes && now < lease => {
                Err(lease.min(now + config.open))
            }
            State::HalfOpen { .. } => Ok(()),
        }
    }

    /// Takes a permit; `lease` is when it lapses if nothing is ever reported. Returns the generation it was taken under.
    ///
    /// # Errors
    /// The moment from which asking may be admitted.
    #[inline(always)]
    pub fn admit(&mut self, config: &Breaker, now: Instant, lease: Instant) -> Result<u32, Instant> {
        self.would_admit(config, now)?;
        match &mut self.state {
            State::Closed => {}
            State::Open { .. } => self.enter(State::HalfOpen { in_flight: 1, passed: 0, lease }),
            // A lapsed lease frees every permit: whoever held one is not heard any more.
            State::HalfOpen { passed, lease: held, in_flight } if *in_flight > 0 && now >= *held => {
                let passed = *passed;
                self.enter(State::HalfOpen { in_flight: 1, passed, lease });
            }
            State::HalfOpen { in_flight, lease: held, .. } => {
                // With nobody in flight there is no lease but this one.
                *held = if *in_flight == 0 { lease } else { (*held).max(lease) };
                *in_flight = in_flight.saturating_add(1);
            }
        }
        Ok(self.generation)
    }

    /// Takes note of what became of a call that was admitted under `generation`.
    #[inline(always)]
    pub fn settle(&mut self, config: &Breaker, now: Instant, generation: u32, outcome: Outcome) -> Option<Change> {
        if generation != self.generation {
            return None;
        }
        match &mut self.state {
            State::Open { .. } => None,
            State::Closed => self.count(config, now, outcome),
            State::HalfOpen { in_flight, passed, .. } => {
                *in_flight = in_flight.saturating_sub(1);
                match outcome {
                    Outcome::Neutral => None,
                    Outcome::Failed => Some(self.open(config, now)),
                    Outcome::Passed => {
                        *passed = passed.saturating_add(1);
                        (*passed >= config.probes).then(|| self.close())
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn count(&mut self, config: &Breaker, now: Instant, outcome: Outcome) -> Option<Change> {
        match outcome {
            Outcome::Neutral => return None,
            Outcome::Passed => self.in_a_row = 0,
            Outcome::Failed => self.in_a_row = self.in_a_row.saturating_add(1),
        }
        let trips = match config.consecutive {
            Some(limit) => self.in_a_row >= limit,
            None => {
                self.window.add(config.slices(), now, usize::from(outcome == Outcome::Failed));
                outcome == Outcome::Failed && self.rate_trips(config, now)
            }
        };
        trips.then(|| self.open(config, now))
    }

    fn rate_trips(&mut self, config: &Breaker, now: Instant) -> bool {
        let [passed, failed] = self.window.sums(config.slices(), now);
        let calls = u64::from(passed) + u64::from(failed);
        calls >= u64::from(config.min_calls) && u64::from(failed) * 1000 >= u64::from(config.rate.0) * calls
    }

    fn open(&mut self, config: &Breaker, now: Instant) -> Change {
        self.opened = self.opened.saturating_add(1);
        let until = now + config.open_for(self.opened);
        self.enter(State::Open { until });
        Change::Opened(until)
    }

    fn close(&mut self) -> Change {
        self.opened = 0;
        self.enter(State::Closed);
        Change::Closed
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.window = Window::default();
        self.in_a_row = 0;
        self.generation = self.generation.wrapping_add(1);
    }

    /// Closes it and forgets everything.
    pub(crate) fn reset(&mut self) {
        self.close();
    }

    /// What was counted, for a window that is cut in another way.
    pub(crate) fn forget_counts(&mut self) {
        self.window = Window::default();
    }

    /// For a snapshot: permits do not travel, the successes of a half-open time do.
    pub(crate) fn without_permits(mut self) -> Self {
        if let State::HalfOpen { in_flight, .. } = &mut self.state {
            *in_flight = 0;
        }
        self
    }

    pub(crate) fn shift(
        &mut self,
        config: &Breaker,
        span: impl Fn(Instant) -> Instant,
        wall: impl Fn(Instant) -> Instant,
    ) {
        self.window.shift(config.slices(), span);
        if let State::Open { until } = &mut self.state {
            *until = wall(*until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::ZERO;

    fn opened(config: &Breaker) -> Circuit {
        let mut circuit = Circuit::default();
        let generation = circuit.admit(config, NOW, Instant::NEVER).unwrap_or_default();
        circuit.settle(config, NOW, generation, Outcome::Failed);
        circuit
    }

    #[test]
    fn one_probe_and_no_more() {
        let config = Breaker { consecutive: Some(1), ..Breaker::default() };
        let mut circuit = opened(&config);
        assert_eq!(circuit.admit(&config, NOW, Instant::NEVER), Err(Instant::from_millis(5_000)));
        let later = Instant::from_millis(5_000);
        let admitted = (0..20).filter(|_| circuit.admit(&config, later, later + span(1_000)).is_ok()).count();
        assert_eq!(admitted, 1);
    }

    #[test]
    fn a_probe_that_never_reports_lapses() {
        let config = Breaker { consecutive: Some(1), ..Breaker::default() };
        let mut circuit = opened(&config);
        let later = Instant::from_millis(5_000);
        assert!(circuit.admit(&config, later, later + span(1_000)).is_ok());
        assert!(circuit.admit(&config, later + span(999), Instant::NEVER).is_err());
        assert!(circuit.admit(&config, later + span(1_000), Instant::NEVER).is_ok());
    }

    #[test]
    fn a_lease_given_back_does_not_hold_the_next_one() {
        let config = Breaker { consecutive: Some(1), ..Breaker::default() };
        let mut circuit = opened(&config);
        let later = Instant::from_millis(5_000);
        let first = circuit.admit(&config, later, Instant::NEVER).unwrap_or_default();
        circuit.settle(&config, later, first, Outcome::Neutral);
        assert!(circuit.admit(&config, later, later + span(1_000)).is_ok());
        assert!(circuit.admit(&config, later + span(1_000), Instant::NEVER).is_ok());
    }

    #[test]
    fn an_old_outcome_changes_nothing() {
        let config = Breaker { consecutive: Some(1), ..Breaker::default() };
        let mut circuit = opened(&config);
        let before = circuit;
        assert_eq!(circuit.settle(&config, NOW, 0, Outcome::Passed), None);
        assert_eq!(circuit, before);
    }

    #[test]
    fn open_times_double_up_to_the_longest() {
        let config = Breaker::default();
        let spans = [1, 2, 3, 4, 40, 400].map(|opened| config.open_for(opened).as_secs());
        assert_eq!(spans, [5, 10, 20, 30, 30, 30]);
    }
}
