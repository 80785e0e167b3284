//! One tool call of a reply: what was asked for, and where it stands.

use alloc::string::{String, ToString};

use crate::call::Call;
use crate::command::{Id, KeySource, ToolCall};
use crate::log::EventLog;
use crate::policy::approval::Digest;
use crate::stored::stored;
use crate::time::Instant;

use crate::outcome::ToolOutcome;

/// One tool call of the last reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) name: String,
    /// Its number in the event log's list of names.
    pub(super) tool: u32,
    pub(super) digest: Option<Digest>,
    /// What is wrong with its arguments, or with how it ended.
    pub(super) complaint: String,
    pub(super) risky: bool,
    /// What its idempotency key is made of in a run that has an id, since it may run.
    pub(super) key: Option<KeySource>,
    pub(super) state: SlotState,
}

stored! { Slot { name, tool, digest, complaint, risky, key, state } }

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a slot lives in a list of a few, and boxing would cost an allocation a call"
)]
pub(super) enum SlotState {
    /// `until` is [`Instant::NEVER`] before it was first said.
    Asking {
        id: Id,
        digest: Digest,
        until: Instant,
        taken: bool,
    },
    Running(Call),
    Done(ToolOutcome),
}

stored! { enum SlotState { Asking { id, digest, until: Calendar, taken }, Running(call), Done(outcome) } }

impl Slot {
    pub(super) fn new(log: &mut EventLog, call: &ToolCall<'_>, risky: bool, state: SlotState) -> Self {
        Self {
            name: call.name.to_string(),
            tool: log.tool(call.name),
            digest: call.arguments.ok(),
            complaint: call.arguments.err().unwrap_or_default().to_string(),
            risky,
            key: None,
            state,
        }
    }

    pub(super) const fn outcome(&self) -> Option<ToolOutcome> {
        if let SlotState::Done(outcome) = &self.state { Some(*outcome) } else { None }
    }

    pub(super) const fn is_asking(&self) -> bool {
        matches!(self.state, SlotState::Asking { .. })
    }

    /// Whether a person thinks about it.
    pub(super) const fn is_asked(&self) -> bool {
        matches!(self.state, SlotState::Asking { taken: true, .. })
    }

    /// Whether the host runs it.
    pub(super) fn is_running(&self) -> bool {
        matches!(&self.state, SlotState::Running(call) if call.is_taken())
    }
}

/// How often the same tool call has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repeat {
    name: String,
    /// What tells one call of the tool from another: its arguments, or what is wrong with them.
    digest: Option<Digest>,
    complaint: String,
    pub(super) times: u32,
}

stored! { Repeat { name, digest, complaint, times } }

impl Repeat {
    /// That a call has failed once.
    pub(super) fn of(slot: &Slot) -> Self {
        let complaint = if slot.digest.is_none() { slot.complaint.clone() } else { String::new() };
        Self { name: slot.name.clone(), digest: slot.digest, complaint, times: 1 }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.name, self.digest, &self.complaint) == (&other.name, other.digest, &other.complaint)
    }
}
