//! Sessions that live for weeks: thousands of turns, many at once, over providers that fail in their own time.
//!
//! A reference model of the providers decides what every request meets; a ledger that knows nothing of the core's insides says
//! what must never happen. All follows from a seed, turn by turn, so that a case which fails is cut down to the turns that it
//! takes, and printed as a vector.

mod budget;
mod gate;
pub mod head;
pub mod host;
pub mod ledger;
pub mod world;

use failsoft::command::RouteId;
use failsoft::policy::breaker::Order;

use crate::differential::dice::Dice;
use host::{Between, Host, Part, Plan, Tally};
use ledger::ByHand;
use world::World;

/// One session: everything in it follows from these numbers.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The seed of all cases.
    pub seed: u64,
    /// Which case.
    pub number: u64,
    /// How many turns it has.
    pub turns: usize,
}

/// A session of so many routes is never stored as a longer text, however long it has lived.
const fn longest(routes: usize) -> usize {
    2_000 + routes * 3_000
}

/// What a session did.
#[derive(Debug, Clone, Copy)]
pub struct Lived {
    /// What its turns did.
    pub tally: Tally,
    /// Probes that were let through.
    pub probes: u64,
    /// How often a breaker opened or a rest began.
    pub refusals: u64,
    /// Until when it lived.
    pub days: u64,
}

impl Case {
    /// Runs it; what did not hold comes with the case, cut down and as a vector.
    ///
    /// # Errors
    /// What did not hold.
    pub fn run(self) -> Result<Lived, String> {
        let all: Vec<(usize, Part)> = (0..self.turns).map(|turn| (turn, Part::Played)).collect();
        let wrong = match self.played(&all, false) {
            Ok((host, days)) => {
                let (probes, refusals) = (host.ledger.probes, host.ledger.refusals);
                return Ok(Lived { tally: host.tally, probes, refusals, days });
            }
            Err((wrong, _)) => wrong,
        };
        let few = self.without(self.without(all, Part::Played), Part::Begun);
        let turns: Vec<usize> = few.iter().map(|(turn, _)| *turn).collect();
        match self.played(&few, true) {
            Ok(_) => Err(format!("{self:?}: {wrong}\nonly with all turns")),
            Err((wrong, vector)) => Err(format!("{self:?}: {wrong}\nturns {turns:?}, as a vector:\n{vector}")),
        }
    }

    /// The whole of it as a vector.
    ///
    /// # Errors
    /// What did not hold.
    pub fn vector(self) -> Result<String, String> {
        let all: Vec<(usize, Part)> = (0..self.turns).map(|turn| (turn, Part::Played)).collect();
        self.played(&all, true).map(|(host, _)| host.vector()).map_err(|(wrong, _)| wrong)
    }

    /// As many of these turns as can go: those that do something do nothing, those that do nothing are not there.
    fn without(self, mut turns: Vec<(usize, Part)>, of: Part) -> Vec<(usize, Part)> {
        let mut piece = turns.len().div_ceil(2);
        while piece > 0 {
            let mut at = 0;
            while at < turns.len() {
                let goes = |place: usize, part: Part| (at..at + piece).contains(&place) && part == of;
                let fewer = turns.iter().enumerate().filter_map(|(place, &(turn, part))| match part {
                    Part::Played if goes(place, part) => Some((turn, Part::Begun)),
                    Part::Begun if goes(place, part) => None,
                    part => Some((turn, part)),
                });
                let fewer: Vec<(usize, Part)> = fewer.collect();
                let (shorter, fails) =
                    (fewer.len() < turns.len(), fewer != turns && self.played(&fewer, false).is_err());
                if fails {
                    turns = fewer;
                }
                if !(fails && shorter) {
                    at += piece;
                }
            }
            piece /= 2;
        }
        turns
    }

    /// Plays these of its turns. What did not hold comes with the vector.
    fn played(self, turns: &[(usize, Part)], written: bool) -> Result<(Host, u64), (String, String)> {
        let mut dice = Dice::new(self.seed, self.number);
        let (head, places) = head::at_random(&mut dice);
        let routes = places.len();
        let (plans, between) = (plans(self, &mut dice), betweens(self.turns, routes, &mut dice));
        let moments: Vec<u64> = plans.iter().map(|plan| plan.at).collect();
        let world = World::at_random(places, &moments, &mut dice);
        let mut host = Host::new(head, world, written).map_err(|wrong| (wrong, String::new()))?;
        let mut play = || {
            for &(turn, part) in turns {
                host.turn(&plans[turn], between[turn], part)?;
            }
            host.end()?;
            let stored = host.tally.stored;
            if stored > longest(routes) { Err(format!("the session is stored as {stored} bytes")) } else { Ok(()) }
        };
        match play() {
            Ok(()) => Ok((host, moments.last().copied().unwrap_or(0) / 86_400_000)),
            Err(wrong) => Err((wrong, host.vector())),
        }
    }
}

/// Turns in crowds, one by one, and after hours of nothing.
fn plans(case: Case, dice: &mut Dice) -> Vec<Plan> {
    let mut at = 0;
    let plan = |number| {
        at += match dice.from_to(0, 59) {
            0 => dice.from_to(600_000, 72_000_000),
            1..=8 => dice.from_to(5_000, 120_000),
            9..=29 => dice.from_to(100, 5_000),
            _ => dice.from_to(0, 40),
        };
        let stays = |dice: &mut Dice, usual| dice.once_in(usual).then(|| at + dice.from_to(1, 20_000));
        Plan {
            number,
            at,
            calls: if dice.once_in(3) { dice.from_to(1, 6) } else { 1 },
            inline: dice.once_in(6),
            leaves: stays(dice, 30),
            lost: stays(dice, 120),
            within: dice.once_in(8).then(|| dice.once_in(2)),
            dice: Dice::new(dice.bits() ^ case.seed, case.number),
        }
    };
    (0..case.turns).map(plan).collect()
}

fn betweens(turns: usize, routes: usize, dice: &mut Dice) -> Vec<Option<Between>> {
    let last = u64::try_from(routes).unwrap_or(1) - 1;
    let route = |dice: &mut Dice| RouteId(u8::try_from(dice.from_to(0, last)).unwrap_or(0));
    let between = |_| match dice.from_to(0, 399) {
        0 => Some(Between::Restart(dice.from_to(0, 100_000))),
        1 => Some(Between::Reset(route(dice))),
        2..=4 => Some(Between::ByHand(route(dice), ByHand::Order(dice.pick(Order::ALL)))),
        5..=9 => Some(Between::ByHand(route(dice), ByHand::Order(Order::Automatic))),
        10 => Some(Between::ByHand(route(dice), ByHand::Isolate)),
        11..=15 => Some(Between::ByHand(route(dice), ByHand::Release)),
        // Soon again: what a death leaves half done has to be met.
        16..=21 => Some(Between::Restart(dice.from_to(0, 3_000))),
        _ => None,
    };
    (0..turns).map(between).collect()
}
