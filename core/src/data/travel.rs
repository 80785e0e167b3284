//! From the clock and the chain that a state was stored on to those of today.

use alloc::vec::Vec;
use core::time::Duration;

use super::visit::{Blank, Data, Kind, Limits, Visitor};
use crate::command::RouteId;
use crate::route::RouteSet;
use crate::time::Instant;
use crate::value::Value;

/// What instants and routes of a state are translated by while it is read. By itself it leaves them as they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Travel {
    /// The host's clock when it was stored.
    pub(crate) then: Instant,
    /// The host's clock now.
    pub(crate) now: Instant,
    /// The time that has passed in between.
    pub(crate) gap: Duration,
    /// Where each route of the chain of then is now.
    pub(crate) routes: Option<Vec<Option<RouteId>>>,
}

impl Travel {
    /// An instant of which what is left stays.
    pub(crate) fn span(&self, at: Instant) -> Instant {
        match at.known() {
            None => at,
            Some(_) if at >= self.then => self.now + (at - self.then),
            Some(_) => self.now - (self.then - at),
        }
    }

    /// An instant by the calendar: the time in between comes off. What has passed stays passed, and is longer ago.
    pub(crate) fn calendar(&self, at: Instant) -> Instant {
        let Some(at) = at.known() else { return at };
        // Of these one is zero.
        let (left, ago) = (at - self.then, self.then - at);
        self.now + left.saturating_sub(self.gap) - self.gap.saturating_sub(left) - ago
    }

    /// Where a route is now, if it is still there.
    pub(crate) fn route(&self, route: RouteId) -> Option<RouteId> {
        self.routes.as_ref().map_or(Some(route), |routes| routes.get(usize::from(route.0)).copied().flatten())
    }

    fn set(&self, set: RouteSet) -> RouteSet {
        // Every route stays every route.
        if set == RouteSet::all() {
            return set;
        }
        (0..64).map(RouteId).filter(|route| set.contains(*route)).filter_map(|route| self.route(route)).collect()
    }
}

/// Milliseconds; [`Instant::NEVER`] has a word of its own, for `null` is a time that is not there.
impl Data for Instant {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        let (was, mut read) = (*self, None);
        let value = || if was == Self::NEVER { Value::Text("never".into()) } else { was.as_millis().into() };
        visitor.leaf(Kind::Whole(0, u64::MAX), &value, &mut |value| {
            let never = matches!(value, Value::Text(text) if text == "never");
            read = if never { Some(Self::NEVER) } else { value.as_whole().map(Self::from_millis) };
            read.is_some()
        });
        if let Some(at) = read {
            let travel = &visitor.travel;
            *self = if visitor.limits == Limits::Calendar { travel.calendar(at) } else { travel.span(at) };
        }
    }
}

impl Blank for Instant {
    const BLANK: Self = Self::ZERO;
}

/// Its place in the chain. One that is gone takes along what names it, up to the next thing that may be absent.
impl Data for RouteId {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        self.0.visit(visitor);
        if visitor.is_reading() {
            match visitor.travel.route(*self) {
                Some(found) => *self = found,
                None => visitor.lost = true,
            }
        }
    }
}

impl Blank for RouteId {
    const BLANK: Self = Self(0);
}

impl Data for RouteSet {
    fn visit(&mut self, visitor: &mut Visitor<'_>) {
        self.0.visit(visitor);
        if visitor.is_reading() {
            *self = visitor.travel.set(*self);
        }
    }
}

impl Blank for RouteSet {
    const BLANK: Self = Self::none();
}
