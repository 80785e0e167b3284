//! How long a scope is left alone after a failure, and the one probe that ends that.

use core::time::Duration;

use crate::policy::failure::{Failure, FailureKind, FailureRule};
use crate::stored::stored;
use crate::time::{Instant, millis, span};

/// The living cooldown of one scope. It chooses between routes; unlike a breaker it never refuses the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cooldown {
    period: Option<Period>,
    /// Counts beginnings, probes and ends: a success admitted before the period began forgets nothing, and only the probe gives
    /// back its permit.
    generation: u32,
}

stored! { Cooldown { period, generation } }

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    until: Instant,
    length: Duration,
    stated: bool,
    /// The failure that it began with.
    kind: FailureKind,
    /// The generation that it began with.
    since: u32,
    probe: Option<Instant>,
}

impl Period {
    const fn cooling(self, until: Instant, stated: bool, probing: bool) -> Cooling {
        Cooling { until, stated, kind: self.kind, probing }
    }
}

stored! { Period { until: Calendar, length, stated, kind, since; probe } }

/// Why a scope is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cooling {
    /// Until when.
    pub until: Instant,
    /// Whether the provider stated that time.
    pub stated: bool,
    /// The failure that it began with.
    pub kind: FailureKind,
    /// Whether its time is over and one call probes the scope: then it cools until that has settled, and by that time at the latest.
    pub probing: bool,
}

impl Cooldown {
    /// Looks ahead without taking the probe.
    ///
    /// # Errors
    /// How long the scope cools, or until when the one probe is waited for.
    #[inline(always)]
    pub fn would_admit(&self, now: Instant) -> Result<(), Cooling> {
        match self.period {
            None => Ok(()),
            Some(period) if now < period.until => Err(period.cooling(period.until, period.stated, false)),
            Some(period) => match period.probe {
                Some(lease) if now < lease => Err(period.cooling(lease, false, true)),
                _ => Ok(()),
            },
        }
    }

    /// Takes a permit: the probe, if a period has just ended. One that is taken during the period is nobody's probe.
    #[inline(always)]
    pub fn admit(&mut self, now: Instant, lease: Instant) -> u32 {
        if let Some(period) = &mut self.period
            && now >= period.until
        {
            period.probe = Some(lease);
            self.generation = self.generation.wrapping_add(1);
        }
        self.generation
    }

    /// Begins a cooldown after a failure, or lengthens it, and returns when it ends. `admitted` is when the failed attempt was: only
    /// one admitted after the last cooldown ended doubles it, so twenty requests that were refused together count once.
    pub fn begin(&mut self, now: Instant, admitted: Instant, failure: Failure, rule: FailureRule) -> Option<Instant> {
        let (stated, base, cap) = (failure.stated(), rule.cool_base, rule.cool_cap);
        let length = match self.period {
            None => base,
            Some(period) if admitted < period.until => period.length,
            Some(period) => span(millis(period.length).saturating_mul(2)).max(base).min(cap.max(base)),
        };
        let until = now + stated.unwrap_or(length);
        if let Some(period) = &mut self.period
            && admitted < period.until
            && (stated.is_none() || until <= period.until)
            && now < period.until
        {
            return None;
        }
        self.generation = self.generation.wrapping_add(1);
        let since = self.generation;
        self.period = Some(Period { until, length, stated: stated.is_some(), kind: failure.kind, since, probe: None });
        Some(until)
    }

    /// A success forgets the period, unless the attempt was admitted before it began.
    pub fn forget(&mut self, generation: u32) {
        let admitted_in =
            |period: Period| generation.wrapping_sub(period.since) <= self.generation.wrapping_sub(period.since);
        if self.period.is_some_and(admitted_in) {
            self.clear();
        }
    }

    /// The probe ended without a verdict: somebody else may probe.
    pub fn give_back(&mut self, generation: u32) {
        if let Some(period) = &mut self.period
            && generation == self.generation
        {
            period.probe = None;
        }
    }

    #[inline(always)]
    pub(crate) fn is_clear(&self) -> bool {
        self.period.is_none()
    }

    pub(crate) fn clear(&mut self) {
        self.period = None;
        self.generation = self.generation.wrapping_add(1);
    }

    /// The process was copied: whoever probes is not heard from in this one.
    pub(crate) fn forked(&mut self) {
        if let Some(period) = &mut self.period {
            period.probe = None;
        }
    }
}

#[cfg(test)]
mod tests;
