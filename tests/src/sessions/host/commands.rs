//! What the machine says, what a host does about it, and whether it should have been said.

use std::time::Duration;

use failsoft::command::{Attempt, Command, Event, Id, RouteId, WaitWhy};
use failsoft::policy::failure::{Failure, FailureKind};
use failsoft::policy::fallback::FallbackScope;
use failsoft::{End, Instant};
use serde_json::json;

use super::{Host, Open};
use crate::said;
use crate::sessions::ledger::Asked;

/// Others believe for so long that a client is still being made.
const GRACE: Duration = Duration::from_secs(5);

impl Host {
    /// Polls until the machine waits for something, and does what it says.
    pub(super) fn go_on(&mut self, who: usize) -> Result<(), String> {
        loop {
            let now = Instant::from_millis(self.now);
            let Some(actor) = self.actors.get_mut(&who) else { return Ok(()) };
            let command = actor.call.poll(actor.turn.scope_mut(), &mut self.session, now);
            if self.steps.is_some() {
                let form = json!({ "turn": actor.name, "poll": said::command(&command, &self.session) });
                self.write(|| form);
            }
            self.listen(who)?;
            self.over(who, &command);
            self.in_time(who, &command)?;
            let goes_on = match command {
                Command::Attempt(attempt) => self.attempt(who, attempt)?,
                Command::Switch { id, route, until, .. } => {
                    self.asks(who, id, route, (until.as_millis(), until.as_millis()))?;
                    self.make(who, id, route, until, true)?
                }
                Command::Rebuild { id, route, until, .. } => {
                    self.granted(who);
                    self.make(who, id, route, until, false)?
                }
                Command::Cancel { id, .. } => {
                    self.close(who, id);
                    self.ledger.given_back((who, id));
                    self.event(who, Event::Taken(id), json!({ "taken": id }))?
                }
                Command::Wait { id, until, why, .. } => {
                    if why == WaitWhy::Backoff {
                        self.granted(who);
                    }
                    let Some(actor) = self.actors.get_mut(&who) else { return Ok(()) };
                    actor.wake = until.known().map(Instant::as_millis);
                    if why != WaitWhy::Running {
                        actor.open.insert(id, Open::Sleep { due: until.as_millis() });
                    }
                    if why == WaitWhy::Activating {
                        actor.first = false;
                    }
                    false
                }
                Command::Finish(verdict) => self.finish(who, verdict.end)?,
                Command::AskApproval { .. } => return Err("a question of a function".into()),
            };
            if !goes_on {
                self.schedule(who);
                return Ok(());
            }
        }
    }

    /// A client that is neither waited for nor cancelled was given up on.
    fn over(&mut self, who: usize, command: &Command) {
        let known = match command {
            Command::Cancel { .. } | Command::Wait { why: WaitWhy::Running, .. } => return,
            Command::Attempt(attempt) => attempt.id,
            Command::Switch { id, .. } | Command::Rebuild { id, .. } | Command::Wait { id, .. } => *id,
            _ => 0,
        };
        let Some(actor) = self.actors.get_mut(&who) else { return };
        let is_client = |(id, open): (&Id, &Open)| (*id != known && matches!(open, Open::Client { .. })).then_some(*id);
        for id in actor.open.iter().filter_map(is_client).collect::<Vec<Id>>() {
            actor.open.remove(&id);
            self.making.retain(|(_, maker), _| *maker != who);
            self.ledger.given_back((who, id));
        }
    }

    /// Another attempt on the same route was granted just now.
    fn granted(&mut self, who: usize) {
        let moment = self.ledger.moment(self.now);
        if let Some(actor) = self.actors.get_mut(&who) {
            actor.granted = moment;
        }
    }

    pub(super) fn schedule(&mut self, who: usize) {
        let Some(actor) = self.actors.get(&who) else { return };
        let wakes = if actor.plan.inline && actor.open.values().any(|open| !matches!(open, Open::Sleep { .. })) {
            None
        } else {
            actor.wake
        };
        let due = actor.open.values().filter_map(|open| match open {
            Open::Attempt { due, progress, .. } => progress.first().copied().or(*due),
            Open::Client { due, .. } | Open::Sleep { due } => Some(*due),
        });
        let next = due.chain(wakes).chain(actor.plan.leaves).chain(actor.plan.lost).min();
        if let Some(next) = next {
            self.queue.insert((next.max(self.now + u64::from(next <= self.now)), who));
        }
    }

