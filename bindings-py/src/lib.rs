//! The Python binding: it only converts. Every decision is the core's.

mod breaker;
mod call;
mod classify;
mod command;
mod convert;
mod first;
mod policy;
mod session;
mod stream;
mod tools;
mod turn;
mod words;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use pyo3::prelude::*;
    use pyo3::types::PyTuple;

    #[pymodule_export]
    use crate::breaker::{Circuit, Hold, Permit, StepCounter};
    #[pymodule_export]
    use crate::call::Call;
    #[pymodule_export]
    use crate::classify::{Explanation, classify, explain, explain_failure};
    #[pymodule_export]
    use crate::command::{AskApproval, Attempt, Cancel, Finish, Notice, Rebuild, Switch, Wait};
    #[pymodule_export]
    use crate::convert::Failure;
    #[pymodule_export]
    use crate::policy::{Policy, canonical_digest, decision, denied_by_rule, gate, refusal, stands, stop_reasons};
    #[pymodule_export]
    use crate::session::{Session, monotonic, set_default_clock};
    #[pymodule_export]
    use crate::stream::{Stream, no_stream, stream_failed};
    #[pymodule_export]
    use crate::tools::check_tool;
    #[pymodule_export]
    use crate::turn::Turn;
    #[pymodule_export]
    use crate::words::{
        breaker_open, deadline_passed, empty_reply, foreign_name, foreign_quoted, foreign_text, given_up_on,
        is_limit_of_ours, judge_finish, no_steps_left, read_reply, steps_taken, tool_failed,
    };

    /// The version of the package, and the headers that hosts hand over.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("HEADERS", PyTuple::new(module.py(), failsoft::classify::HEADERS)?)
    }
}
