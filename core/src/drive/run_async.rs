//! A whole turn, on any executor: the tool calls of a reply run together.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;

use super::Share;
use super::call::is_rebuild;
use super::host::{AsyncHost, Ended, Guide, Said, ToolError, Wanted, no_such_call};
use super::time::{Clock, slices};
use crate::command::{Attempt, Command, Event, Id, RouteId, WaitWhy, Work};
use crate::policy::approval::{Decision, Digest};
use crate::policy::failure::{Failure, FailureKind};
use crate::turn::Turn;

/// Runs a turn to its end, as [`run`](super::run()), on any executor: `sleep` is the executor's, such as `tokio::time::sleep`.
///
/// The tool calls of a reply run together, and what has a limit is dropped when it passes. Dropping the future abandons the
/// turn: everything under way is dropped with it and permits go back.
pub async fn run_async<H: AsyncHost, Sleep: Future>(
    share: &impl Share,
    turn: &mut Turn,
    clock: &impl Clock,
    sleep: impl Fn(Duration) -> Sleep,
    host: &H,
) -> Ended {
    let mut guide = Guide::new(share, turn, clock);
    // Declared after the guide and so dropped before it: first the work stops, then the turn is told.
    let mut running = Running::new();
    loop {
        match guide.poll() {
            Command::Attempt(attempt) => match attempt.work {
                Work::Model { with_tools, .. } => {
                    guide.tell(|call, text| host.told(call, text));
                    guide.taken(attempt.id);
                    running.start(attempt.id, work(host, Task::Model(attempt, with_tools)));
                }
                Work::Tool { index } => {
                    guide.taken(attempt.id);
                    running.start(attempt.id, work(host, Task::Tool(attempt, index, Arc::clone(&guide.wanted))));
                }
                Work::Function => guide.failed(attempt.id, Failure::new(FailureKind::Bug)),
            },
            Command::AskApproval { id, index, digest, .. } => {
                guide.taken(id);
                running.start(id, work(host, Task::Approve(index, digest, Arc::clone(&guide.wanted))));
            }
            Command::Wait { why: WaitWhy::Running, delay, until, .. } => {
                let slice = slices(delay).next().unwrap_or_default();
                match running.first(|| sleep(slice)).await {
                    Some((id, Done::Said(said))) => guide.said(id, said),
                    Some((id, Done::Ran(index, result))) => guide.ran(id, index, result),
                    Some((id, Done::Decided(digest, decision))) => guide.decided(id, digest, decision),
                    Some((id, Done::Prepared(ready))) => guide.prepared(id, ready),
                    None => guide.expired(until - (delay - slice)),
                }
            }
            Command::Wait { id, delay, .. } => {
                guide.waiting(id);
                for slice in slices(delay) {
                    sleep(slice).await;
                }
                let _ = guide.handle(id, Event::Waited(id));
            }
            change @ (Command::Rebuild { id, route, .. } | Command::Switch { id, route, .. }) => {
                guide.taken(id);
                running.start(id, work(host, Task::Prepare(route, is_rebuild(change))));
            }
            Command::Cancel { id, .. } => {
                running.stop(id);
                guide.cancelled(id);
            }
            Command::Finish(_) => {
                guide.tell(|call, text| host.told(call, text));
                return guide.ended();
            }
        }
    }
}

/// Something to do for a turn.
enum Task {
    Model(Attempt, bool),
    Tool(Attempt, u32, Arc<[Wanted]>),
    Approve(u32, Digest, Arc<[Wanted]>),
    Prepare(RouteId, bool),
}

/// What it brought.
enum Done {
    Said(Result<Said, Failure>),
    Ran(u32, Result<String, ToolError>),
    Decided(Digest, Decision),
    Prepared(bool),
}

/// One function for every kind of work, so that all futures under way are of one type: they need no `dyn`, and the turn is
/// `Send` when the host's futures are.
async fn work<H: AsyncHost>(host: &H, task: Task) -> Done {
    let call = |wanted: &Arc<[Wanted]>, index: u32| wanted.get(usize::try_from(index).ok()?).cloned();
    match task {
        Task::Model(attempt, with_tools) => Done::Said(host.model(&attempt, with_tools).await),
        Task::Tool(attempt, index, wanted) => match call(&wanted, index) {
            Some(call) => Done::Ran(index, host.tool(&attempt, &call).await),
            None => Done::Ran(index, Err(no_such_call(index))),
        },
        Task::Approve(index, digest, wanted) => match call(&wanted, index) {
            Some(call) => Done::Decided(digest, host.approve(&call).await),
            None => Done::Decided(digest, Decision::NoApprover),
        },
        Task::Prepare(route, rebuild) => Done::Prepared(host.prepare(route, rebuild).await),
    }
}

/// What is under way. A turn has a handful at most, so a list that is polled from the front will do.
pub(super) struct Running<F>(Vec<(Id, Pin<Box<F>>)>);

impl<F: Future> Running<F> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn start(&mut self, id: Id, future: F) {
        self.0.push((id, Box::pin(future)));
    }

    /// False if nothing runs under this id.
    pub(super) fn stop(&mut self, id: Id) -> bool {
        let before = self.0.len();
        self.0.retain(|(running, _)| *running != id);
        self.0.len() < before
    }

    /// Whatever ends first, or `None` if the limit comes before.
    pub(super) async fn first<L: Future>(&mut self, limit: impl FnOnce() -> L) -> Option<(Id, F::Output)> {
        let (mut sleep, mut limit) = (pin!(None), Some(limit));
        poll_fn(|cx| {
            for at in 0..self.0.len() {
                if let Some((id, future)) = self.0.get_mut(at)
                    && let Poll::Ready(done) = future.as_mut().poll(cx)
                {
                    let id = *id;
                    drop(self.0.remove(at));
                    return Poll::Ready(Some((id, done)));
                }
            }
            if let Some(limit) = limit.take() {
                sleep.set(Some(limit()));
            }
            sleep.as_mut().as_pin_mut().map_or(Poll::Pending, |sleep| sleep.poll(cx).map(|_| None))
        })
        .await
    }
}

#[cfg(test)]
mod tests;
