//! The places that can be asked, and what they share with each other.

mod aggregators;
mod backend;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::command::{Replay, RouteId};
use crate::policy::Invalid;
use crate::policy::fields::{Checker, Fields, LONGEST, Reader, choose, maybe};
use crate::stored::stored;
use crate::time::span;
use crate::value::{Spelling, Value};

/// The most routes in a chain.
pub const MOST_ROUTES: usize = 64;

/// A place that can be asked for the same thing: one entry of the chain.
///
/// What two routes share, they share in sickness too: the same `endpoint` has one breaker for connections, the same provider,
/// endpoint and model one for everything else, the same `credential` one quota. Endpoints are compared as URLs: neither the
/// case of the host nor a default port nor a slash at the end makes another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name in logs and messages; unique in the chain.
    pub name: String,
    /// Who runs it, such as `openai`.
    pub provider: Option<String>,
    /// The model that is asked for.
    pub model: Option<String>,
    /// Where it is reached, such as a base URL.
    pub endpoint: Option<String>,
    /// What pays for it: a name or a fingerprint, never the secret itself.
    pub credential: Option<String>,
    /// Whether there is a credential to ask it with. Default true; a route without one is skipped, the primary too.
    pub has_credential: bool,
    /// Whether it spreads requests over several upstreams: its client is not rebuilt after a failed connection. Left out, the
    /// well-known ones are recognised by `provider` or by the host of `endpoint` ([`Route::is_aggregator`]).
    pub aggregator: Option<bool>,
    /// The model's context window in tokens, if known.
    pub context_window: Option<u32>,
    /// Replaces `attempt.timeout`.
    pub timeout: Option<Duration>,
    /// Replaces `attempt.first_progress`.
    pub first_progress: Option<Duration>,
    /// Replaces `attempt.idle`.
    pub idle: Option<Duration>,
    /// Whether the host has a hook that makes its client ready: `Switch` and `Rebuild` are given only for such routes.
    pub activates: bool,
    /// Whether its client is there when the session begins. Unset, that of the primary is, as the one that the host already has, and
    /// those of all others have to be made first. Without a hook to make it with it always is.
    pub ready: Option<bool>,
}

impl Default for Route {
    fn default() -> Self {
        Self {
            name: String::new(),
            provider: None,
            model: None,
            endpoint: None,
            credential: None,
            has_credential: true,
            aggregator: None,
            context_window: None,
            timeout: None,
            first_progress: None,
            idle: None,
            activates: false,
            ready: None,
        }
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
        let mut reader = Reader::new(value, spelling, "route");
        route.fields(&mut reader);
        reader.finish()?;
        Ok(route)
    }

    fn fields(&mut self, fields: &mut dyn Fields) {
        let limits = span(1)..=LONGEST;
        fields.text("name", &mut self.name);
        let shared = [
            ("provider", &mut self.provider),
            ("model", &mut self.model),
            ("endpoint", &mut self.endpoint),
            ("credential", &mut self.credential),
        ];
        for (name, slot) in shared {
            let (mut present, mut text) = (slot.is_some(), slot.take().unwrap_or_default());
            fields.optional(name, &mut present, &mut |fields| fields.text(name, &mut text));
            *slot = present.then_some(text);
        }
        fields.flag("has_credential", &mut self.has_credential);
        let (mut said, mut aggregator) = (self.aggregator.is_some(), self.aggregator.unwrap_or_default());
        fields.optional("aggregator", &mut said, &mut |fields| fields.flag("aggregator", &mut aggregator));
        self.aggregator = said.then_some(aggregator);
        maybe!(fields, count, "context_window", self.context_window, 1, 1..=u32::MAX);
        maybe!(fields, span, "timeout", self.timeout, span(1), limits.clone());
        maybe!(fields, span, "first_progress", self.first_progress, span(1), limits.clone());
        maybe!(fields, span, "idle", self.idle, span(1), limits.clone());
        fields.flag("activates", &mut self.activates);
        let (mut said, mut ready) = (self.ready.is_some(), self.ready.unwrap_or_default());
        fields.optional("ready", &mut said, &mut |fields| fields.flag("ready", &mut ready));
        self.ready = said.then_some(ready);
    }
}

/// Which gates stand before a route: numbers into the session's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Scopes {
    pub(crate) deployment: usize,
    pub(crate) endpoint: usize,
    pub(crate) credential: usize,
    pub(crate) limit: usize,
}

