//! One reliability engine for AI agents. It decides; the host acts.
//!
//! Retry, time limits, circuit breakers, fallback between providers, the step cap, approval of risky tools, and a degraded
//! answer when nothing else is left: one state machine owns every such decision, in an order that does not change, and says afterwards
//! what it did and why.
//!
//! ```
//! use std::cell::RefCell;
//! use failsoft::drive::{self, Clock, RealTime};
//! use failsoft::{Call, Failure, FailureKind, Policy, Route, RouteId, Scope, Session, Work};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Once a process: every number and choice, and the places that can be asked.
//! let routes = vec![Route::new("primary"), Route::new("backup")];
//! let session = RefCell::new(Session::new(Policy::default().into(), routes)?);
//! let time = RealTime::new();
//!
//! // Once a user request: it begins at the primary, whatever the one before had to do.
//! let mut turn = Scope::new(&mut session.borrow_mut(), time.now());
//! let answer = drive::call(&session, &mut turn, Call::new(Work::Function), &time, Failure::clone, |attempt| {
//!     if attempt.route == Some(RouteId(0)) { Err(Failure::new(FailureKind::NotFound)) } else { Ok("391") }
//! })?;
//! assert_eq!((answer, turn.route()), ("391", Some(RouteId(1))));
//! # Ok(())
//! # }
//! ```
//!
//! # Sans-IO
//!
//! The engine never sleeps, reads a clock, opens a socket or starts a thread, and it never sees a prompt, an answer or an
//! error. The time comes in as `now`, randomness from the operating system when it is first needed, or as a seed
//! ([`Session::with_seed`]), what happened as an [`Event`] with a [`Failure`] class
//! and a few numbers; what to do comes out as a [`Command`]. So it runs on any executor and in any language, tests take no time,
//! and equal inputs give equal decisions on every target. [`drive`] has the loops that act on it, blocking and asynchronous,
//! and shows the one to write where they do not fit.
//!
//! # What lives how long
//!
//! A [`Policy`] is data, checked once. A [`Session`] lives as long as the process or the conversation and knows routes, breakers
//! and budgets. A [`Turn`] is one request of a user (a [`Scope`] is that without the agent loop), and a [`Call`] one guarded
//! operation in it. They are plain values: clone, compare and print them, and store them as plain data ([`Turn::snapshot_value`]) or, with the
//! feature `json`, as text. The feature `serde` reads policies and routes from any format that it knows, such as TOML, and writes
//! reports and notices.
//!
//! # Four kinds of methods
//!
//! - `poll` says what to do next. The answer stays the same until an event or time changes it, so a spurious poll is safe. Only
//!   polling lets time pass.
//! - `handle` takes what happened. An event that comes too late, or names nothing that is waited for, is [`Handled::Stale`] and
//!   changes nothing.
//! - `poll_notice`, and [`Turn::report`] at the end, tell what was decided: for logs and for people.
//! - Everything else is a getter, or changes one thing for what comes after ([`Scope::shorten`], [`Session::reset`]).
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod classify;
mod data;
pub mod drive;
mod machine;
pub mod policy;
mod report;
pub mod stream;

pub use data::seed::NoRandomness;
pub(crate) use data::{names, seed, stored, travel, visit};
pub use data::{rng, time, value};
pub use machine::{breakers, call, command, conversation, pool, route, scope, session, turn};
pub(crate) use machine::{keys, latency};
pub(crate) use report::outcome;
pub use report::{foreign, log, notice, text};

pub use call::Call;
pub use command::{Attempt, Command, End, Event, Handled, Replay, RouteId, StopReason, Verdict, Work};
pub use conversation::Conversation;
pub use policy::failure::{Failure, FailureKind};
pub use policy::{Invalid, Policy};
pub use pool::{Inherited, Pool};
pub use route::{Route, RouteSet, Tool};
pub use scope::Scope;
pub use session::Session;
pub use time::Instant;
pub use turn::{Report, ToolOutcome, Turn};

/// The Rust of the README compiles and holds.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../../README.md")]
struct Readme;
