//! One reliability engine for AI agents. It decides; the host acts.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod names;
pub mod policy;
pub mod rng;
pub mod time;
pub mod value;
