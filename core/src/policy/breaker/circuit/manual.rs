//! What a person can do with a breaker, whatever it has learnt by itself.

use super::*;

/// What becomes of calls where no manual override refuses them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The breaker decides.
    Decides,
    /// They pass and are counted.
    Counts,
    /// They pass.
    Passes,
}

impl Circuit {
    /// Orders it to do something, or to do what it would do by itself again. Where everything is to pass, what was held against
    /// it is forgotten.
    pub fn order(&mut self, order: Order) {
        if order != self.order && matches!(order, Order::ForceClosed | Order::MetricsOnly) {
            self.reset();
        }
        self.order = order;
    }

    /// Takes it out of use, until each who did so has released it.
    pub fn isolate(&mut self) {
        self.holders = self.holders.saturating_add(1);
    }

    /// Lets go of it: of one [`Circuit::isolate`].
    pub fn release(&mut self) {
        self.holders = self.holders.saturating_sub(1);
    }

    /// Closes it and forgets everything that it learnt. A manual override stays.
    pub fn reset(&mut self) {
        self.close();
    }

    /// Whether it is closed, as far as it decides itself.
    pub(crate) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether somebody told it what to do.
    pub(crate) fn is_ordered(&self) -> bool {
        self.holders > 0 || self.order != Order::Automatic
    }

    /// Whether a person refuses whatever comes.
    #[inline(always)]
    pub(super) fn refuses(&self) -> bool {
        self.holders > 0 || self.order == Order::ForceOpen
    }

    #[inline(always)]
    pub(super) fn rule(&self, config: &Breaker) -> Mode {
        match self.order {
            Order::ForceClosed => Mode::Passes,
            Order::MetricsOnly => Mode::Counts,
            Order::Automatic | Order::ForceOpen if !config.enabled => Mode::Passes,
            Order::Automatic | Order::ForceOpen if config.metrics_only => Mode::Counts,
            Order::Automatic | Order::ForceOpen => Mode::Decides,
        }
    }
}
