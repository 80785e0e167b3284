//! The living breaker: what a call is told by it, and what it makes of the outcome.

mod manual;

use manual::Mode;

use super::counts::Counts;
use super::{Breaker, BreakerState, Change, Metrics, Order, Outcome, Permit};
use crate::stored::stored;
use crate::time::Instant;

/// The living breaker: one a scope.
///
/// What it learns by itself (`state` and the counts) and what a manual override says (`order`, `holders`) are two things: the
/// second stands above the first and leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circuit {
    state: State,
    counts: Counts,
    in_a_row: u32,
    opened: u32,
    /// Counts changes of state: an outcome admitted under an older one changes nothing.
    generation: u32,
    order: Order,
    /// How many hold it out of use.
    holders: u32,
}

// Neither permits nor those who hold it out of use live on; the probes that were settled do, and what was ordered.
stored! { Circuit { state, counts, in_a_row, opened, generation, order; holders } }

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        until: Instant,
    },
    HalfOpen {
        in_flight: u32,
        passed: u32,
        failed: u32,
        lease: Instant,
        /// When it opens again, if it is undecided by then.
        ends: Instant,
    },
}

stored! { enum State { Closed, Open { until: Calendar }, HalfOpen { passed, failed, lease, ends; in_flight } } }

impl Default for Circuit {
    fn default() -> Self {
        Self {
            state: State::Closed,
            counts: Counts::default(),
            in_a_row: 0,
            opened: 0,
            generation: 0,
            order: Order::Automatic,
            holders: 0,
        }
    }
}

impl Circuit {
    /// What the breaker would do with a call now. Reading it changes nothing.
    #[must_use]
    pub fn state(&self, config: &Breaker, now: Instant) -> BreakerState {
        match self.rule(config) {
            _ if self.holders > 0 => BreakerState::Isolated,
            _ if self.order == Order::ForceOpen => BreakerState::ForcedOpen,
            Mode::Counts => BreakerState::MetricsOnly,
            Mode::Passes if self.order == Order::ForceClosed => BreakerState::ForcedClosed,
            // It is switched off.
            Mode::Passes => BreakerState::Closed,
            Mode::Decides => match self.present(config, now) {
                State::Closed => BreakerState::Closed,
                State::Open { until } if now < until => BreakerState::Open,
                State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
            },
        }
    }

    /// What it goes by now. Reading it changes nothing.
    #[must_use]
    pub fn metrics(&self, config: &Breaker, now: Instant) -> Metrics {
        let sums = { self.counts }.sums(config, now);
        Metrics {
            state: self.state(config, now),
            calls: sums.calls,
            failed: sums.failed,
            slow: sums.slow,
            failure_rate: sums.part(config, sums.failed),
            slow_rate: config.slow.and_then(|_| sums.part(config, sums.slow)),
            retry_at: self.would_admit(config, now).err().and_then(Instant::known),
        }
    }

    /// Looks ahead without taking a permit; a refusal says when to come back.
    ///
    /// # Errors
    /// The moment from which asking may be admitted; [`Instant::NEVER`] where a person has to say so.
    #[inline(always)]
    pub fn would_admit(&self, config: &Breaker, now: Instant) -> Result<(), Instant> {
        if self.refuses() {
            return Err(Instant::NEVER);
        }
        if matches!(self.state, State::Closed) { Ok(()) } else { self.would_probe(config, now) }
    }

    fn would_probe(&self, config: &Breaker, now: Instant) -> Result<(), Instant> {
        if self.rule(config) != Mode::Decides {
            return Ok(());
        }
        match self.present(config, now) {
            State::Closed => Ok(()),
            State::Open { until } if now < until => Err(until),
            State::Open { .. } => Ok(()),
            // A round of probes has so many of them, and no more.
            State::HalfOpen { in_flight, passed, failed, lease, .. }
                if in_flight > 0 && now < lease && Self::is_full(config, [in_flight, passed, failed]) =>
            {
                Err(lease.min(now + config.open))
            }
            State::HalfOpen { .. } => Ok(()),
        }
    }

    /// Takes a permit; `lease` is when it lapses if nothing is ever reported.
    ///
    /// # Errors
    /// The moment from which asking may be admitted; [`Instant::NEVER`] where a person has to say so.
    #[inline(always)]
    pub fn admit(&mut self, config: &Breaker, now: Instant, lease: Instant) -> Result<Permit, Instant> {
        self.would_admit(config, now)?;
        Ok(self.take(config, now, lease))
    }

    /// The same where it was asked just now.
    #[inline(always)]
    pub(crate) fn take(&mut self, config: &Breaker, now: Instant, lease: Instant) -> Permit {
        if !matches!(self.state, State::Closed) {
            self.admit_probe(config, now, lease);
        }
        Permit { generation: self.generation, since: now }
    }

