//! The WebAssembly binding: it only converts. Every decision is the core's.
//!
//! `Policy`, `Session`, `Circuit` and `Counter` are classes in JavaScript. A session owns its turns and a turn owns its calls; both
//! are small integers there, so that a call costs no object. The way of a call that succeeds speaks in numbers (`out`); everything
//! else goes out as objects (`outward`, `forms`) and comes in through one guarded reader (`inward`).

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

mod alive;
mod breaker;
mod call;
mod classify;
mod convert;
mod forms;
mod inward;
mod out;
mod outward;
mod policy;
mod session;
mod stream;
mod table;
mod turn;
mod words;
