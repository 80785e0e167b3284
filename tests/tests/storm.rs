//! Storms and flapping primaries: how much an outage is made worse by those who suffer it, and how soon the way back is taken.

use failsoft::command::RouteId;
use failsoft::policy::failure::FailureKind;
use failsoft_tests::differential::dice::Dice;
use failsoft_tests::sessions::host::{Host, Part, Plan};
use failsoft_tests::sessions::world::{Place, Trouble, World};
use serde_json::{Value, json};

const PRIMARY: RouteId = RouteId(0);
const BACKUP: RouteId = RouteId(1);
const MINUTE: u64 = 60_000;

/// A provider and its backup, which share nothing, or the provider alone.
fn places(backup: bool) -> Vec<Place> {
    let all = [Place::new("first", "large", "key"), Place::new("second", "large", "other key")];
    all.into_iter().take(1 + usize::from(backup)).collect()
}

fn host(policy: Value, world: World) -> Host {
    let names = ["primary", "backup"];
    let route = |at: usize| {
        let Place { endpoint, credential, .. } = &world.places()[at];
        json!({ "name": names[at], "model": "large", "endpoint": endpoint, "credential": credential, "activates": at == 0 })
    };
    let routes: Vec<Value> = (0..world.places().len()).map(route).collect();
    let head = json!({ "name": "a storm", "policy": policy, "routes": routes, "seed": 3, "call": {} });
    Host::new(head, world, false).unwrap()
}

/// Turns of one call each.
fn run(host: &mut Host, moments: impl Iterator<Item = u64>) {
    for (number, at) in moments.enumerate() {
        let dice = Dice::new(11, number as u64);
        let plan = Plan { number, at, calls: 1, inline: false, leaves: None, lost: None, within: None, dice };
        host.turn(&plan, None, Part::Played).unwrap();
    }
    host.end().unwrap();
}

/// What a provider may suffer from that a client could answer with more requests.
const TROUBLES: [Trouble; 8] = [
    Trouble::Fails(FailureKind::Overloaded, 20),
    Trouble::Fails(FailureKind::ServerError, 900),
    Trouble::FailsFor(FailureKind::Overloaded, 2_000),
    Trouble::Fails(FailureKind::RateLimited, 15),
    Trouble::FailsFor(FailureKind::RateLimited, 3_000),
    Trouble::Fails(FailureKind::Malformed, 300),
    Trouble::Fails(FailureKind::Connect, 4),
    Trouble::Hangs,
];

/// When the calls of a storm come: how many, and so many milliseconds apart.
const PACES: [(&str, u64, u64); 3] = [("at once", 1_000, 0), ("200 a second", 2_000, 5), ("5 a second", 1_000, 200)];

#[test]
fn a_provider_that_is_down_sees_a_fifth_more_requests_than_calls_and_ten_a_minute() {
    let hosts = [(true, true), (true, false), (false, true), (false, false)];
    for (at, trouble) in TROUBLES.into_iter().enumerate() {
        for (pace, (backup, breakers)) in hosts.into_iter().enumerate() {
            storm(trouble, PACES[(at + pace) % PACES.len()], backup, breakers);
        }
    }
}

fn storm(trouble: Trouble, (pace, calls, gap): (&str, u64, u64), backup: bool, breakers: bool) {
    let mut world = World::healthy(places(backup));
    world.breaks("first/large", 0, u64::MAX, trouble);
    let policy = json!({
        "breaker": { "enabled": breakers }, "attempt": { "timeout_ms": 5_000 },
    });
    let mut host = host(policy, world);
    run(&mut host, (0..calls).map(|call| call * gap));
    let story = format!("{trouble:?}, {pace}, backup {backup}, breakers {breakers}");
    let seen: Vec<u64> = host.asked.iter().filter(|(_, route)| *route == PRIMARY).map(|(at, _)| *at).collect();
    let lasted = seen.last().copied().unwrap_or(0);
    let most = calls * 12 / 10 + 10 * (lasted / MINUTE + 1);
    assert!(seen.len() as u64 <= most, "{story}: {} requests of {calls} calls, not {most}", seen.len());
    let answered = if backup { calls } else { 0 };
    assert_eq!((host.tally.calls, host.tally.answered), (calls, answered), "{story}");
    let charged = matches!(trouble, Trouble::Fails(FailureKind::Overloaded | FailureKind::Malformed, _));
    if breakers && gap > 0 && charged {
        assert!(seen.len() < 120, "{story}: {} requests while its breaker should be open", seen.len());
    }
}

