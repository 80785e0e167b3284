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
        match self.0.state {
            State::Attempt(running) => Some(self.0.attempt(scope, scope.seen, running)),
            _ => None,
        }
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
    let mut cx = Context::new(session, scope, now);
    if call.state != State::Fresh {
        return Entered::Slow(call);
    }
    match call.admit_first(&mut cx) {
        Some(running) => {
            call.state = State::Attempt(running);
            Entered::Go(Admitted(call))
        }
        None => Entered::Slow(call),
    }
}

/// Takes what became of the attempt. After a failure the call goes on from there by `poll` and `handle`.
#[inline]
pub fn settle(
    Admitted(call): Admitted,
    scope: &mut Scope,
    session: &mut Session,
    now: Instant,
    result: Result<(), Failure>,
) -> Option<Call> {
    let mut cx = Context::new(session, scope, now);
    let State::Attempt(running) = call.state else { return Some(call) };
    match result {
        Ok(()) => {
            call.succeeded(&mut cx, &running);
            None
        }
        Err(failure) => {
            let mut call = call;
            call.state = call.attempt_failed(&mut cx, running, failure);
            Some(call)
        }
    }
}
