//! Which words of the vocabulary have occurred: scripts that never reach a command compare nothing.

use std::collections::{BTreeMap, BTreeSet};

use failsoft::command::Command;
use failsoft::notice::What;
use failsoft::{End, Report};

use crate::words::{self, command_word, end_word, notice_word};

/// What random scripts must reach, all of it; kinds as in `tests/vectors/names.json`. A stale event counts as `stale`.
const NEEDED: [&str; 16] = [
    "command",
    "notice",
    "end",
    "event",
    "stale",
    "outcome",
    "limit",
    "failure_kind",
    "wait_why",
    "switch_why",
    "cancel_why",
    "breaker_state",
    "breaker_order",
    "follows",
    "skip",
    "scope",
];

/// Words by their kind.
#[derive(Debug, Default)]
pub struct Seen(BTreeMap<&'static str, BTreeSet<&'static str>>);

impl Seen {
    /// Notes a word.
    pub fn word(&mut self, kind: &'static str, word: &'static str) {
        self.0.entry(kind).or_default().insert(word);
    }

    /// Notes all that a command says.
    pub fn command(&mut self, command: &Command) {
        self.word("command", command_word(command));
        match command {
            Command::Wait { why, .. } => self.word("wait_why", why.name()),
            Command::Switch { why, .. } => self.word("switch_why", why.name()),
            Command::Cancel { why, .. } => self.word("cancel_why", why.name()),
            Command::Finish(verdict) => {
                self.word("end", end_word(verdict.end));
                if let End::Limit(limit) = verdict.end {
                    self.word("limit", limit.name());
                }
            }
            Command::Attempt(_) | Command::Rebuild { .. } | Command::AskApproval { .. } => {}
        }
    }

    /// Notes all that a notice says.
    pub fn notice(&mut self, what: &What) {
        self.word("notice", notice_word(what));
        match what {
            What::AttemptFailed { failure, next, .. } => {
                self.word("failure_kind", failure.kind.name());
                self.word("follows", next.name());
            }
            What::Skipped { why, .. } => self.word("skip", why.name()),
            What::BreakerOpened { scope, .. } | What::BreakerClosed { scope } | What::Cooldown { scope, .. } => {
                self.word("scope", scope.name());
            }
            What::Tool { outcome, .. } => self.word("outcome", outcome.name()),
            What::LimitReached(limit) => self.word("limit", limit.name()),
            _ => {}
        }
    }

    /// Notes what a turn came to.
    pub fn report(&mut self, report: &Report) {
        if let Some(reason) = report.stop_reason {
            self.word("stop_reason", reason.name());
        }
    }

    /// Adds what another has seen.
    pub fn add(&mut self, other: Self) {
        for (kind, words) in other.0 {
            self.0.entry(kind).or_default().extend(words);
        }
    }

    /// How many words there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    /// What was needed and never occurred, as `kind: word`.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let all = words::all();
        let mut missing = Vec::new();
        for kind in NEEDED {
            let listed = all.get(if kind == "stale" { "event" } else { kind }).copied().unwrap_or_default();
            let seen = self.0.get(kind);
            let unseen = listed.iter().filter(|word| !seen.is_some_and(|seen| seen.contains(*word)));
            missing.extend(unseen.map(|word| format!("{kind}: {word}")));
        }
        missing
    }
}
