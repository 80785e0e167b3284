//! Plays a plan: waits, sends, holds, breaks off. A response body that is dropped early tells the log so by itself.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::time::{Instant, sleep, sleep_until};

use crate::fields::Ending;
use crate::line::Line;
use crate::plan::{Act, Script};
use crate::state::Exchange;

/// Marks a response that must not be sent: the connection ends instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HangUp;

/// Sends a reply.
pub(crate) async fn reply(script: Script, line: Arc<Line>, exchange: Exchange) -> Response {
    if !script.wait.is_zero() {
        sleep(script.wait).await;
    }
    let mut response = Response::new(Body::from_stream(body(script.acts, line, exchange)));
    *response.status_mut() = script.status;
    *response.headers_mut() = script.headers;
    response
}

/// Resets the connection without a head.
pub(crate) async fn reset(wait: Duration, line: Arc<Line>, mut exchange: Exchange) -> Response {
    sleep(wait).await;
    line.reset_at_end();
    exchange.done();
    hang_up()
}

/// Says nothing until the client leaves, or closes after a while.
pub(crate) async fn silence(limit: Option<Duration>, mut exchange: Exchange) -> Response {
    match limit {
        Some(limit) => sleep(limit).await,
        None => never().await,
    }
    exchange.done();
    hang_up()
}

/// Ends the connection in the middle of a body, once what was sent is on its way; the error makes hyper drop it.
pub(crate) async fn break_off(how: Ending, line: &Line, exchange: &mut Exchange) -> io::Error {
    line.flushed().await;
    match how {
        Ending::Reset => line.reset_at_end(),
        Ending::Close => {}
        Ending::Stall => never().await,
    }
    exchange.done();
    io::Error::other("broken off as the script says")
}

/// A body that never ends by itself.
async fn never() {
    std::future::pending::<Infallible>().await;
}

fn hang_up() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.extensions_mut().insert(HangUp);
    response
}

struct Playing {
    acts: VecDeque<Act>,
    /// When the hold being played began and when its next keep-alive is due.
    held: Option<(Instant, Instant)>,
    line: Arc<Line>,
    exchange: Exchange,
}

fn body(acts: VecDeque<Act>, line: Arc<Line>, exchange: Exchange) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(Playing { acts, held: None, line, exchange }, async |mut playing| {
        let next = playing.next().await?;
        Some((next, playing))
    })
}

impl Playing {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            match self.acts.pop_front() {
                None => {
                    self.exchange.done();
                    return None;
                }
                Some(Act::Send(bytes)) => {
                    // hyper may not ask again after the last byte of a body of known length.
                    if self.acts.is_empty() {
                        self.exchange.done();
                    }
                    return Some(Ok(bytes));
                }
                Some(Act::Wait(span)) => sleep(span).await,
                Some(Act::Hold(limit, keep_alive)) => {
                    if let Some(bytes) = self.hold(limit, keep_alive).await {
                        return Some(Ok(bytes));
                    }
                }
                Some(Act::End(how)) => return Some(Err(break_off(how, &self.line, &mut self.exchange).await)),
            }
        }
    }

    /// Holds until the next keep-alive, which is returned, or until the hold is over.
    async fn hold(&mut self, limit: Option<Duration>, keep_alive: Option<(Duration, Bytes)>) -> Option<Bytes> {
        let now = Instant::now();
        let (began, due) = self.held.unwrap_or((now, now));
        let end = limit.map(|limit| began + limit);
        let next = keep_alive.as_ref().map(|(every, _)| due + *every);
        match (end, next) {
            (None, None) => never().await,
            (Some(end), None) => sleep_until(end).await,
            (Some(end), Some(next)) if end <= next => sleep_until(end).await,
            (_, Some(next)) => {
                sleep_until(next).await;
                self.held = Some((began, next));
                let bytes = keep_alive.as_ref().map(|(_, bytes)| bytes.clone());
                self.acts.push_front(Act::Hold(limit, keep_alive));
                return bytes;
            }
        }
        self.held = None;
        None
    }
}
