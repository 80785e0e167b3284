//! The places that can be asked, and what they share with each other.

mod aggregators;
mod backend;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::command::{Replay, RouteId};
use crate::data::LIMITS;
use crate::policy::Invalid;
use crate::stored::fields;
use crate::value::{Spelling, Value};
use crate::visit::{Limits, Visitor};

/// The most routes in a chain.
pub const MOST_ROUTES: usize = 64;

fields! {
    /// A place that can be asked for the same thing: one entry of the chain.
    ///
    /// What two routes share, they share in sickness too: the same `endpoint` has one breaker for connections, the same provider,
    /// endpoint and model one for everything else, the same `credential` one quota. Endpoints are compared as URLs: neither the
    /// case of the host nor a default port nor a slash at the end makes another one.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Route {
        /// Its name in logs and messages; unique in the chain.
        name: String = String::new();
        /// Who runs it, such as `openai`.
        provider: Option<String> = None;
        /// The model that is asked for.
        model: Option<String> = None;
        /// Where it is reached, such as a base URL.
        endpoint: Option<String> = None;
        /// What pays for it: a name or a fingerprint, never the secret itself.
        credential: Option<String> = None;
        /// Whether there is a credential to ask it with. Default true; a route without one is skipped, the primary too.
        has_credential: bool = true;
        /// Whether it spreads requests over several upstreams: its client is not rebuilt after a failed connection. Left out, the
        /// well-known ones are recognised by `provider` or by the host of `endpoint` ([`Route::is_aggregator`]).
        aggregator: Option<bool> = None;
        /// The model's context window in tokens, if known.
        context_window: Option<u32> = None, 1..=u32::MAX;
        /// Replaces `attempt.timeout`.
        timeout: Option<Duration> = None, LIMITS;
        /// Replaces `attempt.first_progress`.
        first_progress: Option<Duration> = None, LIMITS;
        /// Replaces `attempt.idle`.
        idle: Option<Duration> = None, LIMITS;
        /// Whether the host has a hook that makes its client ready: `Switch` and `Rebuild` are given only for such routes.
        activates: bool = false;
        /// Whether its client is there when the session begins. Unset, that of the primary is, as the one that the host already has, and
        /// those of all others have to be made first. Without a hook to make it with it always is.
        ready: Option<bool> = None;
    }
}

impl Route {
    /// A route that shares nothing with any other.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A route from plain data: a name alone, or a map of fields.
    ///
    /// # Errors
    /// The first field that is unknown, of the wrong type or out of range.
    pub fn from_value(value: &Value, spelling: Spelling) -> Result<Self, Invalid> {
        if let Value::Text(name) = value {
            return Ok(Self::new(name.as_str()));
        }
        let mut route = Self::default();
        Visitor::read(value, spelling, "route", &[], Limits::Any, &mut route)?;
        Ok(route)
    }
}

/// The admissions of a route by scope, in the order of [`Scoped`](crate::notice::Scoped): places in the session's list.
pub(crate) type Scopes = [usize; 4];

/// Checks a chain and gives each route its admissions. Returns them with their number.
pub(crate) fn chain(routes: &[Route]) -> Result<(Vec<Scopes>, usize), Invalid> {
    if routes.len() > MOST_ROUTES {
        return Err(Invalid::new(
            "routes",
            format!("a chain of {}", routes.len()),
            format!("1 to {MOST_ROUTES} routes"),
        ));
    }
    let mut keys: Vec<(u8, String)> = Vec::new();
    let mut place = |scope: u8, key: String| {
        let wanted = (scope, key);
        keys.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            keys.push(wanted);
            keys.len() - 1
        })
    };
    let mut scopes = Vec::new();
    for (at, route) in routes.iter().enumerate() {
        if route.name.is_empty() {
            return Err(Invalid::new(format!("routes[{at}].name"), "\"\"", "a name that is not empty"));
        }
        if routes.iter().take(at).any(|other| other.name == route.name) {
            return Err(Invalid::new(
                format!("routes[{at}].name"),
                Value::Text(route.name.clone()),
                "a name that no other route has",
            ));
        }
        Visitor::check(&mut route.clone(), format!("routes[{at}]"))?;
        let (deployment, credential) = (route.deployment(), route.credential_key());
        let limit = format!("{credential} at {deployment}");
        let mut shared = (0..).zip([deployment, route.endpoint_key(), credential, limit]);
        scopes.push(core::array::from_fn(|_| shared.next().map_or(0, |(scope, key)| place(scope, key))));
    }
    let count = keys.len();
    Ok((scopes, count))
}

/// A set of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteSet(pub(crate) u64);

impl RouteSet {
    /// The empty one.
    #[must_use]
    pub const fn none() -> Self {
        Self(0)
    }

    /// Every route, however long the chain is.
    #[must_use]
    pub const fn all() -> Self {
        Self(u64::MAX)
    }

    /// Whether no route is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Puts a route in.
    pub fn insert(&mut self, route: RouteId) {
        self.0 |= 1_u64.checked_shl(u32::from(route.0)).unwrap_or(0);
    }

    /// Takes a route out.
    pub(crate) fn remove(&mut self, route: RouteId) {
        self.0 &= !1_u64.checked_shl(u32::from(route.0)).unwrap_or(0);
    }

    /// The first so many routes of a chain.
    pub(crate) const fn first_of(many: usize) -> Self {
        Self(if many >= 64 { u64::MAX } else { (1 << many) - 1 })
    }

    /// Those that are not in the other one.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// How many routes are in it.
    pub(crate) const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The first of them in the chain.
    pub(crate) fn first(self) -> Option<RouteId> {
        u8::try_from(self.0.trailing_zeros()).ok().filter(|place| *place < 64).map(RouteId)
    }

    /// Whether this route is in it.
    #[must_use]
    pub fn contains(self, route: RouteId) -> bool {
        self.0 & 1_u64.checked_shl(u32::from(route.0)).unwrap_or(0) != 0
    }
}

impl FromIterator<RouteId> for RouteSet {
    fn from_iter<I: IntoIterator<Item = RouteId>>(routes: I) -> Self {
        let mut set = Self::none();
        routes.into_iter().for_each(|route| set.insert(route));
        set
    }
}

fields! {
    /// A tool as the engine knows it: nothing of what it does, only what may be done with it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Tool {
        /// The name that the model uses.
        name: String = String::new();
        /// Whether each call needs approval.
        risky: bool = false;
        /// Whether a call may be made twice. Default [`Replay::Once`].
        replay: Replay = Replay::Once;
        /// Replaces `attempt.timeout`.
        timeout: Option<Duration> = None, LIMITS;
    }
}

impl Tool {
    /// A tool that is not risky and must not be run twice for one call.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A tool from plain data: a map of fields.
    ///
    /// # Errors
    /// The first field that is unknown, of the wrong type or out of range; a name that is empty.
    pub fn from_value(value: &Value, spelling: Spelling) -> Result<Self, Invalid> {
        let mut tool = Self::new("");
        Visitor::read(value, spelling, "tool", &[], Limits::Any, &mut tool)?;
        if tool.name.is_empty() {
            return Err(Invalid::new("tool.name", "\"\"", "a name that is not empty"));
        }
        Ok(tool)
    }
}

#[cfg(test)]
mod tests;
