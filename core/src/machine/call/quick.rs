//! The short way: a call that works at once never becomes a machine. The same functions as the long way, so both leave the
//! same state.

use super::*;

/// How a call begins.
#[derive(Debug, Clone, Copy)]
pub enum Entered {
    /// Make the attempt, then [`settle`].
    Go(Admitted),
    /// Something stands in the way: drive the call by `poll` and `handle`.
    Slow(Call),
}

/// An attempt that was let through.
#[derive(Debug, Clone, Copy)]
pub struct Admitted(Call);

impl Admitted {
    /// What to attempt.
    #[must_use]
    pub fn attempt(&self, scope: &Scope) -> Option<Attempt> {
        self.0.attempted(scope)
    }

    /// The call, to be driven by `poll` and `handle` after all.
    #[must_use]
    pub fn into_call(self) -> Call {
        self.0
    }
}

/// Asks every question that comes before a first attempt, in one go.
#[inline]
pub fn enter(mut call: Call, scope: &mut Scope, session: &mut Session, now: Instant) -> Entered {
    if call.enter(scope, session, now) { Entered::Go(Admitted(call)) } else { Entered::Slow(call) }
}

/// Takes what became of the attempt. After a failure the call goes on from there by `poll` and `handle`.
#[inline]
pub fn settle(
    Admitted(mut call): Admitted,
    scope: &mut Scope,
    session: &mut Session,
    now: Instant,
    result: Result<(), Failure>,
) -> Option<Call> {
    if call.settle(scope, session, now, result) { None } else { Some(call) }
}

/// The same two in place, for hosts that keep their calls in a table: a call is moved only when it must be.
impl Call {
    /// As [`enter`]: whether the first attempt was let through. [`Call::attempted`] says what it is.
    #[inline]
    pub fn enter(&mut self, scope: &mut Scope, session: &mut Session, now: Instant) -> bool {
        // What may be hedged is for hosts that can do two things at once.
        if self.state != State::Fresh || self.may_hedge(&session.policy, &session.live) {
            return false;
        }
        self.admit_first(&mut Context::new(session, scope, now)).is_some()
    }

    /// The attempt that is under way.
    #[must_use]
    pub fn attempted(&self, scope: &Scope) -> Option<Attempt> {
        match &self.state {
            State::Attempt(running) => Some(self.attempt(scope, scope.seen, running)),
            _ => None,
        }
    }

    /// As [`settle`]: whether the call is over. If not, it goes on by `poll` and `handle`.
    #[inline]
    pub fn settle(
        &mut self,
        scope: &mut Scope,
        session: &mut Session,
        now: Instant,
        result: Result<(), Failure>,
    ) -> bool {
        let State::Attempt(running) = &self.state else { return false };
        let mut cx = Context::new(session, scope, now);
        match result {
            Ok(()) => {
                self.succeeded(&mut cx, running);
            }
            Err(failure) => {
                let running = *running;
                self.state = self.attempt_failed(&mut cx, running, failure);
            }
        }
        result.is_ok()
    }
}
