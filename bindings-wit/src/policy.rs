//! Policies.

use std::sync::Arc;

use crate::wit;

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
}
