//! What went wrong, and what each kind of failure leads to: a table of data, row by row in the policy's hands.

use core::fmt;
use core::time::Duration;

use crate::data::SPANS;
use crate::names::named;
use crate::stored::{about, fields, stored};
use crate::time::span;
use crate::visit::{Data, Limits, Visitor};

named! {
    /// What kind of failure an attempt ended with. The rows of the table in [`FailureTable`].
    pub enum FailureKind {
        /// DNS, connection refused, TLS alert, reset before headers, connect or pool timeout, protocol error.
        Connect = "connect",
        /// The client's own read limit passed before any byte came.
        ReadTimeout = "read_timeout",
        /// Our own limit passed: first progress, idle, or total.
        TimedOut = "timed_out",
        /// Too many requests for now (429).
        RateLimited = "rate_limited",
        /// The quota or the credit is used up: asking again soon cannot help.
        QuotaExhausted = "quota_exhausted",
        /// The provider says that it is overloaded (503, 529).
        Overloaded = "overloaded",
        /// Any other 5xx, and the host's own `TransientError`.
        ServerError = "server_error",
        /// An answer came and could not be read.
        Malformed = "malformed",
        /// A stream ended early, after it had made progress.
        StreamBroken = "stream_broken",
        /// The credential was refused (401, 403).
        Auth = "auth",
        /// The model or deployment does not exist there (404).
        NotFound = "not_found",
        /// The request is larger than the model's context window.
        ContextOverflow = "context_overflow",
        /// The provider's content policy refused.
        ContentRefused = "content_refused",
        /// The request itself is wrong (400, 422), and the host's own `PermanentError`.
        InvalidRequest = "invalid_request",
        /// The server's certificate was not accepted.
        Certificate = "certificate",
        /// A bug in the host's own code (`TypeError` and kin).
        Bug = "bug",
        /// The caller stopped it.
        Cancelled = "cancelled",
        /// Nothing is known about it.
        Unknown = "unknown",
    }
}

named! {
    /// How far an attempt had come when it failed.
    pub enum Phase {
        /// Waiting for a connection from the client's pool.
        Pool = "pool",
        /// Connecting.
        Connect = "connect",
        /// Sending the request.
        Send = "send",
        /// Waiting for the first byte, or for the first meaningful progress of a stream.
        FirstProgress = "first_progress",
        /// Reading on, with progress made.
        Idle = "idle",
        /// The whole of the attempt.
        Total = "total",
    }
}

named! {
    /// Whether the failed attempt may have had an effect at the other end.
    pub enum Effect {
        /// It is known that nothing was sent, so asking again is safe.
        None = "none",
        /// It may have had an effect.
        Possible = "possible",
    }
}

/// One failure, as the core sees it: a kind and a few numbers. The exception itself stays with the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The row of the table.
    pub kind: FailureKind,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// How long the provider said to wait before asking again (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// When a limit is lifted, from now, as the provider stated it. Classification fills it only where a limit was met and no
    /// `retry_after` was stated.
    pub reset_after: Option<Duration>,
    /// How far the attempt had come.
    pub phase: Option<Phase>,
    /// `x-should-retry` and kin: the provider's own word on whether asking the same route again may help.
    pub should_retry: Option<bool>,
    /// Whether the attempt may have had an effect.
    pub effect: Effect,
}

stored! { Failure { kind, status, retry_after, reset_after, phase, should_retry, effect } }

impl Failure {
    /// A failure of this kind about which nothing else is known; `connect` had no effect, all others may have had one.
    #[must_use]
    pub const fn new(kind: FailureKind) -> Self {
        let effect = if matches!(kind, FailureKind::Connect) { Effect::None } else { Effect::Possible };
        Self { kind, status: None, retry_after: None, reset_after: None, phase: None, should_retry: None, effect }
    }

