//! The WebAssembly binding: it only converts. Every decision is the core's.
//!
//! Machines live in tables behind small integers, so that a call costs no object and users have nothing to free. What a verb
//! says stands afterwards in one small array of numbers in linear memory (`out`), which `js/machine.js` reads.

#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

#[cfg(target_family = "wasm")]
mod bare;
mod breaker;
mod call;
mod classify;
mod command;
mod convert;
mod out;
mod plain;
mod policy;
mod session;
mod stream;
mod table;
mod tables;
mod turn;
mod words;
