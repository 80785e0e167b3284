//! What everything is made of: plain values, numbers, words and times, and how they are read, checked, written and described.

mod invalid;
mod kind;
pub(crate) mod leaves;
pub(crate) mod names;
pub mod rng;
#[cfg(feature = "schema")]
pub(crate) mod schema;
pub(crate) mod seed;
#[cfg(feature = "serde")]
mod serde;
pub(crate) mod stored;
pub mod time;
pub(crate) mod travel;
pub mod value;
pub(crate) mod visit;

pub use invalid::Invalid;
pub use leaves::Thousandths;
pub(crate) use leaves::{LIMITS, LONGEST, SPANS};
