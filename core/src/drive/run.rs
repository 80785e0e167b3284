//! A whole turn, blocking.

use super::Share;
use super::call::is_rebuild;
use super::host::{Ended, Guide, Host, no_such_call};
use super::time::{Time, slices};
use crate::command::{Command, Event, Work};
use crate::policy::approval::Decision;
use crate::policy::failure::{Failure, FailureKind};
use crate::turn::Turn;

/// Runs a turn to its end: asks the model, lets its tool calls through the gate, runs them one after the other, asks again.
///
/// It returns no error: whatever goes wrong, [`Ended`] has an answer to show and a report that says what happened. A blocking
/// model or tool is not interrupted: give `attempt.timeout` to whatever it waits for, or see
/// [`with_deadline`](super::with_deadline).
///
/// # Examples
/// ```
/// use std::cell::RefCell;
/// use failsoft::drive::{self, Clock, Host, Said, ToolError, VirtualTime, Wanted};
/// use failsoft::{Attempt, Failure, Policy, Route, Session, Turn};
///
/// struct Echo(Vec<String>);
///
/// impl Host for Echo {
///     fn model(&mut self, _: &Attempt, _: bool) -> Result<Said, Failure> {
///         Ok(Said::answer(self.0.join(" ")))
///     }
///     fn tool(&mut self, _: &Attempt, _: &Wanted) -> Result<String, ToolError> {
///         Ok(String::new()) // it has none
///     }
///     fn told(&mut self, _: &Wanted, text: String) {
///         self.0.push(text);
///     }
/// }
///
/// # fn main() -> Result<(), failsoft::policy::Invalid> {
/// let session = RefCell::new(Session::new(Policy::default().into(), vec![Route::new("primary")])?);
/// let time = VirtualTime::new();
/// let mut turn = Turn::new(&mut session.borrow_mut(), [].into(), time.now());
/// let ended = drive::run(&session, &mut turn, &time, &mut Echo(vec!["hello".into()]));
/// assert_eq!((ended.answer.as_str(), ended.report.degraded), ("hello", false));
/// # Ok(())
/// # }
/// ```
pub fn run(share: &impl Share, turn: &mut Turn, time: &impl Time, host: &mut impl Host) -> Ended {
    let mut guide = Guide::new(share, turn, time);
    loop {
        match guide.poll() {
            Command::Attempt(attempt) => match attempt.work {
                Work::Model { with_tools, .. } => {
                    guide.tell(|call, text| host.told(call, text));
                    guide.taken(attempt.id);
                    let said = host.model(&attempt, with_tools);
                    guide.said(attempt.id, said);
                }
                Work::Tool { index } => {
                    guide.taken(attempt.id);
                    let result = match guide.wanted(index) {
                        Some(call) => host.tool(&attempt, call),
                        None => Err(no_such_call(index)),
                    };
                    guide.ran(attempt.id, index, result);
                }
                Work::Function => guide.failed(attempt.id, Failure::new(FailureKind::Bug)),
            },
            Command::AskApproval { id, index, digest, .. } => {
                guide.taken(id);
                let decision = guide.wanted(index).map_or(Decision::NoApprover, |call| host.approve(call));
                guide.decided(id, digest, decision);
            }
            Command::Wait { id, delay, until, .. } => {
                guide.waiting(id);
                slices(delay).for_each(|slice| time.sleep(slice));
                if !guide.handle(id, Event::Waited(id)).accepted() {
                    guide.expired(until);
                }
            }
            change @ (Command::Rebuild { id, route, .. } | Command::Switch { id, route, .. }) => {
                guide.taken(id);
                let ready = host.prepare(route, is_rebuild(change));
                guide.prepared(id, ready);
            }
            Command::Cancel { id, .. } => guide.cancelled(id),
            Command::Finish(_) => {
                guide.tell(|call, text| host.told(call, text));
                return guide.ended();
            }
        }
    }
}
