//! How long until the same route is asked again, and whether that is still worth the wait.

use core::time::Duration;

use crate::data::{SPANS, Thousandths};
use crate::names::named;
use crate::rng::Rng;
use crate::stored::fields;
use crate::time::{millis, span};

named! {
    /// How a backoff is spread, so that callers that failed together do not come back together.
    pub enum Jitter {
        /// Uniform between nothing and the backoff.
        Full = "full",
        /// Half of the backoff, and a uniform other half.
        Equal = "equal",
        /// Uniform between the base and three times the previous wait.
        Decorrelated = "decorrelated",
        /// The backoff itself.
        None = "none",
    }
}

named! {
    /// What to do when the wait would be longer than the patience for it.
    pub enum PastPatience {
        /// Go on down the ladder: rebuild, next route, end.
        MoveOn = "move_on",
        /// Wait as long as the provider asked.
        Obey = "obey",
        /// Wait as long as the patience reaches, then ask.
        Clamp = "clamp",
        /// Ignore what the provider asked and wait the backoff.
        Backoff = "backoff",
        /// Give up at once, without asking another route.
        Fail = "fail",
    }
}

fields! {
    /// How often and after what wait the same route is asked again.
    ///
    /// Defaults: 3 attempts a route, waits of up to 0.5 s, 1 s, 2 s .. 30 s with full jitter (the shape that AWS recommends in
    /// "Exponential backoff and jitter", 2015; base and factor as in the OpenAI and Anthropic SDKs).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Retry {
        /// How many attempts a call makes on one route, the first included. 1 to 1000; 1 means no retry.
        max_attempts: u32 = 3, 1..=1000;
        /// The wait before the first retry. 0 s to 30 days.
        base: Duration = span(500), SPANS;
        /// How many times as long each backoff is as the one before. 1 to 100.
        factor: Thousandths = Thousandths(2000), Thousandths(1000)..=Thousandths(100_000);
        /// The longest backoff; at least `base`. No wait of ours exceeds it, only one that the provider asked for.
        cap: Duration = span(30_000), SPANS;
        /// How a backoff is spread.
        jitter: Jitter = Jitter::Full;
        /// The longest wait on a route while another one could be asked. Default 5 s.
        patience: Duration = span(5_000), SPANS;
        /// The longest wait on the last route. Default 60 s.
        patience_last: Duration = span(60_000), SPANS;
        /// What happens when a wait would be longer than the patience for it.
        past_patience: PastPatience = PastPatience::MoveOn;
    }
}

/// What `Retry` says about one more attempt on the same route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// Ask again after this wait.
    For(Duration),
    /// Not worth the wait: go on down the ladder.
    MoveOn,
    /// Give up at once.
    Fail,
}

impl Retry {
    /// The backoff before retry number `retries` + 1 of a route, with jitter; `previous` is the wait before.
    pub fn backoff(&self, retries: u32, previous: Option<Duration>, rng: &mut Rng) -> Duration {
        let (base, cap) = (millis(self.base), millis(self.cap));
        match self.jitter {
            Jitter::None => span(self.ceiling(retries)),
            Jitter::Full => span(rng.within(0, self.ceiling(retries))),
            Jitter::Equal => {
                let ceiling = self.ceiling(retries);
                let half = ceiling / 2;
                span(half.saturating_add(rng.within(0, ceiling.saturating_sub(half))))
            }
            Jitter::Decorrelated => {
                let previous = previous.map_or(base, millis);
                span(rng.within(base, cap.min(previous.saturating_mul(3)).max(base)))
            }
        }
    }

    /// `base` x `factor`^`retries`, at most `cap`.
    fn ceiling(&self, retries: u32) -> u64 {
        let cap = millis(self.cap);
        let mut wait = millis(self.base).min(cap);
        for _ in 0..retries {
            let grown = self.factor.of(wait).min(cap);
            if grown == wait {
                break;
            }
            wait = grown;
        }
        wait
    }

    /// The wait before the same route is asked again: the longer of our backoff and what the provider asked for, as long as
    /// the patience reaches. A hint is never shortened unless the policy says so.
    pub fn pause(&self, backoff: Duration, hint: Option<Duration>, another_route: bool) -> Pause {
        let patience = if another_route { self.patience } else { self.patience_last };
        let wait = hint.map_or(backoff, |hint| hint.max(backoff));
        if wait <= patience {
            return Pause::For(wait);
        }
        match self.past_patience {
            PastPatience::MoveOn => Pause::MoveOn,
            PastPatience::Obey => Pause::For(wait),
            PastPatience::Clamp => Pause::For(patience),
            PastPatience::Backoff => Pause::For(backoff),
            PastPatience::Fail => Pause::Fail,
        }
    }
}

#[cfg(test)]
mod tests;
