//! The WebAssembly binding: it only converts. Every decision is the core's.
//!
//! Machines live in tables behind small integers, so that a call costs no object and users have nothing to free. What a verb
//! says stands afterwards in one small array of numbers in linear memory (`out`), which `js/machine.js` reads.

mod breaker;
mod call;
mod classify;
mod command;
mod convert;
mod out;
mod plain;
mod policy;
mod session;
mod table;
mod tables;
mod turn;
mod words;
