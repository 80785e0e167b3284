//! What everything is made of: plain values, numbers, words and times, and how they are read, checked, written and listed.

pub(crate) mod fields;
pub(crate) mod names;
pub mod rng;
pub(crate) mod seed;
pub(crate) mod stored;
pub mod time;
pub mod value;