    /// The same failure with an HTTP status.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The same failure with a `Retry-After`.
    #[must_use]
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same failure as a caller's own judgement makes it, whatever its kind was: `wanted` says whether it is worth another
    /// attempt. What the provider said about it stays.
    #[must_use]
    pub const fn judged(self, wanted: bool) -> Self {
        let kind = if wanted { FailureKind::ServerError } else { FailureKind::InvalidRequest };
        Self { status: self.status, retry_after: self.retry_after, ..Self::new(kind) }
    }

    /// How long to wait at least before the same route is asked again: what the provider said about that, else when it lifts
    /// its limit.
    #[must_use]
    pub fn hint(&self) -> Option<Duration> {
        self.retry_after.or(self.reset_after)
    }

    /// The time that the provider itself stated, the longer of the two where it stated both.
    #[must_use]
    pub fn stated(&self) -> Option<Duration> {
        self.retry_after.max(self.reset_after)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{} ({status})", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl core::error::Error for Failure {}

named! {
    /// Whether the same route may be asked again.
    pub enum Again {
        /// As long as attempts, patience, retry budget and breaker allow.
        Yes = "yes",
        /// Once a route.
        Once = "once",
        /// Only when no other route is left to ask.
        OnLastRoute = "on_last_route",
        /// Only if the call may start over after it made progress.
        IfRestartable = "if_restartable",
        /// Never.
        No = "no",
    }
}

named! {
    /// Whether the route's client is made again before the ladder goes on.
    pub enum RebuildRule {
        /// Once a turn, on the primary.
        OnPrimary = "on_primary",
        /// Once a turn, on any route, with a counter of its own (credentials are refreshed).
        Anywhere = "anywhere",
        /// Never.
        No = "no",
    }
}

named! {
    /// Whether the next route may be asked.
    pub enum NextRule {
        /// Yes.
        Yes = "yes",
        /// Only one whose context window is larger, or unknown.
        LargerContext = "larger_context",
        /// Only if the call may start over after it made progress.
        IfRestartable = "if_restartable",
        /// No.
        No = "no",
    }
}

named! {
    /// Whose breaker counts the failure.
    pub enum Charge {
        /// The deployment's.
        Deployment = "deployment",
        /// The endpoint's: every deployment behind it.
        Endpoint = "endpoint",
        /// The deployment's, if the attempt had its time limit in full and was not cut short by a deadline.
        DeploymentIfFullTime = "deployment_if_full_time",
        /// Nobody's.
        No = "no",
    }
}

named! {
    /// What cools down when the ladder leaves a route because of this failure.
    pub enum Cool {
        /// The credential at this deployment.
        Limit = "limit",
        /// The credential, wherever it is used.
        Credential = "credential",
        /// The deployment.
        Deployment = "deployment",
        /// The deployment, but only for a time that the provider stated.
        StatedOnly = "stated_only",
        /// Nothing.
        No = "no",
    }
}

fields! {
    /// A row of the table: what a kind of failure leads to.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct FailureRule {
        /// Whether the same route may be asked again.
        again: Again = Again::No;
        /// Whether the client of the route is made again.
        rebuild: RebuildRule = RebuildRule::No;
        /// Whether the next route may be asked.
        next: NextRule = NextRule::No;
        /// Whose breaker counts the failure.
        charge: Charge = Charge::No;
        /// What is in cooldown when the route is left.
        cool: Cool = Cool::No;
        /// The first cooldown, when the provider stated no time.
        cool_base: Duration = Duration::ZERO, SPANS;
        /// The longest cooldown; each in a row doubles up to here.
        cool_cap: Duration = Duration::ZERO, SPANS;
        /// Whether the failure proves that the provider is alive: it then counts as a success for the breaker.
        proves_alive: bool = false;
    }
}

impl FailureRule {
    const fn new(again: Again, rebuild: RebuildRule, next: NextRule, charge: Charge, cool: Cool) -> Self {
        let proves_alive = false;
        Self { again, rebuild, next, charge, cool, cool_base: span(0), cool_cap: span(0), proves_alive }
    }

    const fn cooling(mut self, base_s: u64, cap_s: u64) -> Self {
        self.cool_base = span(base_s * 1000);
        self.cool_cap = span(cap_s * 1000);
        self
    }

