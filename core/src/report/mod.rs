//! What is told afterwards: notices as data, and every sentence for people.

pub mod account;
pub mod words;