    /// Nothing begins, and nothing may run or wait, past the deadline.
    fn in_time(&self, who: usize, command: &Command) -> Result<(), String> {
        let Some(deadline) = self.actors.get(&who).and_then(|actor| actor.turn.scope().deadline()) else {
            return Ok(());
        };
        let until = match command {
            Command::Attempt(attempt) => attempt.until,
            Command::Switch { until, .. } | Command::Rebuild { until, .. } | Command::Wait { until, .. } => *until,
            _ => return Ok(()),
        };
        if until > deadline || self.now >= deadline.as_millis() {
            return Err(format!("{command:?} at {}, with the deadline {deadline:?}", self.now));
        }
        Ok(())
    }

    fn attempt(&mut self, who: usize, attempt: Attempt) -> Result<bool, String> {
        let Some(route) = attempt.route else { return Err("an attempt without a route".into()) };
        let (id, now) = (attempt.id, self.now);
        let until = attempt.until.as_millis();
        let streams = attempt.first_progress.is_some();
        let longest = if streams { now + self.timeout(route) } else { until };
        self.asks(who, id, route, (until, longest.max(until)))?;
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(false) };
        if actor.hedges.contains(&id) {
            self.tally.hedges += 1;
            let granted = self.ledger.moment(now);
            self.ledger.repeated(route, granted);
        } else if attempt.number == 1 {
            self.ledger.first(route, now);
            (actor.committed, self.committed[0]) = (Some(route), Some(route));
            if route.0 > 0 {
                self.committed[1] = Some(route);
            }
            actor.away = if route.0 == 0 { None } else { actor.away.or(Some(now)) };
        } else {
            self.ledger.repeated(route, actor.granted);
        }
        for turn in actor.sharing.iter().chain([&who]) {
            let attempts = self.attempts.entry(*turn).or_default();
            *attempts += 1;
            if self.policy.turn.attempts.is_some_and(|most| *attempts > most) {
                return Err(format!("turn {turn} and those within it made {attempts} attempts"));
            }
        }
        self.tally.requests += 1;
        self.asked.push((now, route));
        let met = self.world.meets(usize::from(route.0), now, &mut actor.plan.dice);
        let mut due = met.after.map(|after| now + after);
        let mut failure = met.failure;
        let mut progress = Vec::new();
        if streams && !actor.plan.inline && actor.plan.dice.once_in(2) {
            let span = met.after.unwrap_or(3_000);
            progress = (1..4).map(|part| now + span * part / 4).filter(|at| due.is_none_or(|due| *at < due)).collect();
        }
        if actor.plan.inline && due.is_none() {
            due = Some(until.saturating_add(actor.plan.dice.from_to(0, 8_000)));
            failure = Some(Failure::new(FailureKind::ReadTimeout));
        }
        actor.open.insert(id, Open::Attempt { route, due, failure, progress });
        if actor.plan.inline {
            return Ok(false);
        }
        self.event(who, Event::Taken(id), json!({ "taken": id }))
    }

    fn timeout(&self, route: RouteId) -> u64 {
        let own = self.session.routes().nth(usize::from(route.0)).and_then(|route| route.timeout);
        u64::try_from(own.unwrap_or(self.policy.attempt.timeout).as_millis()).unwrap_or(u64::MAX)
    }

    /// Routes that may be asked now. A client that another turn is making is waited for as long as the patience reaches.
    fn admissible(&self, who: usize) -> Vec<RouteId> {
        let is_made = |route: RouteId| {
            let others =
                |((of, maker), until): (&(RouteId, usize), &u64)| *of == route && *maker != who && self.now < *until;
            self.making.iter().any(others)
        };
        self.ledger.routes().filter(|route| self.ledger.admits(*route, self.now) && !is_made(*route)).collect()
    }

    /// An attempt or a switch: may this route be asked, and is it the one to ask?
    fn asks(&mut self, who: usize, id: Id, route: RouteId, until: (u64, u64)) -> Result<(), String> {
        let admissible = self.admissible(who);
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(()) };
        if !actor.known.insert(id) {
            return Err(format!("id {id} was used twice"));
        }
        if actor.first {
            let beginnings: Vec<Option<RouteId>> = match self.policy.fallback.scope {
                FallbackScope::Call => vec![None],
                FallbackScope::Turn if self.policy.fallback.recheck.is_none() => vec![actor.committed],
                FallbackScope::Turn => vec![actor.committed, None],
                // A session is where its calls have come to, or back at the primary when that has worked.
                FallbackScope::Session => self.committed.iter().copied().chain([actor.committed, None]).collect(),
            };
            let before = |first: &Option<RouteId>| {
                let mut order = first.iter().copied().chain(self.ledger.routes()).take_while(|other| *other != route);
                order.find(|route| admissible.contains(route))
            };
            let recheck =
                self.policy.fallback.recheck.map(|recheck| u64::try_from(recheck.as_millis()).unwrap_or(u64::MAX));
            let away =
                recheck.zip(actor.away).is_some_and(|(recheck, since)| self.now >= since.saturating_add(recheck));
            let looks = away && self.policy.fallback.scope == FallbackScope::Turn;
            let primary = RouteId(0);
            if looks && route.0 > 0 && admissible.contains(&primary) {
                return Err(format!("a call of turn {who} began at {route:?}, away since {:?}", actor.away));
            }
            let passed_over: Vec<RouteId> = beginnings.iter().filter_map(before).collect();
            if passed_over.len() == beginnings.len() {
                return Err(format!("a call of turn {who} began at {route:?}, and {passed_over:?} may be asked"));
            }
        }
        // A deployment that has failed in this call is skipped, by whichever route.
        let known = |other: RouteId| actor.asked.iter().any(|asked| self.ledger.same_deployment(*asked, other));
        let other = |other: &RouteId| !known(*other) && !self.ledger.same_deployment(*other, route);
        let others: Vec<RouteId> = admissible.iter().copied().filter(other).collect();
        let own = if actor.asked.last() == Some(&route) { actor.own } else { 0 };
        actor.asked.push(route);
        actor.first = false;
        if route.0 == 0 && actor.away.is_some() {
            actor.away = Some(self.now);
        }
        self.ledger.admitted(Asked { who: (who, id), route, now: self.now, until, own }, &others)
    }

    fn make(&mut self, who: usize, id: Id, route: RouteId, until: Instant, held: bool) -> Result<bool, String> {
        let meets = self.dice(who).cloned().map(|mut dice| self.world.meets(usize::from(route.0), self.now, &mut dice));
        let now = self.now;
        let Some(dice) = self.dice(who) else { return Ok(false) };
        let due = now + dice.from_to(1, 2_500);
        let cut_off = meets.is_some_and(|meets| meets.failure.is_some_and(|of| of.kind == FailureKind::Connect));
        let fails = dice.once_in(6) || (cut_off && dice.once_in(2));
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(false) };
        self.making.insert((route, who), (until + GRACE).as_millis());
        actor.open.insert(id, Open::Client { due, made: !fails, route, held });
        self.event(who, Event::Taken(id), json!({ "taken": id }))
    }

    fn finish(&mut self, who: usize, end: End) -> Result<bool, String> {
        self.tally.calls += 1;
        self.tally.answered += u64::from(end == End::Succeeded);
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(false) };
        let gave_up = !matches!(end, End::Succeeded | End::Cancelled | End::Limit(_));
        let well = actor.clear.iter().find(|route| self.ledger.is_clear(**route, actor.began));
        if let Some(well) = well.filter(|_| gave_up) {
            return Err(format!("a call of turn {who} ended with {end:?}, and {well:?} was well all the time"));
        }
        actor.plan.calls -= 1;
        actor.open.clear();
        actor.wake = None;
        let (Some(form), true) = (&self.form.call, actor.plan.calls > 0) else {
            self.actors.remove(&who);
            return Ok(false);
        };
        actor.call = form.call();
        let (name, said) = (actor.name.clone(), self.head["call"].clone());
        self.write(|| json!({ "turn": name, "new_call": said }));
        self.begin_call(who);
        Ok(true)
    }
}
