//! A conversation stands between the session, which many users share, and the turn, which is one request of one of them.

use alloc::string::String;

use crate::stored::stored;

/// Names a conversation, and on whose behalf it is held.
///
/// What belongs to one user and outlives a turn belongs to a conversation; what is learnt about routes belongs to the [`Session`](crate::Session).
///
/// ```
/// use failsoft::{Conversation, Instant, Policy, Route, Session};
/// # fn main() -> Result<(), failsoft::Invalid> {
/// let mut session = Session::new(Policy::default().into(), vec![Route::new("primary")])?;
/// let conversation = Conversation::new("support-4711").principal("ada@example.org");
/// let turn = conversation.turn(&mut session, [].into(), Instant::ZERO);
/// assert_eq!(turn.conversation().map(|held| held.id()), Some("support-4711"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    id: String,
    principal: Option<String>,
}

stored! { Conversation { id, principal } }

impl Conversation {
    /// Returns the conversation of this id, held on nobody's behalf.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), principal: None }
    }

    /// Says on whose behalf it is held: a user, a tenant, a service.
    #[must_use]
    pub fn principal(self, principal: impl Into<String>) -> Self {
        Self { principal: Some(principal.into()), ..self }
    }

    /// Returns what the host calls it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns on whose behalf it is held, if that was said.
    #[must_use]
    pub fn on_behalf_of(&self) -> Option<&str> {
        self.principal.as_deref()
    }
}
