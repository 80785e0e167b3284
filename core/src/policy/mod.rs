//! Every number and choice of the engine: immutable, validated once, the same file for all languages.
//!
//! Each file answers one question and knows nothing of the others; the order in which they are asked stands in
//! `machine/call/ladder.rs`.

pub mod approval;
pub mod breaker;
pub mod budget;
pub mod classify;
pub mod cooldown;
pub mod deadline;
pub mod failure;
pub mod fallback;
pub mod hedge;
pub mod limits;
mod plain;
pub mod recovery;
pub mod retry;
mod window;

#[cfg(feature = "schema")]
pub use crate::data::schema::Field;
pub use crate::data::{Invalid, Thousandths};
pub use approval::Approval;
pub use breaker::Breaker;
pub use budget::RetryBudget;
pub use classify::Classify;
pub use deadline::AttemptLimits;
pub use failure::{FailureRule, FailureTable};
pub use fallback::Fallback;
pub use hedge::Hedge;
pub use limits::TurnLimits;
pub use recovery::Recovery;
pub use retry::Retry;

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use crate::stored::fields;
use crate::value::{Spelling, Value};
use crate::visit::{Limits, Visitor};

fields! {
    /// Every number and choice of the engine. The defaults are good for an agent over hosted models.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Policy {
        /// The same route again: how often, after what wait.
        retry: Retry = Retry::default();
        /// The limits of one attempt.
        attempt: AttemptLimits = AttemptLimits::default();
        /// Breakers.
        breaker: Breaker = Breaker::default();
        /// The retry budget of a deployment.
        budget: RetryBudget = RetryBudget::default();
        /// Fallback between routes.
        fallback: Fallback = Fallback::default();
        /// The rebuild of broken clients.
        recovery: Recovery = Recovery::default();
        /// Second attempts beside slow ones.
        hedge: Hedge = Hedge::default();
        /// The limits of one turn.
        turn: TurnLimits = TurnLimits::default();
        /// Approval of risky tools.
        approval: Approval = Approval::default();
        /// What each kind of failure leads to.
        failures: FailureTable = FailureTable::default();
        /// What failures are taken for, beside the built-in rules.
        classify: Classify = Classify::default();
    }
}

impl Policy {
    /// A policy from plain data; what is not named keeps its default.
    ///
    /// # Errors
    /// The first field that is unknown, of the wrong type or out of range: with its value and what is allowed.
    pub fn from_value(value: &Value, spelling: Spelling) -> Result<Self, Invalid> {
        let mut policy = Self::default();
        Visitor::read(value, spelling, "", &[], Limits::Any, &mut policy)?;
        policy.check_together(spelling)?;
        Ok(policy)
    }

    /// The whole policy as plain data in the spelling of JSON, defaults included.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Visitor::write(&mut self.clone(), Some(Spelling::Json))
    }

    /// A policy from the text of a policy file.
    ///
    /// # Errors
    /// As [`Policy::from_value`]; text that is not JSON is named with line and column.
    #[cfg(feature = "json")]
    pub fn from_json(text: &str) -> Result<Self, Invalid> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| Invalid::new("policy", error, "valid JSON: an object of fields"))?;
        Self::from_value(&value, Spelling::Json)
    }

    /// The text of a policy file that says everything, defaults included.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&self.to_value()).unwrap_or_default()
    }

    /// Every field with its value and what it may be, in order: for reference tables. A list is one field, whatever is in it.
    #[cfg(feature = "schema")]
    #[must_use]
    pub fn list(&self) -> alloc::vec::Vec<Field> {
        crate::data::schema::list(&mut self.clone())
    }

    /// The JSON Schema of a policy file (draft 2020-12), with the values of this policy as defaults.
    ///
    /// It says less than [`Policy::from_value`] checks: not what must hold between two fields (`retry.cap_ms` is at least
    /// `retry.base_ms`), and of the rules of `classify` neither which names are known nor that each has a condition and a kind.
    #[cfg(feature = "schema")]
    #[must_use]
    pub fn schema(&self) -> Value {
        let about = "Every number and choice of the engine; what is left out has its default. Reading it checks more: a longest wait \
            is at least the first one, and the rules of `classify` are complete and name what there is.";
        crate::data::schema::schema(&mut self.clone(), "A policy file of failsoft", about)
    }

    /// Checks a policy that was made in Rust, where the types allow more than the ranges.
    ///
    /// # Errors
    /// The first field that is out of range, with its value and what is allowed.
    pub fn check(&self) -> Result<(), Invalid> {
        Visitor::check(&mut self.clone(), String::new())?;
        self.check_together(Spelling::Python)
    }

    /// What must hold between two fields.
    fn check_together(&self, spelling: Spelling) -> Result<(), Invalid> {
        let at_least = |group: &str, (name, value): (_, Duration), (floor_name, floor): (_, Duration)| {
            if value >= floor {
                return Ok(());
            }
            let path = |name| format!("{group}.{}", spelling.field(name, true));
            let [value, floor] = [value, floor].map(|span| spelling.duration(span));
            Err(Invalid::new(path(name), value, format!("at least {}, which is {floor}", path(floor_name))))
        };
        at_least("retry", ("cap", self.retry.cap), ("base", self.retry.base))?;
        at_least("breaker", ("max_open", self.breaker.max_open), ("open", self.breaker.open))?;
        if let Some(successes) = self.breaker.successes.filter(|needed| *needed > self.breaker.probes) {
            let allowed = format!("at most breaker.probes, which is {}", self.breaker.probes);
            return Err(Invalid::new("breaker.successes", successes, allowed));
        }
        at_least("recovery", ("max_wait", self.recovery.max_wait), ("wait", self.recovery.wait))?;
        self.classify.check_together()
    }
}
