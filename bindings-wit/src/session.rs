//! Sessions. Routes come as JSON, as policies do: the core reads them and says what is wrong with them.

use std::cell::RefCell;
use std::rc::Rc;

use failsoft::value::{Spelling, Value};
use failsoft::{Instant, Invalid, Route, RouteId};

use crate::convert::breaker_metrics;
use crate::policy::Policy;
use crate::wit;

/// A session; turns hold on to it.
pub(crate) struct Session(pub(crate) Rc<RefCell<failsoft::Session>>);

impl Session {
    fn over(made: Result<failsoft::Session, Invalid>, one_slot: bool) -> Result<wit::Session, String> {
        let core = made.map_err(|wrong| wrong.to_string())?;
        let core = if one_slot { core.with_one_slot() } else { core };
        Ok(wit::Session::new(Self(Rc::new(RefCell::new(core)))))
    }
}

fn read_chain(text: &str) -> Result<Vec<Route>, Invalid> {
    let chain: Vec<Value> = serde_json::from_str(text)
        .map_err(|error| Invalid::new("routes", error, "valid JSON: a list of names or of maps of a route's fields"))?;
    chain.iter().map(|route| Route::from_value(route, Spelling::Json)).collect()
}

impl wit::GuestSession for Session {
    fn open(
        policy: wit::PolicyBorrow<'_>,
        routes: Option<String>,
        seed: u64,
        one_slot: bool,
    ) -> Result<wit::Session, String> {
        let policy = policy.get::<Policy>().0.clone();
        let made = match routes {
            None => failsoft::Session::without_routes(policy),
            Some(text) => read_chain(&text).and_then(|chain| failsoft::Session::new(policy, chain)),
        };
        Self::over(made.map(|session| session.with_seed(seed)), one_slot)
    }

    fn restore(
        text: String,
        policy: wit::PolicyBorrow<'_>,
        routes: Option<String>,
        epoch: u32,
        seed: Option<u64>,
        now: wit::Instant,
        wall: wit::Wall,
        one_slot: bool,
    ) -> Result<wit::Session, String> {
        let policy = policy.get::<Policy>().0.clone();
        let chain = routes.as_deref().map_or_else(|| Ok(Vec::new()), read_chain);
        let now = Instant::from_millis(now);
        let made = chain.and_then(|chain| failsoft::Session::restore(&text, policy, chain, epoch, now, wall));
        let reseeded = |session: failsoft::Session| match seed {
            Some(seed) => session.with_seed(seed),
            None => session,
        };
        Self::over(made.map(reseeded), one_slot)
    }

    fn snapshot(&self, now: wit::Instant, wall: wit::Wall) -> String {
        self.0.borrow().snapshot(Instant::from_millis(now), wall)
    }

    fn set_ready(&self, route: wit::RouteId, ready: bool) {
        self.0.borrow_mut().set_ready(RouteId(route), ready);
    }

    fn breaker(&self, route: wit::RouteId, now: wit::Instant) -> wit::BreakerMetrics {
        breaker_metrics(self.0.borrow().breaker_metrics(RouteId(route), Instant::from_millis(now)))
    }

    fn order_breaker(&self, route: wit::RouteId, order: wit::BreakerOrder) {
        self.0.borrow_mut().order_breaker(RouteId(route), order.into());
    }

    fn isolate(&self, route: wit::RouteId) {
        self.0.borrow_mut().isolate(RouteId(route));
    }

    fn release(&self, route: wit::RouteId) {
        self.0.borrow_mut().release(RouteId(route));
    }

    fn reset(&self, route: wit::RouteId) {
        self.0.borrow_mut().reset(RouteId(route));
    }

    fn standing_approvals(&self) -> Vec<String> {
        self.0.borrow().standing_approvals().map(str::to_string).collect()
    }

    fn approve_standing(&self, tool: String) {
        self.0.borrow_mut().approve_standing(&tool);
    }

    fn withdraw_approval(&self, tool: String) -> bool {
        self.0.borrow_mut().withdraw_approval(&tool)
    }
}
