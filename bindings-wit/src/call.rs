//! Calls: two verbs each, in the scope of a turn; and attempts that took the short way in.

use std::cell::RefCell;
use std::time::Duration;

use failsoft::command::{Event, Id};
use failsoft::turn::explain_call;
use failsoft::{Failure, Instant, Work};

use crate::command::{command, tell};
use crate::convert::failure_in;
use crate::turn::Turn;
use crate::wit;

/// One guarded operation within a turn.
pub(crate) struct Call {
    core: RefCell<failsoft::Call>,
    turn: Turn,
}

impl Call {
    pub(crate) fn over(core: failsoft::Call, turn: Turn) -> Self {
        Self { core: RefCell::new(core), turn }
    }

    fn said(&self, now: wit::Instant, take: bool) -> wit::Command {
        let now = Instant::from_millis(now);
        let mut call = self.core.borrow_mut();
        self.turn.with(|turn, session| {
            let scope = turn.scope_mut();
            let next = if take { call.next(scope, session, now) } else { call.poll(scope, session, now) };
            command(next, |verdict| explain_call(session, turn.scope(), call.id(), verdict))
        })
    }
}

impl wit::GuestCall for Call {
    fn new(turn: wit::TurnBorrow<'_>, form: wit::CallForm) -> Self {
        let call = failsoft::Call::new(Work::Function).replay(form.replay.into());
        let call = call.timeout(form.timeout.map(Duration::from_millis)).needs(form.context_tokens.unwrap_or(0));
        let call = match form.streaming {
            Some(form) => call.streaming(form.restartable),
            None => call,
        };
        Self::over(call, turn.get::<Turn>().clone())
    }

    fn poll(&self, now: wit::Instant) -> wit::Command {
        self.said(now, false)
    }

    fn next(&self, now: wit::Instant) -> wit::Command {
        self.said(now, true)
    }

    fn handle(&self, now: wit::Instant, event: wit::Event) -> bool {
        let now = Instant::from_millis(now);
        let mut call = self.core.borrow_mut();
        tell(event, |event| {
            self.turn.with(|turn, session| call.handle(turn.scope_mut(), session, now, event)).accepted()
        })
    }
}

/// An attempt that was let through.
pub(crate) struct Admitted {
    pub(crate) id: Id,
    pub(crate) core: failsoft::Call,
    pub(crate) turn: Turn,
}

impl Admitted {
    fn settle(&mut self, now: wit::Instant, result: Result<(), Failure>) {
        let now = Instant::from_millis(now);
        self.turn.with(|turn, session| self.core.settle(turn.scope_mut(), session, now, result));
    }
}

impl wit::GuestAdmitted for Admitted {
    fn succeeded(permit: wit::Admitted, now: wit::Instant) {
        permit.into_inner::<Self>().settle(now, Ok(()));
    }

    fn failed(permit: wit::Admitted, now: wit::Instant, failure: wit::Failure) -> wit::Call {
        let mut this = permit.into_inner::<Self>();
        this.settle(now, Err(failure_in(failure)));
        wit::Call::new(Call::over(this.core, this.turn))
    }

    fn abandoned(permit: wit::Admitted, now: wit::Instant) {
        let this = permit.into_inner::<Self>();
        let (mut call, event) = (this.core, Event::Abandoned(this.id));
        let now = Instant::from_millis(now);
        let _ = this.turn.with(|turn, session| call.handle(turn.scope_mut(), session, now, event));
    }
}
