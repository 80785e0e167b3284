//! What is told afterwards: notices as data, the log that keeps them, and every sentence for people and models.

pub mod foreign;
pub mod log;
pub mod notice;
pub(crate) mod outcome;
pub mod text;
