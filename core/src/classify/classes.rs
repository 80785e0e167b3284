//! Which of an exception's classes, and of those of its causes, says most about the failure.

use super::Facts;
use super::body::seen;
use super::rules::On;
use super::table::{CERTIFICATES, CLASSES, CONNECTING, FETCH_SAYS, LOST, OWN_CLASSES, WRAPPERS};
use crate::policy::classify::Classify;

/// So many class names are looked at.
const MOST: usize = 128;
/// Where the bases of an exception end: the classes after these belong to its causes.
const ROOTS: &[&str] = &["Exception", "BaseException", "object", "Error", "Object"];
/// A `TypeError` that is no bug: `fetch` throws one when no answer came, or only half of one.
const FETCH: &str = "TypeError of fetch";

/// A class, and whether it is one of the exception itself and not of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Telling<'a> {
    pub(super) class: &'a str,
    pub(super) own: bool,
}

/// The one class that says most about the failure: the first that a rule knows exactly, and only where there is none a
/// wrapper. Of a connection that did not come about, only a certificate says more, and that it was lost behind a wrapper which
/// is no such class itself: some clients call every loss a failure to connect. A class that a rule of the policy names is known
/// exactly.
///
/// The search ends at the first exact one: what comes after it may be an older failure, already dealt with, in whose
/// handling this one happened (Python's `__context__`), and must not speak for it.
pub(super) fn telling<'a>(facts: &Facts<'a>, policy: &Classify) -> Option<Telling<'a>> {
    let mut own = true;
    let mut connecting = None;
    let mut wrapper = None;
    // Whether this exception is one that could not connect, and whether one that only wraps came after the last of those.
    let (mut connects, mut rewrapped) = (false, false);
    for &class in facts.classes.iter().take(MOST) {
        let telling = Some(Telling { class, own });
        if is_known_to(policy, class, own) {
            return telling;
        }
        if own && class == "TypeError" && of_fetch(facts.message) {
            wrapper = wrapper.or(Some(Telling { class: FETCH, own }));
        } else if CONNECTING.contains(class) {
            connecting = connecting.or(telling);
            (connects, rewrapped) = (true, false);
        } else if WRAPPERS.contains(class) {
            wrapper = wrapper.or(telling);
            rewrapped |= !connects;
        } else if CERTIFICATES.contains(class) || (own && OWN_CLASSES.contains(class)) {
            return telling;
        } else if CLASSES.contains(class) {
            return connecting.filter(|_| !(rewrapped && LOST.contains(class))).or(telling);
        }
        if ROOTS.contains(&class) {
            (own, connects) = (false, false);
        }
    }
    connecting.or(wrapper)
}

fn is_known_to(policy: &Classify, class: &str, own: bool) -> bool {
    policy.rules.iter().filter(|rule| own || !rule.own).any(|rule| {
        let mut named = rule.when.iter().filter(|condition| condition.on == On::Class);
        named.any(|condition| condition.any.iter().any(|name| name == class))
    })
}

/// Whether a message is that of `fetch`, to the letter: bugs of this class say anything.
fn of_fetch(message: Option<&str>) -> bool {
    let Some(message) = message.map(seen) else { return false };
    let mut after = FETCH_SAYS.words().filter_map(|says| message.strip_prefix(says));
    after.any(|rest| rest.is_empty() || rest.starts_with(" ("))
}
