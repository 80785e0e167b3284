//! What happens to a turn: something of it is due, is reported, and leaves notices behind.

use failsoft::Instant;
use failsoft::command::{Event, Id, RouteId};
use failsoft::notice::What;
use failsoft::policy::failure::Failure;
use serde_json::{Value, json};

use super::{Host, Open};
use crate::differential::dice::Dice;
use crate::sessions::world::failed_form;

impl Host {
    pub(super) fn begin_call(&mut self, who: usize) {
        let clear = self.ledger.routes().filter(|route| self.ledger.is_clear(*route, self.now)).collect();
        let Some(actor) = self.actors.get_mut(&who) else { return };
        (actor.began, actor.asked, actor.clear, actor.first) = (self.now, Vec::new(), clear, true);
        actor.own = 0;
    }

    /// Something of this turn is due.
    pub(super) fn advance(&mut self, who: usize) -> Result<(), String> {
        let now = self.now;
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(()) };
        if actor.plan.lost.is_some_and(|at| at <= now) {
            self.actors.remove(&who);
            self.ledger.lost(who);
            return Ok(());
        }
        if actor.plan.leaves.is_some_and(|at| at <= now) {
            return self.leave(who);
        }
        let due: Vec<(Id, Open)> = actor.open.iter().map(|(id, open)| (*id, open.clone())).collect();
        let mut news = actor.wake.is_some_and(|at| at <= now);
        for (id, open) in due {
            news |= self.report(who, id, open)?;
        }
        if news {
            return self.go_on(who);
        }
        self.schedule(who);
        Ok(())
    }

    /// The user leaves: whatever is under way is taken back.
    fn leave(&mut self, who: usize) -> Result<(), String> {
        let ids: Vec<Id> = self.actors.get(&who).map(|actor| actor.open.keys().copied().collect()).unwrap_or_default();
        for id in ids {
            self.event(who, Event::Abandoned(id), json!({ "abandoned": id }))?;
            self.ledger.given_back((who, id));
        }
        self.actors.remove(&who);
        self.making.retain(|(_, maker), _| *maker != who);
        Ok(())
    }

    fn report(&mut self, who: usize, id: Id, open: Open) -> Result<bool, String> {
        let now = self.now;
        match open {
            Open::Attempt { route, due, failure, progress } => {
                if due.is_some_and(|due| due <= now) {
                    self.settle(who, id, route, failure)?;
                    return Ok(true);
                }
                let Some(at) = progress.first().copied().filter(|at| *at <= now) else { return Ok(false) };
                let event = Event::Progress { id, meaningful: true, usage: None };
                self.event(who, event, json!({ "progress": { "id": id, "meaningful": true } }))?;
                if let Some(Open::Attempt { progress, .. }) =
                    self.actors.get_mut(&who).and_then(|a| a.open.get_mut(&id))
                {
                    progress.retain(|other| *other > at);
                }
                Ok(true)
            }
            Open::Client { due, made, route, held } if due <= now => {
                self.making.remove(&(route, who));
                if held {
                    self.ledger.given_back((who, id));
                }
                if made {
                    self.event(who, Event::Ready(id), json!({ "ready": id }))?;
                } else {
                    self.ledger.troubled(route, now);
                    self.event(who, Event::NotReady(id), json!({ "not_ready": id }))?;
                }
                self.close(who, id);
                Ok(true)
            }
            Open::Sleep { due } if due <= now => {
                self.close(who, id);
                if self.dice(who).is_some_and(|dice| dice.once_in(2)) {
                    self.event(who, Event::Waited(id), json!({ "waited": id }))?;
                }
                Ok(true)
            }
            Open::Client { .. } | Open::Sleep { .. } => Ok(false),
        }
    }

    fn settle(&mut self, who: usize, id: Id, route: RouteId, failure: Option<Failure>) -> Result<(), String> {
        self.close(who, id);
        match failure {
            None => {
                if self.event(who, Event::Succeeded(id), json!({ "succeeded": id }))? {
                    self.ledger.passed((who, id), self.now)?;
                    self.answers.push((self.now, route));
                }
            }
            Some(failure) => {
                let form = json!({ "failed": failed_form(id, &failure) });
                self.event(who, Event::Failed { id, failure, spent: None }, form)?;
            }
        }
        Ok(())
    }

    pub(super) fn close(&mut self, who: usize, id: Id) {
        if let Some(actor) = self.actors.get_mut(&who) {
            actor.open.remove(&id);
        }
    }

    pub(super) fn dice(&mut self, who: usize) -> Option<&mut Dice> {
        self.actors.get_mut(&who).map(|actor| &mut actor.plan.dice)
    }

    /// Says something to the machine; whether it meant anything.
    pub(super) fn event(&mut self, who: usize, event: Event<'_>, mut form: Value) -> Result<bool, String> {
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(false) };
        let now = Instant::from_millis(self.now);
        let accepted = actor.call.handle(actor.turn.scope_mut(), &mut self.session, now, event).accepted();
        form["turn"] = actor.name.as_str().into();
        if !accepted {
            form["stale"] = true.into();
        }
        self.write(|| form);
        self.listen(who)?;
        Ok(accepted)
    }

    /// Reads what is new in the turn's event log.
    pub(super) fn listen(&mut self, who: usize) -> Result<(), String> {
        let Some(actor) = self.actors.get_mut(&who) else { return Ok(()) };
        while let Some(notice) = actor.turn.scope_mut().poll_notice() {
            if let What::AttemptFailed { failure, .. } = notice.what {
                let now = notice.at.as_millis();
                actor.granted = self.ledger.moment(now);
                let stated = failure.stated().map_or(0, |stated| u64::try_from(stated.as_millis()).unwrap_or(u64::MAX));
                actor.own = actor.own.max(now.saturating_add(stated));
            }
            match (notice.what, notice.route) {
                (What::Hedged { .. }, _) => {
                    actor.hedges.insert(notice.id);
                }
                (What::MovedOn, Some(route)) => {
                    actor.committed = Some(route);
                    actor.away = if route.0 == 0 { None } else { actor.away.or(Some(self.now)) };
                }
                _ => {}
            }
            self.ledger.told(who, &notice)?;
        }
        self.ledger.heard()
    }
}
