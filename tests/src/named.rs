//! Enums of the core, read from the words that every language has for them.

use failsoft::Replay;
use failsoft::command::ReplyKind;
use failsoft::policy::approval::Decision;
use failsoft::policy::breaker::{BreakerState, Order};
use failsoft::policy::failure::{Effect, FailureKind, Phase};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// What has a word for each of its variants.
pub(crate) trait Named: Copy + 'static {
    /// All of the words.
    const NAMES: &'static [&'static str];
    /// The variant with this word.
    fn from_name(word: &str) -> Option<Self>;
}

macro_rules! named {
    ($($type:ident),+) => {$(
        impl Named for $type {
            const NAMES: &'static [&'static str] = Self::NAMES;
            fn from_name(word: &str) -> Option<Self> {
                Self::from_name(word)
            }
        }
    )+};
}
named!(BreakerState, Order, Decision, Effect, FailureKind, Phase, Replay, ReplyKind);

/// Reads a word: `#[serde(deserialize_with = "word")]`.
pub(crate) fn word<'de, D: Deserializer<'de>, T: Named>(from: D) -> Result<T, D::Error> {
    let word = String::deserialize(from)?;
    T::from_name(&word).ok_or_else(|| D::Error::unknown_variant(&word, T::NAMES))
}

/// Reads a word that may be left out: `#[serde(default, deserialize_with = "maybe")]`.
pub(crate) fn maybe<'de, D: Deserializer<'de>, T: Named>(from: D) -> Result<Option<T>, D::Error> {
    word(from).map(Some)
}
