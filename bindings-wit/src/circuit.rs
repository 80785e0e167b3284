//! Breakers for those who want nothing else.

use std::cell::RefCell;
use std::time::Duration;

use failsoft::Instant;
use failsoft::breakers::{Breakers, KeyPermit, MOST_KEYS, Origin};
use failsoft::policy::breaker::{Outcome, Permit};

use crate::convert::{breaker_metrics, ms};
use crate::policy::Policy;
use crate::wit;

/// One breaker, and one for each key.
pub(crate) struct Circuit(RefCell<Breakers>);

impl wit::GuestCircuit for Circuit {
    fn open(policy: wit::PolicyBorrow<'_>, max_keys: Option<u32>) -> Result<wit::Circuit, String> {
        let config = policy.get::<Policy>().0.breaker;
        let core = Breakers::new(config, max_keys.unwrap_or(MOST_KEYS)).map_err(|wrong| wrong.to_string())?;
        Ok(wit::Circuit::new(Self(RefCell::new(core))))
    }

    fn admit(
        &self,
        now: wit::Instant,
        lease: Option<wit::Ms>,
        key: Option<String>,
    ) -> Result<wit::Permit, Option<wit::Ms>> {
        let now = Instant::from_millis(now);
        let until = lease.map_or(Instant::NEVER, |lease| now + Duration::from_millis(lease));
        match self.0.borrow_mut().admit(key.as_deref(), now, until) {
            Ok(KeyPermit { origin, permit: Permit { generation, since } }) => {
                Ok(wit::Permit { origin: hold(origin), generation, since: since.as_millis() })
            }
            Err(until) => Err(until.known().map(|until| ms(until - now))),
        }
    }

    fn settle(&self, now: wit::Instant, permit: wit::Permit, passed: Option<bool>) {
        let outcome = match passed {
            Some(true) => Outcome::Passed,
            Some(false) => Outcome::Failed,
            None => Outcome::Neutral,
        };
        let wit::Permit { origin: held, generation, since } = permit;
        let permit = Permit { generation, since: Instant::from_millis(since) };
        let permit = KeyPermit { origin: origin(held), permit };
        self.0.borrow_mut().settle(Instant::from_millis(now), permit, outcome);
    }

    fn metrics(&self, now: wit::Instant, key: Option<String>) -> wit::BreakerMetrics {
        breaker_metrics(self.0.borrow().metrics(key.as_deref(), Instant::from_millis(now)))
    }

    fn order(&self, order: wit::BreakerOrder, key: Option<String>) {
        self.0.borrow_mut().order(key.as_deref(), order.into());
    }

    fn isolate(&self, key: Option<String>) -> wit::Hold {
        hold(self.0.borrow_mut().isolate(key.as_deref()))
    }

    fn release(&self, held: wit::Hold) {
        self.0.borrow_mut().release(origin(held));
    }

    fn reset(&self, key: Option<String>) {
        self.0.borrow_mut().reset(key.as_deref());
    }
}

fn hold(Origin { slot, life }: Origin) -> wit::Hold {
    wit::Hold { slot, life }
}

fn origin(wit::Hold { slot, life }: wit::Hold) -> Origin {
    Origin { slot, life }
}
