//! Turns: two verbs, and the short way into a call.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use failsoft::notice::What;
use failsoft::{Instant, RouteId, Tool, Work};

use crate::call::{Admitted, Call};
use crate::command::{attempt_out, command, outcome, tell, usage_out};
use crate::convert::{failure_out, ms};
use crate::session::Session;
use crate::wit;

/// A turn and the session it belongs to; calls hold on to both.
#[derive(Clone)]
pub(crate) struct Turn {
    core: Rc<RefCell<failsoft::Turn>>,
    session: Rc<RefCell<failsoft::Session>>,
}

impl Turn {
    pub(crate) fn with<R>(&self, decide: impl FnOnce(&mut failsoft::Turn, &mut failsoft::Session) -> R) -> R {
        decide(&mut self.core.borrow_mut(), &mut self.session.borrow_mut())
    }

    fn over(core: failsoft::Turn, session: &Session) -> Self {
        Self { core: Rc::new(RefCell::new(core)), session: session.0.clone() }
    }

    fn said(&self, now: wit::Instant, take: bool) -> wit::Command {
        let now = Instant::from_millis(now);
        self.with(|turn, session| {
            let next = if take { turn.next(session, now) } else { turn.poll(session, now) };
            command(next, |_| turn.detail().to_string())
        })
    }
}

fn read_tools(tools: Vec<wit::Tool>) -> Arc<[Tool]> {
    let read = |tool: wit::Tool| Tool {
        risky: tool.risky,
        replay: tool.replay.into(),
        timeout: tool.timeout.map(Duration::from_millis),
        ..Tool::new(tool.name)
    };
    tools.into_iter().map(read).collect()
}

impl wit::GuestTurn for Turn {
    fn new(session: wit::SessionBorrow<'_>, tools: Vec<wit::Tool>, now: wit::Instant) -> Self {
        let session = session.get::<Session>();
        let core = failsoft::Turn::new(&mut session.0.borrow_mut(), read_tools(tools), Instant::from_millis(now));
        Self::over(core, session)
    }

    fn restore(
        session: wit::SessionBorrow<'_>,
        text: String,
        tools: Vec<wit::Tool>,
        now: wit::Instant,
        wall: wit::Wall,
    ) -> Result<wit::Turn, String> {
        let (session, now) = (session.get::<Session>(), Instant::from_millis(now));
        let core = failsoft::Turn::restore(&text, &session.0.borrow(), read_tools(tools), now, wall);
        Ok(wit::Turn::new(Self::over(core.map_err(|wrong| wrong.to_string())?, session)))
    }

    fn snapshot(&self, now: wit::Instant, wall: wit::Wall) -> String {
        self.with(|turn, session| turn.snapshot(session, Instant::from_millis(now), wall))
    }

    fn poll(&self, now: wit::Instant) -> wit::Command {
        self.said(now, false)
    }

    fn next(&self, now: wit::Instant) -> wit::Command {
        self.said(now, true)
    }

    fn handle(&self, now: wit::Instant, event: wit::Event) -> bool {
        let now = Instant::from_millis(now);
        tell(event, |event| self.with(|turn, session| turn.handle(session, now, event)).accepted())
    }

    fn outcome(&self, index: u32) -> Option<wit::Outcome> {
        self.core.borrow().outcome(index).map(outcome)
    }

    fn sentence(&self, index: u32) -> Option<String> {
        self.core.borrow().sentence(index)
    }

    fn degraded_answer(&self) -> Option<String> {
        self.core.borrow().degraded_answer()
    }

    fn report(&self) -> wit::Report {
        self.with(|turn, session| {
            let route = turn.scope().answered_by().map(|route| session.route_name(route).to_string());
            let report = turn.report(session);
            wit::Report {
                route,
                stop_reason: report.stop_reason.map(Into::into),
                degraded: report.degraded,
                steps: report.steps,
                attempts: report.attempts,
                tool_calls: report.tool_calls,
                blocked: report.blocked,
                usage: usage_out(report.usage),
                spent: usage_out(report.spent),
                failure: report.failure.map(failure_out),
                lines: report.lines,
            }
        })
    }

    fn notices(&self) -> Vec<wit::Notice> {
        self.with(|turn, session| {
            let started = turn.scope().started();
            let mut out = Vec::new();
            while let Some(notice) = turn.poll_notice() {
                let failed = match notice.what {
                    What::AttemptFailed { number, failure, next, delay } => Some(wit::FailedAttempt {
                        number,
                        kind: failure.kind.into(),
                        next: next.name().to_string(),
                        delay: ms(delay),
                    }),
                    _ => None,
                };
                out.push(wit::Notice {
                    at: ms(notice.at - started),
                    line: turn.scope().event_log().line(session, &notice),
                    what: notice.what.name().to_string(),
                    route: notice.route.map(|route| session.route_name(route).to_string()),
                    failed,
                });
            }
            out
        })
    }

    fn take_step(&self, now: wit::Instant) -> Result<u32, wit::Limit> {
        self.with(|turn, session| turn.take_step(session, Instant::from_millis(now))).map_err(Into::into)
    }

    fn time_left(&self, now: wit::Instant) -> Option<wit::Ms> {
        self.core.borrow().scope().deadline().map(|deadline| ms(deadline - Instant::from_millis(now)))
    }

    fn shorten(&self, now: wit::Instant, timeout: wit::Ms) {
        let deadline = Instant::from_millis(now) + Duration::from_millis(timeout);
        self.core.borrow_mut().scope_mut().shorten(deadline);
    }

    fn inherit(&self, now: wit::Instant, parent: wit::TurnBorrow<'_>, there: wit::Instant, share_budgets: bool) {
        let parent = parent.get::<Self>();
        let inherited = parent.core.borrow_mut().hand_down(Instant::from_millis(there), share_budgets);
        self.core.borrow_mut().inherit(inherited, Instant::from_millis(now));
    }

    fn set_run_id(&self, run_id: String) -> Result<(), String> {
        self.core.borrow_mut().scope_mut().set_run_id(&run_id).map_err(|wrong| wrong.to_string())
    }

    fn stream_on(&self, routes: Vec<u8>, restartable: bool) {
        let routes = routes.into_iter().map(RouteId).collect();
        self.core.borrow_mut().streams(routes, restartable);
    }

    fn enter(&self, now: wit::Instant, streaming: Option<wit::StreamForm>) -> wit::Entered {
        let call = failsoft::Call::new(Work::Function);
        let mut call = match streaming {
            Some(form) => call.streaming(form.restartable),
            None => call,
        };
        self.with(|turn, session| {
            let scope = turn.scope_mut();
            if call.enter(scope, session, Instant::from_millis(now))
                && let Some(attempt) = call.attempted(scope)
            {
                let admitted = wit::Admitted::new(Admitted { id: attempt.id, core: call, turn: self.clone() });
                return wit::Entered::Go((attempt_out(&attempt), admitted));
            }
            wit::Entered::Slow(wit::Call::new(Call::over(call, self.clone())))
        })
    }
}
