//! The host's loops, for those who do not write their own: they carry values and errors, sleep, and do what the machine says.
//!
//! | wanted | blocking | any executor |
//! |---|---|---|
//! | a plain function, asked again when it fails | [`retry`] | [`retry_async`] |
//! | one request over the routes of a session | [`call`] | [`call_async`] |
//! | the same, with clients that are made ready and made again | [`call_routes`] | [`call_routes_async`] |
//! | a whole turn of an agent | [`run`] | [`run_async`] |
//! | a time limit for what cannot be interrupted | [`with_deadline`] | (drop the future) |
//!
//! Nothing here depends on a run time: blocking loops sleep through [`Time`], asynchronous ones take a function that sleeps,
//! such as `tokio::time::sleep`. The session is borrowed through [`Share`] for one decision at a time and never over your code.
//! What unwinds, or is dropped half-way, is reported as [`Event::Abandoned`]: permits go back and nothing is counted.
//!
//! # The loop
//!
//! Every loop of every language is this one. Write your own when these do not fit.
//!
//! 1. Ask [`Call::poll`] what to do, with the time.
//! 2. An [`Attempt`]: make the request, then report `Succeeded` or `Failed`. A success that is `Stale` is dropped.
//! 3. A `Wait`: sleep `delay`, then report `Waited`.
//! 4. A `Rebuild` or a `Switch`: make the route's client, then report `Ready` or `NotReady`.
//! 5. A `Cancel`: stop it, then acknowledge with `Taken`.
//! 6. A `Finish`: it is over.
//!
//! ```
//! use failsoft::drive::{Clock, Time, VirtualTime};
//! use failsoft::{Call, Command, Event, Failure, FailureKind, Policy, Route, Scope, Session, Work};
//!
//! # fn main() -> Result<(), failsoft::policy::Invalid> {
//! # let mut answers = [Err(Failure::new(FailureKind::Overloaded)), Ok("391")].into_iter();
//! # let mut request = |_: &failsoft::Attempt| answers.next().unwrap_or(Ok("again"));
//! let time = VirtualTime::new();
//! let mut session = Session::new(Policy::default().into(), vec![Route::new("primary")])?;
//! let mut scope = Scope::new(&mut session, time.now());
//! let mut call = Call::new(Work::Function);
//! let answer = loop {
//!     match call.poll(&mut scope, &mut session, time.now()) {                                        // 1
//!         Command::Attempt(attempt) => match request(&attempt) {                                     // 2
//!             Ok(value) => {
//!                 if call.handle(&mut scope, &mut session, time.now(), Event::Succeeded(attempt.id)).accepted() {
//!                     break Ok(value);
//!                 }
//!             }
//!             Err(failure) => {
//!                 let failed = Event::Failed { id: attempt.id, failure, spent: None };
//!                 let _ = call.handle(&mut scope, &mut session, time.now(), failed);
//!             }
//!         },
//!         Command::Wait { id, delay, .. } => {                                                       // 3
//!             time.sleep(delay);
//!             let _ = call.handle(&mut scope, &mut session, time.now(), Event::Waited(id));
//!         }
//!         Command::Rebuild { id, .. } | Command::Switch { id, .. } => {                              // 4
//!             let _ = call.handle(&mut scope, &mut session, time.now(), Event::NotReady(id));
//!         }
//!         Command::Cancel { id, .. } | Command::AskApproval { id, .. } => {                          // 5
//!             let _ = call.handle(&mut scope, &mut session, time.now(), Event::Taken(id));
//!         }
//!         Command::Finish(verdict) => break Err(verdict),                                            // 6
//!     }
//! };
//! assert_eq!(answer, Ok("391"));
//! # Ok(())
//! # }
//! ```

mod call;
mod call_async;
#[cfg(feature = "std")]
mod deadline;
mod driver;
mod host;
mod retry;
mod run;
mod run_async;
mod stopped;
mod time;

use alloc::rc::Rc;
use alloc::sync::Arc;
use core::cell::RefCell;

pub use call::{Routes, call, call_routes};
pub use call_async::{AsyncRoutes, call_async, call_routes_async};
#[cfg(feature = "std")]
pub use deadline::{CallTimeout, with_deadline};
pub use host::{AsyncHost, Ended, Host, Said, ToolError, Wanted};
pub use retry::{retry, retry_async};
pub use run::run;
pub use run_async::run_async;
pub use stopped::Stopped;
#[cfg(feature = "std")]
pub use time::RealTime;
pub use time::{Clock, Nap, Sleeping, Time, VirtualTime, sleeping};

use crate::session::Session;

#[cfg(doc)]
use crate::{Attempt, Call, Event};

/// A session that several calls share: lent for one decision at a time, never over the user's code.
pub trait Share {
    /// Lends the session.
    fn with<R>(&self, decide: impl FnOnce(&mut Session) -> R) -> R;
}

/// For one thread.
///
/// # Panics
/// When the session is borrowed elsewhere at that moment: hold no borrow over a call.
impl Share for RefCell<Session> {
    fn with<R>(&self, decide: impl FnOnce(&mut Session) -> R) -> R {
        decide(&mut self.borrow_mut())
    }
}

/// For several threads. A thread that panicked cannot have left a decision half made, so poison is ignored.
#[cfg(feature = "std")]
impl Share for std::sync::Mutex<Session> {
    fn with<R>(&self, decide: impl FnOnce(&mut Session) -> R) -> R {
        decide(&mut self.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl<S: Share + ?Sized> Share for &S {
    fn with<R>(&self, decide: impl FnOnce(&mut Session) -> R) -> R {
        (**self).with(decide)
    }
}

impl<S: Share + ?Sized> Share for Arc<S> {
    fn with<R>(&self, decide: impl FnOnce(&mut Session) -> R) -> R {
        (**self).with(decide)
    }
}

impl<S: Share + ?Sized> Share for Rc<S> {
    fn with<R>(&self, decide: impl FnOnce(&mut Session) -> R) -> R {
        (**self).with(decide)
    }
}

/// What the tests of the loops share.
#[cfg(test)]
mod rig {
    use super::*;
    use crate::policy::retry::Jitter;
    use crate::{Failure, FailureKind, Policy, Route};
    use alloc::string::String;
    use alloc::vec::Vec;

    pub(super) fn policy() -> Policy {
        let mut policy = Policy::default();
        policy.retry.jitter = Jitter::None;
        policy
    }

    /// Routes of these names; one that begins with `!` must be made ready.
    pub(super) fn session(policy: Policy, routes: &[&str]) -> RefCell<Session> {
        let route =
            |name: &&str| Route { activates: name.starts_with('!'), ..Route::new(name.trim_start_matches('!')) };
        let session = Session::new(Arc::new(policy), routes.iter().map(route).collect());
        let Ok(session) = session else { unreachable!("{session:?}") };
        RefCell::new(session.with_seed(7))
    }

    pub(super) fn failure(kind: FailureKind) -> Failure {
        Failure::new(kind)
    }

    pub(super) fn lines(session: &RefCell<Session>, scope: &crate::Scope) -> Vec<String> {
        let log = scope.event_log();
        log.iter().map(|notice| log.line(&*session.borrow(), notice)).collect()
    }
}
