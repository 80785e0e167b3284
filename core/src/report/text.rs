//! Every sentence for people and models, from data: the same in every language.

mod endings;
mod lines;
mod model;
#[cfg(test)]
mod tests;

use alloc::format;
use alloc::string::String;

pub use endings::{
    DEADLINE_PASSED, EMPTY_REPLY, NO_STEPS_LEFT, breaker_open, denied_by_rule, given_up_on, multiplied, no_stream,
    not_allowed, steps_taken, stream_failed,
};
pub(crate) use endings::{
    Ending, STREAM_EMPTY, STREAM_NOT_WHOLE, end, reply_cut, reply_not_whole, reply_refused, with_malformed,
};
pub(crate) use lines::line;
pub use model::tool_failed;
pub(crate) use model::{degraded_answer, tool_ended};

use crate::command::RouteId;

/// Where sentences get the names of routes from.
pub trait Names {
    /// Returns the route's name, `?` if it is not known.
    fn route_name(&self, route: RouteId) -> &str;
}

/// A count with its noun: "1 step", "3 steps".
fn many(count: u32, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
