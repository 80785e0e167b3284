//! The Python binding: it only converts. Every decision is the core's.

mod breaker;
mod call;
mod classify;
mod command;
mod convert;
mod policy;
mod session;
mod turn;
mod words;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::breaker::{Circuit, StepCounter};
    #[pymodule_export]
    use crate::call::Call;
    #[pymodule_export]
    use crate::classify::{classify, deciding_rule};
    #[pymodule_export]
    use crate::command::{AskApproval, Attempt, Cancel, Finish, Rebuild, Switch, Wait};
    #[pymodule_export]
    use crate::convert::Failure;
    #[pymodule_export]
    use crate::policy::{Policy, canonical_digest, decision, denied_by_rule, gate, refusal, stands, stop_reasons};
    #[pymodule_export]
    use crate::session::{Session, monotonic, set_default_clock};
    #[pymodule_export]
    use crate::turn::{Turn, check_tool};
    #[pymodule_export]
    use crate::words::{
        breaker_open, deadline_passed, empty_reply, given_up_on, judge_finish, no_steps_left, read_reply, steps_taken,
        tool_failed,
    };
}
