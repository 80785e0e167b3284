//! One request over the routes of a session, blocking.

use super::driver::Driver;
use super::time::{Time, slices};
use super::{Share, Stopped};
use crate::call::Call;
use crate::command::{Attempt, Command, RouteId};
use crate::policy::failure::Failure;
use crate::scope::Scope;

/// The routes as the host has them: how each is asked, what its errors mean, and how its client is made.
pub trait Routes {
    /// What a request brings.
    type Value;
    /// How a request fails.
    type Error;

    /// Makes one request: of `attempt.route`, within `attempt.timeout`.
    ///
    /// # Errors
    /// Whatever went wrong. The last error comes back in [`Stopped`].
    fn request(&mut self, attempt: &Attempt) -> Result<Self::Value, Self::Error>;

    /// What kind of failure an error is.
    fn failure(&self, error: &Self::Error) -> Failure;

    /// Makes a route's client ready, or, with `rebuild`, closes it and makes it again; false if that did not work. Asked only
    /// for routes with [`Route::activates`](crate::Route::activates).
    fn prepare(&mut self, route: RouteId, rebuild: bool) -> bool {
        let _ = (route, rebuild);
        false
    }
}

/// Makes a request until it works or the policy says that it is enough.
///
/// `request` is given the attempt: which route to ask, how long it may take, an idempotency key. `classify` says what kind of
/// failure an error is. Where errors are failures already, it is `Failure::clone`.
///
/// It makes one request at a time, so it never hedges, whatever the policy says.
///
/// # Errors
/// [`Stopped`], with the last error in it.
///
/// # Examples
/// ```
/// use std::cell::RefCell;
/// use failsoft::drive::{self, Clock, VirtualTime};
/// use failsoft::{Call, Failure, FailureKind, Policy, Route, RouteId, Scope, Session, Work};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let routes = vec![Route::new("primary"), Route::new("backup")];
/// let session = RefCell::new(Session::new(Policy::default().into(), routes)?);
/// let time = VirtualTime::new();
/// let mut turn = Scope::new(&mut session.borrow_mut(), time.now());
///
/// let answer = drive::call(&session, &mut turn, Call::new(Work::Function), &time, Failure::clone, |attempt| {
///     if attempt.route == Some(RouteId(0)) { Err(Failure::new(FailureKind::NotFound)) } else { Ok("391") }
/// });
/// assert_eq!(answer.ok(), Some("391"));
/// # Ok(())
/// # }
/// ```
pub fn call<T, E>(
    share: &impl Share,
    scope: &mut Scope,
    call: Call,
    time: &impl Time,
    classify: impl Fn(&E) -> Failure,
    request: impl FnMut(&Attempt) -> Result<T, E>,
) -> Result<T, Stopped<E>> {
    call_routes(share, scope, call, time, &mut Plain { classify, request, brings: core::marker::PhantomData })
}

/// As [`call()`], with hooks that make the clients of routes.
///
/// # Errors
/// [`Stopped`], with the last error in it.
pub fn call_routes<R: Routes>(
    share: &impl Share,
    scope: &mut Scope,
    call: Call,
    time: &impl Time,
    routes: &mut R,
) -> Result<R::Value, Stopped<R::Error>> {
    let mut driver = Driver::new(share, scope, call, time);
    let mut last = None;
    // What works at once never becomes a machine.
    if let Some(attempt) = driver.enter() {
        match routes.request(&attempt) {
            Ok(value) => {
                driver.settle(Ok(()));
                return Ok(value);
            }
            Err(error) => {
                driver.settle(Err(routes.failure(&error)));
                last = Some(error);
            }
        }
    }
    go_on(driver, time, routes, last)
}

/// The loop.
pub(super) fn go_on<R: Routes, T: Time>(
    mut driver: Driver<'_, impl Share, T>,
    time: &T,
    routes: &mut R,
    mut last: Option<R::Error>,
) -> Result<R::Value, Stopped<R::Error>> {
    loop {
        match driver.poll() {
            Command::Attempt(attempt) => match routes.request(&attempt) {
                Ok(value) => {
                    if driver.succeeded(attempt.id) {
                        return Ok(value);
                    }
                }
                Err(error) => {
                    driver.failed(attempt.id, routes.failure(&error));
                    last = Some(error);
                }
            },
            Command::Wait { id, delay, .. } => {
                slices(delay).for_each(|slice| time.sleep(slice));
                driver.waited(id);
            }
            change @ (Command::Rebuild { id, route, .. } | Command::Switch { id, route, .. }) => {
                driver.prepared(id, routes.prepare(route, is_rebuild(change)));
            }
            Command::Cancel { id, .. } | Command::AskApproval { id, .. } => driver.taken(id),
            Command::Finish(verdict) => return Err(driver.stopped(verdict, last)),
        }
    }
}

pub(super) const fn is_rebuild(change: Command) -> bool {
    matches!(change, Command::Rebuild { .. })
}

/// Routes without hooks.
pub(super) struct Plain<C, F, B> {
    pub(super) classify: C,
    pub(super) request: F,
    pub(super) brings: core::marker::PhantomData<B>,
}

impl<T, E, C, F> Routes for Plain<C, F, (T, E)>
where
    C: Fn(&E) -> Failure,
    F: FnMut(&Attempt) -> Result<T, E>,
{
    type Value = T;
    type Error = E;

    fn request(&mut self, attempt: &Attempt) -> Result<T, E> {
        (self.request)(attempt)
    }

    fn failure(&self, error: &E) -> Failure {
        (self.classify)(error)
    }
}

#[cfg(test)]
mod tests;