/// Checks a chain and gives each route its gates. Returns them with the number of gates.
pub(crate) fn chain(routes: &[Route]) -> Result<(Vec<Scopes>, usize), Invalid> {
    if routes.len() > MOST_ROUTES {
        return Err(Invalid::new(
            "routes",
            format!("a chain of {}", routes.len()),
            format!("1 to {MOST_ROUTES} routes"),
        ));
    }
    let mut keys: Vec<(u8, String)> = Vec::new();
    let mut gate = |kind: u8, key: String| {
        let wanted = (kind, key);
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
        let mut checker = Checker::at(format!("routes[{at}]."));
        route.clone().fields(&mut checker);
        if let Some(wrong) = checker.wrong {
            return Err(wrong);
        }
        let (deployment, credential) = (route.deployment(), route.credential_key());
        scopes.push(Scopes {
            limit: gate(3, format!("{credential} at {deployment}")),
            deployment: gate(0, deployment),
            endpoint: gate(1, route.endpoint_key()),
            credential: gate(2, credential),
        });
    }
    let gates = keys.len();
    Ok((scopes, gates))
}

/// A set of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteSet(u64);

stored! { RouteSet(_) }

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

    /// The same routes where they are now; every route stays every route.
    pub(crate) fn rerouted(self, now_at: &dyn Fn(RouteId) -> Option<RouteId>) -> Self {
        if self == Self::all() {
            return self;
        }
        (0..64).map(RouteId).filter(|route| self.contains(*route)).filter_map(now_at).collect()
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

/// A tool as the engine knows it: nothing of what it does, only what may be done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// The name that the model uses.
    pub name: String,
    /// Whether each call needs approval.
    pub risky: bool,
    /// Whether a call may be made twice. Default [`Replay::Once`].
    pub replay: Replay,
    /// Replaces `attempt.timeout`.
    pub timeout: Option<Duration>,
}

impl Tool {
    /// A tool that is not risky and must not be run twice for one call.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), risky: false, replay: Replay::Once, timeout: None }
    }

    /// A tool from plain data: a map of fields.
    ///
    /// # Errors
    /// The first field that is unknown, of the wrong type or out of range; a name that is empty.
    pub fn from_value(value: &Value, spelling: Spelling) -> Result<Self, Invalid> {
        let mut tool = Self::new("");
        let mut reader = Reader::new(value, spelling, "tool");
        tool.fields(&mut reader);
        reader.finish()?;
        if tool.name.is_empty() {
            return Err(Invalid::new("tool.name", "\"\"", "a name that is not empty"));
        }
        Ok(tool)
    }

    fn fields(&mut self, fields: &mut dyn Fields) {
        fields.text("name", &mut self.name);
        fields.flag("risky", &mut self.risky);
        choose!(fields, "replay", self.replay, Replay);
        maybe!(fields, span, "timeout", self.timeout, span(1), span(1)..=LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn routes_share_what_they_have_in_common() {
        let at = |name: &str, model: &str| Route {
            provider: Some("openai".into()),
            model: Some(model.into()),
            ..Route::new(name)
        };
        let Ok((scopes, _)) = chain(&[at("a", "large"), at("b", "small"), Route::new("c")]) else {
            panic!("a good chain");
        };
        let [a, b, c] = [scopes[0], scopes[1], scopes[2]];
        assert_eq!((a.endpoint, a.credential), (b.endpoint, b.credential));
        assert_ne!(a.deployment, b.deployment);
        assert!([a.endpoint, a.credential, a.deployment].iter().all(|gate| ![c.endpoint, c.credential].contains(gate)));
    }

    #[test]
    fn a_tool_is_refused_by_its_field() {
        let map = |name: &str, value| Value::Map(alloc::vec![(name.into(), value)]);
        let read = |value| Tool::from_value(&value, Spelling::JavaScript).map_err(|wrong| wrong.to_string());
        assert_eq!(read(map("name", Value::Text("add".into()))), Ok(Tool::new("add")));
        let lines =
            [map("timeout", Value::Number(0.0)), map("replay", Value::Text("twice".into())), map("risky", Value::Null)]
                .map(|value| read(value).err().unwrap_or_default());
        assert_eq!(
            lines,
            [
                "tool.timeout: 0 s is not allowed; use 0.001 s to 30 days",
                "tool.replay: \"twice\" is not allowed; use one of idempotent, keyed, once",
                "tool.name: \"\" is not allowed; use a name that is not empty",
            ]
        );
    }

    #[test]
    fn two_routes_of_one_name_are_refused() {
        let refused = chain(&[Route::new("a"), Route::new("a")]).map_err(|wrong| wrong.to_string());
        assert_eq!(refused, Err("routes[1].name: \"a\" is not allowed; use a name that no other route has".into()));
    }
}
