//! Which event means what to which state: the table of transitions that a host causes.

use super::*;

impl Call {
    /// Takes what happened.
    pub fn handle(&mut self, scope: &mut Scope, session: &mut Session, now: Instant, event: Event<'_>) -> Handled {
        let mut cx = Context::new(session, scope, now);
        if self.handle_in(&mut cx, event).accepted() {
            return Handled::Accepted;
        }
        cx.scope.handle_cancelled(event)
    }

    pub(crate) fn handle_in(&mut self, cx: &mut Context<'_>, event: Event<'_>) -> Handled {
        if !cx.scope.hedges.is_empty()
            && let Some(handled) = self.handle_hedged(cx, event)
        {
            return handled;
        }
        let held = self.current();
        let next = match (&mut self.state, event) {
            (
                State::Attempt(Running { id, taken, .. })
                | State::Rebuild { id, taken, .. }
                | State::Switch { id, taken, .. },
                Event::Taken(what),
            ) if *id == what && !*taken => {
                *taken = true;
                if self.may_hedge(cx.policy, cx.live) {
                    self.await_hedge(cx);
                }
                return Handled::Accepted;
            }
            (State::Attempt(running), Event::Progress { id, meaningful })
                if id == running.id && running.is_streaming() =>
            {
                if meaningful {
                    running.progress = Some(cx.now);
                    if let Some(ticket) = &mut running.ticket {
                        ticket.answered = ticket.answered.min(cx.now);
                    }
                    self.share_anew(cx);
                }
                return Handled::Accepted;
            }
            // Making a client does no harm twice: asked for again, under the same id.
            (State::Rebuild { taken, .. } | State::Switch { taken, .. }, Event::Interrupted) if *taken => {
                *taken = false;
                return Handled::Accepted;
            }
            (State::Attempt(running), Event::Spent { id, usage })
                if id == running.id && matches!(self.work, Work::Model { .. }) =>
            {
                cx.scope.told = Some(Told { id, usage });
                return Handled::Accepted;
            }
            (State::Attempt(running), Event::Succeeded(id) | Event::Replied { id, .. }) if id == running.id => {
                let running = *running;
                if self.may_hedge(cx.policy, cx.live)
                    && !running.is_streaming()
                    && let Some(route) = self.route
                {
                    self.learn(cx, route, cx.now - running.started);
                }
                self.succeeded(cx, &running)
            }
            (State::Attempt(running), Event::Failed { id, failure }) if id == running.id => {
                let running = *running;
                self.attempt_failed(cx, running, failure)
            }
            (State::Attempt(running), Event::Interrupted) if running.taken => {
                let running = *running;
                self.interrupted(cx, running)
            }
            (&mut State::Wait { id, until, then, .. }, Event::Waited(waited)) if id == waited => {
                // A stubbed sleep is a sleep.
                cx.now = cx.scope.tick(until);
                self.after_wait(cx, then)
            }
            (&mut State::Rebuild { id, route, settle, .. }, Event::Ready(ready)) if id == ready => {
                self.rebuilt(cx, route, settle)
            }
            (&mut State::Rebuild { id, route, .. }, Event::NotReady(not)) if id == not => self.not_rebuilt(cx, route),
            (&mut State::Switch { id, route, ticket, .. }, Event::Ready(ready)) if id == ready => {
                self.switched(cx, route, ticket)
            }
            (&mut State::Switch { id, route, ticket, .. }, Event::NotReady(not)) if id == not => {
                self.not_switched(cx, route, ticket)
            }
            (_, Event::Abandoned(id)) if held == Some(id) => self.abandoned(cx),
            _ => return Handled::Stale,
        };
        self.state = next;
        Handled::Accepted
    }
}
