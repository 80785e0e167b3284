//! The providers as they really are: which of them is in trouble when, and what a request to one meets.

use std::time::Duration;

use failsoft::policy::failure::{Failure, FailureKind, Phase};
use serde_json::{Value, json};

use crate::differential::dice::Dice;

/// What two routes may share, by name: nothing here knows how the core numbers its gates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Endpoint and model.
    pub deployment: String,
    /// Where connections go.
    pub endpoint: String,
    /// What pays.
    pub credential: String,
    /// Whether it can be asked at all.
    pub able: bool,
}

impl Place {
    /// The place with these parts.
    #[must_use]
    pub fn new(endpoint: &str, model: &str, credential: &str) -> Self {
        let deployment = format!("{endpoint}/{model}");
        Self { deployment, endpoint: endpoint.into(), credential: credential.into(), able: true }
    }

    fn keys(&self) -> [&String; 3] {
        [&self.deployment, &self.endpoint, &self.credential]
    }
}

/// What is wrong while something is out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It answers with this failure, after so many milliseconds.
    Fails(FailureKind, u64),
    /// The same, and names a time after which to come back.
    FailsFor(FailureKind, u64),
    /// It never answers.
    Hangs,
}

/// Somebody is out of order from here to there.
#[derive(Debug, Clone)]
struct Outage {
    key: String,
    from: u64,
    to: u64,
    trouble: Trouble,
}

/// What one request will meet.
#[derive(Debug, Clone, Copy)]
pub struct Meets {
    /// After how long; never, if it hangs.
    pub after: Option<u64>,
    /// What.
    pub failure: Option<Failure>,
}

/// All providers, and when each is in trouble.
#[derive(Debug, Clone)]
pub struct World {
    places: Vec<Place>,
    outages: Vec<Outage>,
    /// One request in so many fails although nobody is out of order; 0 for none.
    noise: u64,
    /// The longest that a healthy provider takes.
    slowest: u64,
}

/// What every deployment may suffer from.
const OF_DEPLOYMENT: [Trouble; 8] = [
    Trouble::Fails(FailureKind::Overloaded, 40),
    Trouble::Fails(FailureKind::ServerError, 900),
    Trouble::FailsFor(FailureKind::Overloaded, 4_000),
    Trouble::Fails(FailureKind::Malformed, 700),
    Trouble::Fails(FailureKind::RateLimited, 30),
    Trouble::FailsFor(FailureKind::RateLimited, 3_000),
    Trouble::Fails(FailureKind::NotFound, 20),
    Trouble::Hangs,
];
/// What every endpoint may suffer from.
const OF_ENDPOINT: [Trouble; 4] = [
    Trouble::Fails(FailureKind::Connect, 5),
    Trouble::Fails(FailureKind::Connect, 3_000),
    Trouble::Fails(FailureKind::ReadTimeout, 8_000),
    Trouble::Hangs,
];
/// What every credential may suffer from.
const OF_CREDENTIAL: [Trouble; 3] = [
    Trouble::Fails(FailureKind::Auth, 30),
    Trouble::Fails(FailureKind::QuotaExhausted, 30),
    Trouble::FailsFor(FailureKind::QuotaExhausted, 90_000),
];

impl World {
    /// Everybody is well.
    #[must_use]
    pub fn healthy(places: Vec<Place>) -> Self {
        Self { places, outages: Vec::new(), noise: 0, slowest: 2_000 }
    }

    /// Troubles around these moments, for there is no use in one that nobody meets.
    #[must_use]
    pub fn at_random(places: Vec<Place>, moments: &[u64], dice: &mut Dice) -> Self {
        let mut world = Self::healthy(places);
        (world.noise, world.slowest) = (dice.pick(&[0, 0, 40, 200]), dice.pick(&[300, 3_000, 20_000]));
        let all = world.places.iter().flat_map(|place| place.keys().map(Clone::clone).into_iter().enumerate());
        let mut keys: Vec<(usize, String)> = all.collect();
        keys.sort();
        keys.dedup();
        for (kind, key) in keys {
            let usual = dice.pick(&[60, 250, 1000]);
            for moment in moments {
                if !dice.once_in(usual) {
                    continue;
                }
                let length = match dice.from_to(0, 7) {
                    0..=3 => dice.from_to(1, 20_000),
                    4..=6 => dice.from_to(20_000, 400_000),
                    _ => dice.from_to(400_000, 7_200_000),
                };
                let trouble = match kind {
                    0 => dice.pick(&OF_DEPLOYMENT),
                    1 => dice.pick(&OF_ENDPOINT),
                    _ => dice.pick(&OF_CREDENTIAL),
                };
                let from = moment.saturating_sub(dice.from_to(0, 2_000));
                world.outages.push(Outage { key: key.clone(), from, to: from + length, trouble });
            }
        }
        world
    }

    /// Puts a deployment, an endpoint or a credential out of order.
    pub fn breaks(&mut self, key: &str, from: u64, to: u64, trouble: Trouble) {
        self.outages.push(Outage { key: key.into(), from, to, trouble });
    }

    /// Where each route leads.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// What a request to this route meets now. The last trouble that began counts.
    #[must_use]
    pub fn meets(&self, route: usize, now: u64, dice: &mut Dice) -> Meets {
        let keys = self.places[route].keys();
        let here = |outage: &&Outage| outage.from <= now && now < outage.to && keys.contains(&&outage.key);
        let trouble = self.outages.iter().filter(here).max_by_key(|outage| outage.from).map(|outage| outage.trouble);
        match trouble {
            Some(Trouble::Hangs) => Meets { after: None, failure: None },
            Some(Trouble::Fails(kind, after)) => Meets { after: Some(after), failure: Some(failure(kind, None)) },
            Some(Trouble::FailsFor(kind, stated)) => {
                Meets { after: Some(25), failure: Some(failure(kind, Some(dice.from_to(1, stated * 2)))) }
            }
            None if self.noise > 0 && dice.once_in(self.noise) => {
                let kind = dice.pick(&[FailureKind::ServerError, FailureKind::Connect, FailureKind::Unknown]);
                Meets { after: Some(dice.from_to(1, 500)), failure: Some(failure(kind, None)) }
            }
            None => Meets { after: Some(dice.from_to(20, self.slowest)), failure: None },
        }
    }
}

fn failure(kind: FailureKind, stated: Option<u64>) -> Failure {
    let status = match kind {
        FailureKind::Overloaded => Some(503),
        FailureKind::ServerError => Some(500),
        FailureKind::RateLimited | FailureKind::QuotaExhausted => Some(429),
        FailureKind::Auth => Some(401),
        FailureKind::NotFound => Some(404),
        _ => None,
    };
    let phase = (kind == FailureKind::Connect).then_some(Phase::Connect);
    Failure { status, phase, retry_after: stated.map(Duration::from_millis), ..Failure::new(kind) }
}

/// A failure as a vector writes it.
#[must_use]
pub fn failed_form(id: u32, failure: &Failure) -> Value {
    let mut form = json!({ "id": id, "kind": failure.kind.name(), "effect": failure.effect.name() });
    if let Some(status) = failure.status {
        form["status"] = status.into();
    }
    if let Some(phase) = failure.phase {
        form["phase"] = phase.name().into();
    }
    if let Some(after) = failure.retry_after {
        form["retry_after_ms"] = u64::try_from(after.as_millis()).unwrap_or(u64::MAX).into();
    }
    form
}
