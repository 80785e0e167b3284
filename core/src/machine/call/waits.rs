//! How long a call waits: every wait that is not a backoff, the longest that it may be, and what of that is used.

use core::time::Duration;

use crate::scope::Context;
use crate::stored::stored;
use crate::time::{Instant, millis, span};

/// How often a call looks whether another one has settled what both wait for.
const PAUSE: Duration = span(100);

/// What a call has waited so far, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Waits {
    /// In sum, for cooldowns and open breakers to end.
    for_ends: u32,
    /// In short pauses in a row, for what another call is doing.
    in_pauses: u32,
}

stored! { Waits { for_ends, in_pauses } }

impl Waits {
    pub(super) const NONE: Self = Self { for_ends: 0, in_pauses: 0 };

    /// Another route was reached: its pauses begin anew.
    pub(super) const fn arrived(&mut self) {
        self.in_pauses = 0;
    }

    /// Whether the last wait was a pause. A row of pauses is told once.
    pub(super) const fn is_in_pauses(&self) -> bool {
        self.in_pauses > 0
    }

    /// Until a cooldown or an open breaker ends: in sum no longer than the longest wait on the last route, for each end may be
    /// the beginning of another.
    pub(super) fn for_end(&mut self, cx: &Context<'_>, until: Instant) -> Option<Instant> {
        let sum = self.for_ends.saturating_add(lasting(until - cx.now));
        if span(sum.into()) > cx.policy.retry.patience_last || cx.scope.is_over_by(until) {
            return None;
        }
        *self = Self { for_ends: sum, in_pauses: 0 };
        Some(until)
    }

    /// Until a half-open probe of another call may have settled, on a route that nothing else can take the place of. The pauses
    /// are drawn, so that those who wait do not all ask at once afterwards.
    pub(super) fn for_probe(&mut self, cx: &mut Context<'_>, attempts: u32) -> Option<Instant> {
        let drawn = cx.policy.retry.backoff(attempts.saturating_sub(1), None, cx.scope.draws());
        let until = cx.now + drawn.max(PAUSE);
        self.may_last(cx, until).then(|| self.pause(cx.now, until))
    }

    /// Until a client that another call is making may be there.
    pub(super) fn for_client(&mut self, cx: &Context<'_>) -> Instant {
        let until = cx.scope.deadline().unwrap_or(Instant::NEVER).min(cx.now + PAUSE);
        self.pause(cx.now, until)
    }

    /// Whether another pause stays within the longest wait on a route and the deadline.
    pub(super) fn may_pause(&self, cx: &Context<'_>) -> bool {
        self.may_last(cx, cx.now + PAUSE)
    }

    fn may_last(&self, cx: &Context<'_>, until: Instant) -> bool {
        let sum = self.in_pauses.saturating_add(lasting(until - cx.now));
        span(sum.into()) <= cx.policy.retry.patience && !cx.scope.is_over_by(until)
    }

    fn pause(&mut self, now: Instant, until: Instant) -> Instant {
        self.in_pauses = self.in_pauses.saturating_add(lasting(until - now));
        until
    }
}

fn lasting(wait: Duration) -> u32 {
    u32::try_from(millis(wait)).unwrap_or(u32::MAX)
}
