//! Routes go by their names: the chain may have changed when a snapshot is read.

use alloc::string::String;
use alloc::vec::Vec;

use crate::command::RouteId;
use crate::session::{Live, Session};
use crate::stored::{Store, Stored};

/// What numbers its routes, together with their names: the chain may have changed when it is read.
pub(super) struct Routed<'a> {
    pub(super) routes: Vec<String>,
    pub(super) state: &'a mut dyn Stored,
}

impl Stored for Routed<'_> {
    fn stored(&mut self, store: &mut Store<'_>) {
        store.part("routes", &mut self.routes);
        self.state.stored(store);
    }
}

impl<'a> Routed<'a> {
    pub(super) fn of(session: &Session, state: &'a mut dyn Stored) -> Self {
        Self { routes: session.routes().map(|route| route.name.clone()).collect(), state }
    }
}

/// Where a route of another chain is in this one, by its name; nowhere if it is gone.
pub(super) fn now_at(names: &[String], session: &Session, route: RouteId) -> Option<RouteId> {
    let name = names.get(usize::from(route.0))?;
    Live::ids(&session.live).find(|route| session.route_name(*route) == name)
}
