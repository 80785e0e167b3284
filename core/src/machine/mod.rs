//! The machine: one type per lifetime, from the session that outlives a turn to the one attempt that is under way.

pub mod breakers;
pub mod call;
pub mod command;
mod committed;
pub mod conversation;
pub(crate) mod keys;
pub(crate) mod latency;
pub mod pool;
pub mod route;
pub mod scope;
pub mod session;
mod snapshot;
pub mod turn;
