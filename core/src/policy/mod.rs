//! Every number and choice of the engine: immutable, validated once, the same file for all languages.
//!
//! Each file answers one question and knows nothing of the others; the order in which they are asked stands in `call.rs`.

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

pub(crate) use crate::data::fields;

pub use approval::Approval;
pub use breaker::Breaker;
pub use budget::RetryBudget;
pub use classify::Classify;
pub use deadline::AttemptLimits;
pub use failure::{FailureTable, Rule};
pub use fallback::Fallback;
pub use fields::{Field, Invalid, Thousandths};
pub use hedge::Hedge;
pub use limits::TurnLimits;
pub use recovery::Recovery;
pub use retry::Retry;

use crate::time::Seconds;
use crate::value::{Spelling, Value};
use fields::{Checker, Fields, Lister, Reader, Writer};

/// Every number and choice of the engine. The defaults are good for an agent over hosted models.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// The same route again: how often, after what wait.
    pub retry: Retry,
    /// The limits of one attempt.
    pub attempt: AttemptLimits,
    /// Breakers.
    pub breaker: Breaker,
    /// The retry budget of a deployment.
    pub budget: RetryBudget,
    /// Fallback between routes.
    pub fallback: Fallback,
    /// The rebuild of broken clients.
    pub recovery: Recovery,
    /// Second attempts beside slow ones.
    pub hedge: Hedge,
    /// The limits of one turn.
    pub turn: TurnLimits,
    /// Approval of risky tools.
    pub approval: Approval,
    /// What each kind of failure leads to.
    pub failures: FailureTable,
    /// What failures are taken for, beside the built-in rules.
    pub classify: Classify,
}

impl Policy {
    /// A policy from plain data; what is not named keeps its default.
    ///
    /// # Errors
    /// The first field that is unknown, of the wrong type or out of range: with its value and what is allowed.
    pub fn from_value(value: &Value, spelling: Spelling) -> Result<Self, Invalid> {
        let mut policy = Self::default();
        let mut reader = Reader::new(value, spelling, "");
        policy.fields(&mut reader);
        reader.finish()?;
        policy.check_together()?;
        Ok(policy)
    }

    /// The whole policy as plain data in the spelling of JSON, defaults included.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut writer = Writer::default();
        self.clone().fields(&mut writer);
        Value::Map(writer.entries)
    }

    /// A policy from the text of a policy file.
    ///
    /// # Errors
    /// As [`Policy::from_value`]; text that is not JSON is named with line and column.
    #[cfg(feature = "json")]
    pub fn from_json(text: &str) -> Result<Self, Invalid> {
        let json: serde_json::Value = serde_json::from_str(text)
            .map_err(|error| Invalid::new("policy", error, "valid JSON: an object of fields"))?;
        Self::from_value(&Value::from(&json), Spelling::Json)
    }

    /// The text of a policy file that says everything, defaults included.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn to_json(&self) -> alloc::string::String {
        serde_json::to_string_pretty(&serde_json::Value::from(&self.to_value())).unwrap_or_default()
    }

    /// Every field with its value and what it may be, in order: for reference tables.
    #[must_use]
    pub fn list(&self) -> alloc::vec::Vec<Field> {
        let mut lister = Lister::default();
        self.clone().fields(&mut lister);
        lister.fields
    }

    /// Checks a policy that was made in Rust, where the types allow more than the ranges.
    ///
    /// # Errors
    /// The first field that is out of range, with its value and what is allowed.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut checker = Checker::default();
        self.clone().fields(&mut checker);
        match checker.wrong {
            Some(wrong) => Err(wrong),
            None => self.check_together(),
        }
    }

    /// What must hold between two fields.
    fn check_together(&self) -> Result<(), Invalid> {
        let at_least = |field: &str, value, floor_field: &str, floor| {
            if value >= floor {
                return Ok(());
            }
            let allowed = alloc::format!("at least {floor_field}, which is {}", Seconds(floor));
            Err(Invalid::new(field, Seconds(value), allowed))
        };
        at_least("retry.cap", self.retry.cap, "retry.base", self.retry.base)?;
        at_least("breaker.max_open", self.breaker.max_open, "breaker.open", self.breaker.open)?;
        if let Some(successes) = self.breaker.successes.filter(|needed| *needed > self.breaker.probes) {
            let allowed = alloc::format!("at most breaker.probes, which is {}", self.breaker.probes);
            return Err(Invalid::new("breaker.successes", successes, allowed));
        }
        at_least("recovery.max_wait", self.recovery.max_wait, "recovery.wait", self.recovery.wait)?;
        self.classify.check_together()
    }

    fn fields(&mut self, fields: &mut dyn Fields) {
        fields.group("retry", &mut |fields| self.retry.fields(fields));
        fields.group("attempt", &mut |fields| self.attempt.fields(fields));
        fields.group("breaker", &mut |fields| self.breaker.fields(fields));
        fields.group("budget", &mut |fields| self.budget.fields(fields));
        fields.group("fallback", &mut |fields| self.fallback.fields(fields));
        fields.group("recovery", &mut |fields| self.recovery.fields(fields));
        fields.group("hedge", &mut |fields| self.hedge.fields(fields));
        fields.group("turn", &mut |fields| self.turn.fields(fields));
        fields.group("approval", &mut |fields| self.approval.fields(fields));
        fields.group("failures", &mut |fields| self.failures.fields(fields));
        fields.group("classify", &mut |fields| self.classify.fields(fields));
    }
}
