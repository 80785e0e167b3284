//! Policies.

use std::sync::Arc;

use crate::{convert, wit};

/// A policy, shared with the sessions that were made with it.
pub(crate) struct Policy(pub(crate) Arc<failsoft::Policy>);

impl wit::GuestPolicy for Policy {
    fn from_json(text: String) -> Result<wit::Policy, String> {
        let policy = failsoft::Policy::from_json(&text).map_err(|wrong| wrong.to_string())?;
        Ok(wit::Policy::new(Self(Arc::new(policy))))
    }

    fn to_json(&self) -> String {
        self.0.to_json()
    }

    fn classify(&self, facts: wit::Facts) -> wit::Failure {
        convert::failure_out(convert::with_facts(&facts, |facts| self.0.classify(facts)))
    }

    fn explain(&self, facts: wit::Facts) -> wit::Explanation {
        convert::explanation_out(convert::with_facts(&facts, |facts| self.0.explain(facts)))
    }

    fn explain_failure(&self, failure: wit::Failure) -> wit::Explanation {
        convert::explanation_out(self.0.explain_failure(convert::failure_in(failure)))
    }
}
