//! The provider, driven over real sockets: one module a group of behaviours, one test a behaviour.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that stops at the first surprise")]

mod apis;
mod client;
mod command;
mod connections;
mod doors;
mod faults;
mod log;
mod plain;
mod proxy;
mod scripts;
mod streams;
