//! One reliability engine for AI agents. It decides; the host acts.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod account;
pub mod call;
pub mod classify;
pub mod command;
mod names;
pub mod policy;
pub mod rng;
pub mod route;
pub mod scope;
pub mod session;
pub mod time;
pub mod turn;
pub mod value;
pub mod words;

pub use call::{Admitted, Call, Entered, enter, settle};
pub use command::{Attempt, Command, End, Event, Handled, Replay, RouteId, StopReason, Verdict, Work};
pub use policy::failure::{Failure, FailureKind};
pub use policy::{Invalid, Policy};
pub use route::{Route, Tool};
pub use scope::Scope;
pub use session::Session;
pub use time::Instant;
pub use turn::{Report, ToolOutcome, Turn};
