//! Tools: rows of name, risky, replay and timeout in seconds, read by the core.

use std::sync::Arc;

use failsoft::Tool;
use failsoft::value::{Spelling, Value};
use pyo3::prelude::*;

use crate::convert::invalid;

pub(crate) type ToolRow = (String, bool, String, Option<f64>);

pub(crate) fn read_tools(rows: Vec<ToolRow>) -> PyResult<Arc<[Tool]>> {
    rows.into_iter().map(read_tool).collect::<PyResult<Vec<_>>>().map(Arc::from)
}

fn read_tool((name, risky, replay, timeout): ToolRow) -> PyResult<Tool> {
    let fields = [
        ("name", Value::Text(name)),
        ("risky", Value::Bool(risky)),
        ("replay", Value::Text(replay)),
        ("timeout", timeout.map_or(Value::Null, Value::Number)),
    ];
    let row = Value::Map(fields.map(|(name, field)| (name.to_string(), field)).into());
    Tool::from_value(&row, Spelling::Python).map_err(invalid)
}

/// Refuses a tool whose fields are wrong: a row of name, risky, replay and timeout in seconds.
#[pyfunction]
pub(crate) fn check_tool(name: String, risky: bool, replay: String, timeout: Option<f64>) -> PyResult<()> {
    read_tool((name, risky, replay, timeout)).map(drop)
}
