//! A breaker for those who want nothing else.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use failsoft::Instant;
use failsoft::policy::breaker::{Circuit as Core, Outcome};

use crate::convert::ms;
use crate::policy::Policy;
use crate::wit;

/// One breaker.
pub(crate) struct Circuit {
    policy: Arc<failsoft::Policy>,
    core: RefCell<Core>,
}

impl wit::GuestCircuit for Circuit {
    fn new(policy: wit::PolicyBorrow<'_>) -> Self {
        Self { policy: policy.get::<Policy>().0.clone(), core: RefCell::new(Core::default()) }
    }

    fn admit(&self, now: wit::Instant, lease: Option<wit::Ms>) -> Result<u32, wit::Ms> {
        let now = Instant::from_millis(now);
        let until = lease.map_or(Instant::NEVER, |lease| now + Duration::from_millis(lease));
        self.core.borrow_mut().admit(&self.policy.breaker, now, until).map_err(|until| ms(until - now))
    }

    fn settle(&self, now: wit::Instant, permit: u32, passed: Option<bool>) {
        let outcome = match passed {
            Some(true) => Outcome::Passed,
            Some(false) => Outcome::Failed,
            None => Outcome::Neutral,
        };
        self.core.borrow_mut().settle(&self.policy.breaker, Instant::from_millis(now), permit, outcome);
    }

    fn state(&self, now: wit::Instant) -> wit::BreakerState {
        self.core.borrow().state(Instant::from_millis(now)).into()
    }
}