/// The primary is down for a minute, and well again; what was seen of it.
struct Flap {
    host: Host,
    back: u64,
}

const DOWN: (u64, u64) = (30_000, 90_000);

fn flap(policy: Value, moments: impl Iterator<Item = u64>) -> Flap {
    let mut world = World::healthy(places(true));
    world.breaks("first/large", DOWN.0, DOWN.1, Trouble::Fails(FailureKind::Overloaded, 20));
    let mut host = host(policy, world);
    run(&mut host, moments);
    assert_eq!(host.tally.calls, host.tally.answered, "every request is answered");
    let first = |at: &&(u64, RouteId)| at.1 == PRIMARY && at.0 >= DOWN.1;
    let back = host.answers.iter().find(first).map(|(at, _)| *at).unwrap();
    Flap { host, back }
}

impl Flap {
    /// Requests to a route between these moments.
    fn asked(&self, route: RouteId, from: u64, to: u64) -> usize {
        self.host.asked.iter().filter(|(at, of)| *of == route && (from..to).contains(at)).count()
    }
}

#[test]
fn a_flapping_primary_is_probed_and_asked_again_when_it_is_well() {
    // Twenty agents one after the other, and two hundred at a time: a turn every 700 ms, or 200 turns every second.
    let alone: fn(u64) -> u64 = |turn| turn * 700;
    let crowd: fn(u64) -> u64 = |turn| turn / 200 * 1_000;
    for (story, turns, at) in [("one by one", 190, alone), ("200 at once", 26_000, crowd)] {
        let flap = flap(json!({}), (0..turns).map(at));
        // Until its breaker opens, whoever is there asks it; then one probe whenever its time has come.
        let opened = flap.host.ledger.opened(PRIMARY);
        let (Some(first), Some(last)) = (opened.first().copied(), opened.last().copied()) else {
            panic!("{story}: its breaker never opened");
        };
        assert!(opened.len() <= 4 && first <= DOWN.0 + 11_000, "{story}: opened at {opened:?}");
        // Some were under way when it opened.
        assert_eq!(flap.asked(PRIMARY, first + 25, DOWN.1), opened.len() - 1, "{story}");
        assert!(flap.back <= last + 30_000 + 1_000 + 2_000, "{story}: back at {}", flap.back);
        // The first answer is the one probe's, and from then on nobody asks the backup.
        assert_eq!(flap.asked(PRIMARY, DOWN.1, flap.back), 1, "{story}");
        assert_eq!(flap.asked(BACKUP, flap.back + 1, u64::MAX), 0, "{story}");
        assert_eq!(flap.asked(BACKUP, 0, DOWN.0), 0, "{story}");
    }
}

#[test]
fn a_rest_that_ends_is_tested_by_one() {
    // 200 calls in each second; the limit is met for twenty seconds, and nobody says how long it will be.
    let mut world = World::healthy(places(true));
    world.breaks("first/large", 10_000, 30_000, Trouble::Fails(FailureKind::RateLimited, 20));
    let mut host = host(json!({}), world);
    run(&mut host, (0..20_000).map(|turn| turn / 200 * 1_000));
    assert_eq!(host.tally.calls, host.tally.answered);
    let seen =
        |from: u64, to: u64| host.asked.iter().filter(|(at, of)| *of == PRIMARY && (from..to).contains(at)).count();
    // It rests for a minute from when the ladder has left it, which then is tested by one request.
    let rests_from =
        host.asked.iter().filter(|(at, of)| *of == PRIMARY && *at < 40_000).map(|(at, _)| *at).max().unwrap();
    assert_eq!(seen(rests_from + 1, rests_from + 59_000), 0);
    let probe = host.asked.iter().find(|(at, of)| *of == PRIMARY && *at > rests_from).copied().unwrap().0;
    assert!(probe <= rests_from + 61_100, "tested at {probe}, after it was left at {rests_from}");
    let answered = host.answers.iter().find(|(at, of)| *of == PRIMARY && *at > probe).copied().unwrap().0;
    assert_eq!(seen(probe, answered), 1);
}