    const fn alive(mut self) -> Self {
        self.proves_alive = true;
        self
    }

    /// Whether nothing can follow: not the same route, no other client, no other route.
    pub(crate) fn is_final(&self) -> bool {
        (self.again, self.rebuild, self.next) == (Again::No, RebuildRule::No, NextRule::No)
    }
}

/// The table of failures: one [`FailureRule`] for each [`FailureKind`].
///
/// The defaults are the table of `docs/design.md`; a policy overrides any row, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureTable([FailureRule; FailureKind::ALL.len()]);

impl FailureTable {
    /// The row for a kind.
    #[must_use]
    pub fn rule(&self, kind: FailureKind) -> FailureRule {
        self.0.get(kind as usize).copied().unwrap_or_else(|| default_rule(kind))
    }

    /// Every kind of failure leads to the next route, and to nothing else. `again` keeps them from counting as permanent, so
    /// that the end is that all was tried.
    pub(crate) fn moving_on() -> Self {
        let row = FailureRule::new(Again::Yes, RebuildRule::No, NextRule::Yes, Charge::No, Cool::No);
        Self([row; FailureKind::ALL.len()])
    }

    /// Replaces the row for a kind.
    pub fn set(&mut self, kind: FailureKind, rule: FailureRule) {
        if let Some(row) = self.0.get_mut(kind as usize) {
            *row = rule;
        }
    }
}

impl Data for FailureTable {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        for (kind, rule) in FailureKind::ALL.iter().zip(&mut self.0) {
            visitor.field(kind.name(), rule, Limits::Any, about!("What a failure of this kind leads to."));
        }
    }
}

impl Default for FailureTable {
    fn default() -> Self {
        let mut table = [default_rule(FailureKind::Unknown); FailureKind::ALL.len()];
        for (row, kind) in table.iter_mut().zip(FailureKind::ALL) {
            *row = default_rule(*kind);
        }
        Self(table)
    }
}

const fn default_rule(kind: FailureKind) -> FailureRule {
    use {Charge as C, Cool, FailureKind as K, NextRule as N, RebuildRule as R};
    match kind {
        K::Connect => FailureRule::new(Again::Yes, R::OnPrimary, N::Yes, C::Endpoint, Cool::No),
        K::ReadTimeout => FailureRule::new(Again::OnLastRoute, R::OnPrimary, N::Yes, C::Deployment, Cool::No),
        K::TimedOut => FailureRule::new(Again::OnLastRoute, R::No, N::Yes, C::DeploymentIfFullTime, Cool::No),
        K::RateLimited => FailureRule::new(Again::Yes, R::No, N::Yes, C::No, Cool::Limit).cooling(60, 300),
        K::QuotaExhausted => FailureRule::new(Again::No, R::No, N::Yes, C::No, Cool::Credential).cooling(300, 3600),
        K::Overloaded | K::ServerError => FailureRule::new(Again::Yes, R::No, N::Yes, C::Deployment, Cool::StatedOnly),
        K::Malformed => FailureRule::new(Again::Once, R::No, N::Yes, C::Deployment, Cool::No),
        K::StreamBroken => FailureRule::new(Again::IfRestartable, R::No, N::IfRestartable, C::Deployment, Cool::No),
        K::Auth => FailureRule::new(Again::No, R::Anywhere, N::Yes, C::No, Cool::Credential).cooling(300, 3600),
        K::NotFound => FailureRule::new(Again::No, R::No, N::Yes, C::No, Cool::Deployment).cooling(300, 3600),
        K::ContextOverflow => FailureRule::new(Again::No, R::No, N::LargerContext, C::No, Cool::No).alive(),
        K::ContentRefused | K::InvalidRequest => FailureRule::new(Again::No, R::No, N::No, C::No, Cool::No).alive(),
        K::Certificate | K::Bug | K::Cancelled => FailureRule::new(Again::No, R::No, N::No, C::No, Cool::No),
        K::Unknown => FailureRule::new(Again::No, R::No, N::Yes, C::Deployment, Cool::No),
    }
}

#[cfg(test)]
mod tests;
