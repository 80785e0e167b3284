//! One request over the routes of a session, on any executor.

use core::future::{Future, ready};
use core::time::Duration;

use super::call::is_rebuild;
use super::driver::{Driver, race};
use super::run_async::Running;
use super::time::{Clock, slices};
use super::{Share, Stopped};
use crate::call::Call;
use crate::command::{Attempt, Command, RouteId, WaitWhy};
use crate::policy::failure::Failure;
use crate::scope::Scope;

/// As [`Routes`](super::Routes), asynchronous. Write `async fn` in the implementation. Where the policy hedges, two requests may be
/// under way at once, so it is lent to both: what changes in it stands in a cell or behind a lock.
pub trait AsyncRoutes {
    /// What a request brings.
    type Value;
    /// How a request fails.
    type Error;

    /// Makes one request of `attempt.route`. It is dropped when its limit passes, or when its hedge was first.
    fn request(&self, attempt: Attempt) -> impl Future<Output = Result<Self::Value, Self::Error>>;

    /// What kind of failure an error is.
    fn failure(&self, error: &Self::Error) -> Failure;

    /// Makes a route's client ready, or, with `rebuild`, closes it and makes it again; false if that did not work. It is dropped
    /// when its limit passes.
    fn prepare(&self, route: RouteId, rebuild: bool) -> impl Future<Output = bool> {
        let _ = (route, rebuild);
        ready(false)
    }
}

/// Makes a request until it works or the policy says that it is enough. As [`call`](super::call()), on any executor: `sleep` is
/// the executor's, such as `tokio::time::sleep`.
///
/// Each request is raced against its limit, with that same `sleep`, and dropped when the limit passes. Where the policy hedges, a
/// second one is raced with it, and the slower of the two is dropped. Streaming calls, which report progress, need a loop of
/// their own (see [`drive`](super)).
///
/// # Errors
/// [`Stopped`], with the last error in it.
pub async fn call_async<T, E, Request, Sleep>(
    share: &impl Share,
    scope: &mut Scope,
    call: Call,
    clock: &impl Clock,
    sleep: impl Fn(Duration) -> Sleep,
    classify: impl Fn(&E) -> Failure,
    request: impl FnMut(Attempt) -> Request,
) -> Result<T, Stopped<E>>
where
    Request: Future<Output = Result<T, E>>,
    Sleep: Future,
{
    let driver = Driver::new(share, scope, call, clock);
    begin(driver, sleep, classify, request, |_, _| ready(false)).await
}

/// As [`call_async`], with hooks that make the clients of routes.
///
/// # Errors
/// [`Stopped`], with the last error in it.
pub async fn call_routes_async<R: AsyncRoutes, Sleep: Future>(
    share: &impl Share,
    scope: &mut Scope,
    call: Call,
    clock: &impl Clock,
    sleep: impl Fn(Duration) -> Sleep,
    routes: &R,
) -> Result<R::Value, Stopped<R::Error>> {
    let driver = Driver::new(share, scope, call, clock);
    let request = |attempt| routes.request(attempt);
    let prepare = |route, rebuild| routes.prepare(route, rebuild);
    begin(driver, sleep, |error| routes.failure(error), request, prepare).await
}

/// The short way, and the loop after it.
async fn begin<T, E, Request, Client, Sleep>(
    mut driver: Driver<'_, impl Share, impl Clock>,
    sleep: impl Fn(Duration) -> Sleep,
    classify: impl Fn(&E) -> Failure,
    mut request: impl FnMut(Attempt) -> Request,
    prepare: impl FnMut(RouteId, bool) -> Client,
) -> Result<T, Stopped<E>>
where
    Request: Future<Output = Result<T, E>>,
    Client: Future<Output = bool>,
    Sleep: Future,
{
    let mut last = None;
    // What works at once never becomes a machine.
    if let Some(attempt) = driver.enter() {
        match race(request(attempt), || sleep(attempt.timeout)).await {
            Some(Ok(value)) => {
                driver.settle(Ok(()));
                return Ok(value);
            }
            Some(Err(error)) => {
                driver.settle(Err(classify(&error)));
                last = Some(error);
            }
            None => driver.expired(attempt.until),
        }
    }
    go_on(driver, sleep, classify, request, prepare, last).await
}

/// The loop.
pub(super) async fn go_on<T, E, Request, Client, Sleep>(
    mut driver: Driver<'_, impl Share, impl Clock>,
    sleep: impl Fn(Duration) -> Sleep,
    classify: impl Fn(&E) -> Failure,
    mut request: impl FnMut(Attempt) -> Request,
    mut prepare: impl FnMut(RouteId, bool) -> Client,
    mut last: Option<E>,
) -> Result<T, Stopped<E>>
where
    Request: Future<Output = Result<T, E>>,
    Client: Future<Output = bool>,
    Sleep: Future,
{
    // Declared after the driver and so dropped before it: first the work stops, then the machine is told.
    let mut running = Running::new();
    loop {
        match driver.poll() {
            Command::Attempt(attempt) => {
                driver.taken(attempt.id);
                running.start(attempt.id, request(attempt));
            }
            Command::Wait { why: WaitWhy::Running, delay, until, .. } => {
                let slice = slices(delay).next().unwrap_or_default();
                match running.first(|| sleep(slice)).await {
                    Some((id, Ok(value))) => {
                        if driver.succeeded(id) {
                            return Ok(value);
                        }
                    }
                    Some((id, Err(error))) => {
                        driver.failed(id, classify(&error));
                        last = Some(error);
                    }
                    None => driver.expired(until - (delay - slice)),
                }
            }
            Command::Wait { id, delay, .. } => {
                for slice in slices(delay) {
                    sleep(slice).await;
                }
                driver.waited(id);
            }
            change @ (Command::Rebuild { id, route, until, .. } | Command::Switch { id, route, until, .. }) => {
                let limit = until - driver.clock.now();
                match race(prepare(route, is_rebuild(change)), || sleep(limit)).await {
                    Some(ready) => driver.prepared(id, ready),
                    None => driver.expired(until),
                }
            }
            Command::Cancel { id, .. } => {
                if running.stop(id) {
                    last = None;
                }
                driver.taken(id);
            }
            Command::AskApproval { id, .. } => driver.taken(id),
            Command::Finish(verdict) => return Err(driver.stopped(verdict, last)),
        }
    }
}

#[cfg(test)]
mod tests;