    fn admit_probe(&mut self, config: &Breaker, now: Instant, lease: Instant) {
        if self.rule(config) != Mode::Decides {
            // The policy has changed since it opened.
            self.close();
            return;
        }
        self.lapse(config, now);
        match &mut self.state {
            State::Closed => {}
            State::Open { .. } => {
                let ends = config.half_open.map_or(Instant::NEVER, |longest| now + longest);
                self.enter(State::HalfOpen { in_flight: 1, passed: 0, failed: 0, lease, ends });
            }
            // A lapsed lease frees every permit: whoever held one is not heard any more.
            State::HalfOpen { passed, failed, lease: held, in_flight, ends } if *in_flight > 0 && now >= *held => {
                let (passed, failed, ends) = (*passed, *failed, *ends);
                self.enter(State::HalfOpen { in_flight: 1, passed, failed, lease, ends });
            }
            State::HalfOpen { in_flight, lease: held, .. } => {
                // With nobody in flight there is no lease but this one.
                *held = if *in_flight == 0 { lease } else { (*held).max(lease) };
                *in_flight = in_flight.saturating_add(1);
            }
        }
    }

    /// Takes note of what became of an admitted call. A slow one is a call that took too long by now.
    #[inline(always)]
    pub fn settle(&mut self, config: &Breaker, now: Instant, permit: Permit, outcome: Outcome) -> Option<Change> {
        if permit.generation != self.generation {
            return None;
        }
        let slow = outcome != Outcome::Neutral && config.is_slow(permit.since, now);
        if matches!(self.state, State::Closed) {
            self.count(config, now, outcome, slow)
        } else {
            self.probed(config, now, outcome, slow)
        }
    }

    #[inline(always)]
    fn count(&mut self, config: &Breaker, now: Instant, outcome: Outcome, slow: bool) -> Option<Change> {
        let failed = outcome == Outcome::Failed;
        let rule = self.rule(config);
        if outcome == Outcome::Neutral || rule == Mode::Passes {
            return None;
        }
        self.in_a_row = if failed { self.in_a_row.saturating_add(1) } else { 0 };
        self.counts.add(config, now, failed, slow);
        if !(failed || slow) || rule == Mode::Counts {
            return None;
        }
        let sums = self.counts.sums(config, now);
        let by_failure = match config.consecutive {
            Some(limit) => self.in_a_row >= limit,
            None => failed && sums.reaches(config, sums.failed, config.rate),
        };
        let trips = by_failure || (slow && sums.reaches(config, sums.slow, config.slow_rate));
        trips.then(|| self.open(config, now))
    }

    fn probed(&mut self, config: &Breaker, now: Instant, outcome: Outcome, slow: bool) -> Option<Change> {
        if let Some(until) = self.lapse(config, now) {
            // It comes too late, and is the first that anybody hears of it.
            return (now < until).then_some(Change::Opened(until));
        }
        let State::HalfOpen { in_flight, passed, failed, .. } = &mut self.state else { return None };
        *in_flight = in_flight.saturating_sub(1);
        match outcome {
            Outcome::Neutral => None,
            Outcome::Passed if !slow => {
                *passed = passed.saturating_add(1);
                (*passed >= config.needed()).then(|| self.close())
            }
            Outcome::Passed | Outcome::Failed => {
                *failed = failed.saturating_add(1);
                (*failed > config.probes - config.needed()).then(|| self.open(config, now))
            }
        }
    }

    fn is_full(config: &Breaker, probes: [u32; 3]) -> bool {
        probes.iter().fold(0, |sum: u32, some| sum.saturating_add(*some)) >= config.probes
    }

    /// The state by now: a half-open time that was too long has opened it again.
    fn present(&self, config: &Breaker, now: Instant) -> State {
        match self.state {
            State::HalfOpen { ends, .. } if now >= ends => {
                State::Open { until: ends + config.open_for(self.opened.saturating_add(1)) }
            }
            state => state,
        }
    }

    /// Makes the present state the one that is held. Says until when it is open, if a half-open time was too long.
    fn lapse(&mut self, config: &Breaker, now: Instant) -> Option<Instant> {
        match self.present(config, now) {
            State::Open { until } if matches!(self.state, State::HalfOpen { .. }) => {
                self.opened = self.opened.saturating_add(1);
                self.enter(State::Open { until });
                Some(until)
            }
            _ => None,
        }
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
        if state == State::Closed {
            self.counts = Counts::default();
        }
        self.state = state;
        self.in_a_row = 0;
        self.generation = self.generation.wrapping_add(1);
    }

    /// What was counted, for a window that is cut in another way.
    pub(crate) fn forget_counts(&mut self) {
        self.counts = Counts::default();
    }

    /// The process was copied: whoever held a permit is not heard from in this one.
    pub(crate) fn forked(&mut self) {
        if let State::HalfOpen { in_flight, .. } = &mut self.state {
            *in_flight = 0;
        }
        self.generation = self.generation.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests;
