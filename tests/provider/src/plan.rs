//! From a behaviour to what goes over the wire: the head of a reply, then a list of acts. No IO here.

use std::collections::VecDeque;
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;
use serde_json::Value;

use crate::api::{Api, Dialect, Fault};
use crate::ask::{Answer, Ask, Frame, Part};
use crate::behaviour::Behaviour;
use crate::fields::{Cut, Ending, NoTerminator, Pass, Slow, Stall, Status, StreamError};
use crate::reply::Reply;
use crate::units::Headers;

/// What to do with a request.
#[derive(Debug)]
pub(crate) enum Plan<'a> {
    /// After a wait, a head and a body.
    Reply(Script),
    /// After a wait, a reset without a head.
    Reset(Duration),
    /// No head ever; a close after a while, if one is given.
    Silence(Option<Duration>),
    /// Ask the upstream.
    Pass(&'a Pass),
}

/// A reply, from its head to its end.
#[derive(Debug)]
pub(crate) struct Script {
    /// The time before the head.
    pub(crate) wait: Duration,
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) acts: VecDeque<Act>,
}

/// One thing done in the course of a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    /// Send bytes.
    Send(Bytes),
    /// Send nothing for a while.
    Wait(Duration),
    /// Send nothing but keep-alives (interval and bytes), for a while or until the client leaves.
    Hold(Option<Duration>, Option<(Duration, Bytes)>),
    /// End the connection although the body is not complete.
    End(Ending),
}

/// Who asks, and under which numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion<'a> {
    /// The request.
    pub(crate) ask: &'a Ask,
    /// Its number over all models.
    pub(crate) number: u64,
    /// Its number for its model.
    pub(crate) request: u64,
}

/// The plan for a behaviour that [`Behaviour::resolve`] has settled.
pub(crate) fn plan<'a>(behaviour: &'a Behaviour, on: Occasion<'_>) -> Plan<'a> {
    let reply = match behaviour {
        Behaviour::Status(status) => return Plan::Reply(on.status(status)),
        Behaviour::Reset(reset) => return Plan::Reset(reset.delay_ms.span()),
        Behaviour::Silence(silence) => return Plan::Silence(silence.for_ms.map(|ms| ms.span())),
        Behaviour::Pass(pass) => return Plan::Pass(pass),
        Behaviour::MalformedBody(it) => {
            let script = whole(StatusCode::OK, it.body.clone().into(), "application/json");
            return Plan::Reply(script.with_headers(&it.headers));
        }
        Behaviour::Answer(reply) => reply,
        Behaviour::Slow(it) => &it.reply,
        Behaviour::Cut(it) => &it.reply,
        Behaviour::Stall(it) => &it.reply,
        Behaviour::MalformedChunk(it) => &it.reply,
        Behaviour::NoTerminator(it) => &it.reply,
        Behaviour::NoFinish(it) => &it.reply,
        Behaviour::StreamError(it) => &it.reply,
        Behaviour::Down(it) => return plan(&it.up, on),
        Behaviour::AfterTool(it) => return plan(&it.first, on),
    };
    let mut script = if on.ask.stream { on.streamed(behaviour, reply) } else { on.plain(behaviour, reply) };
    script.wait += reply.0.delay_ms.span();
    Plan::Reply(on.with_request_id(script).with_headers(&reply.0.headers))
}

impl Occasion<'_> {
    /// A refusal in the words of the API spoken.
    pub(crate) fn refusal(&self, status: StatusCode, message: &str) -> Script {
        refusal(self.ask.api, self.number, status, message)
    }

    fn answer<'b>(&'b self, reply: &'b Reply) -> Answer<'b> {
        Answer { ask: self.ask, reply: &reply.0, number: self.number, request: self.request }
    }

    fn dialect(&self) -> &'static dyn Dialect {
        self.ask.api.dialect()
    }

    fn with_request_id(&self, mut script: Script) -> Script {
        script.set(self.dialect().id_header(), format!("req_{}", self.number));
        script
    }

    /// The whole body or the data of an error that comes under status 200: its type, and the script's own or the API's.
    fn stream_error(&self, it: &StreamError) -> (String, String) {
        let kind = it.kind.as_deref().unwrap_or(self.dialect().overloaded());
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let body = match &it.body {
            None => self.dialect().error(Fault { kind, message: &it.message, status, number: self.number }).to_string(),
            Some(Value::String(raw)) => raw.clone(),
            Some(json) => json.to_string(),
        };
        (kind.to_owned(), body)
    }

    fn status(&self, status: &Status) -> Script {
        let code = status.status.0;
        let mut script = match &status.body {
            None => self.refusal(code, &format!("{} as the script says", code.as_u16())),
            Some(Value::String(raw)) => whole(code, raw.clone().into(), "text/plain; charset=utf-8"),
            Some(json) => whole(code, json.to_string().into(), "application/json"),
        };
        // Amazon's clients go by this header, not by the body.
        if let (Some(name), true) = (self.dialect().error_header(), code.as_u16() >= 400) {
            script.set(name, self.dialect().error_type(code).into());
        }
        script.wait = status.delay_ms.span();
        self.with_request_id(script).with_headers(&status.headers)
    }

    /// What the behaviour makes of a stream.
    fn streamed(&self, behaviour: &Behaviour, reply: &Reply) -> Script {
        let answer = self.answer(reply);
        let dialect = self.dialect();
        let mut frames = dialect.frames(answer);
        let pace = reply.0.pace_ms.span();
        let acts = match behaviour {
            Behaviour::Slow(Slow { ms, .. }) => {
                let rest = split_off(&mut frames, 0);
                paced(frames, pace).chain([Act::Wait(ms.span())]).chain(paced(rest, pace)).collect()
            }
            Behaviour::Cut(Cut { after, how, .. }) => {
                split_off(&mut frames, *after);
                paced(frames, pace).chain([Act::End(*how)]).collect()
            }
            Behaviour::Stall(Stall { after, for_ms, keep_alive_ms, .. }) => {
                let rest = split_off(&mut frames, *after);
                let keep_alive = keep_alive_ms.zip(dialect.keep_alive());
                let keep_alive = keep_alive.map(|(every, bytes)| (every.span(), bytes));
                let hold = Act::Hold(for_ms.map(|ms| ms.span()), keep_alive);
                paced(frames, pace).chain([hold]).chain(paced(rest, pace)).collect()
            }
            Behaviour::MalformedChunk(it) => {
                let rest = split_off(&mut frames, it.after);
                let rest = if it.goes_on { rest } else { Vec::new() };
                frames.push(Frame { part: Part::Frame, bytes: dialect.piece(&it.data) });
                paced(frames, pace).chain(paced(rest, pace)).collect()
            }
            Behaviour::NoTerminator(NoTerminator { stays_open, .. }) => {
                frames.retain(|frame| frame.part != Part::Terminator);
                paced(frames, pace).chain(stays_open.then_some(Act::Hold(None, None))).collect()
            }
            Behaviour::NoFinish(it) => {
                let rest = split_off(&mut frames, it.after.unwrap_or(usize::MAX));
                let terminator = rest.into_iter().filter(|frame| it.terminator && frame.part == Part::Terminator);
                frames.extend(terminator);
                paced(frames, pace).collect()
            }
            Behaviour::StreamError(it) => {
                split_off(&mut frames, it.after);
                let (kind, data) = self.stream_error(it);
                frames.push(Frame { part: Part::Frame, bytes: dialect.error_piece(&kind, &data) });
                paced(frames, pace).collect()
            }
            _ => paced(frames, pace).collect(),
        };
        let mut script = Script { wait: Duration::ZERO, status: StatusCode::OK, headers: HeaderMap::new(), acts };
        script.headers.insert(CONTENT_TYPE, HeaderValue::from_static(dialect.stream_type()));
        script.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        script
    }

    /// What the behaviour makes of a plain JSON answer.
    fn plain(&self, behaviour: &Behaviour, reply: &Reply) -> Script {
        let answer = self.answer(reply);
        let finished = !matches!(behaviour, Behaviour::NoFinish(_));
        let bytes = Bytes::from(match behaviour {
            Behaviour::StreamError(it) => self.stream_error(it).1,
            _ => self.dialect().whole(answer, finished).to_string(),
        });
        let (half, rest) = (bytes.slice(..bytes.len() / 2), bytes.slice(bytes.len() / 2..));
        let mut script = whole(StatusCode::OK, bytes, "application/json");
        match behaviour {
            Behaviour::Slow(it) => script.wait = it.ms.span(),
            Behaviour::MalformedChunk(_) => script = whole(StatusCode::OK, half, "application/json"),
            Behaviour::Cut(it) => script.acts = [Act::Send(half), Act::End(it.how)].into(),
            Behaviour::Stall(it) => {
                let hold = Act::Hold(it.for_ms.map(|ms| ms.span()), None);
                script.acts = [Act::Send(half), hold, Act::Send(rest)].into();
            }
            _ => {}
        }
        script
    }
}

impl Script {
    /// Adds headers, which win over those already there.
    fn with_headers(mut self, headers: &Headers) -> Self {
        for (name, _) in &headers.0 {
            self.headers.remove(name);
        }
        for (name, value) in &headers.0 {
            self.headers.append(name, value.clone());
        }
        self
    }

    fn set(&mut self, name: &'static str, value: String) {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// A refusal in the words of an API.
pub(crate) fn refusal(api: Api, number: u64, status: StatusCode, message: &str) -> Script {
    let kind = api.dialect().error_type(status);
    let body = api.dialect().error(Fault { kind, message, status, number });
    whole(status, body.to_string().into(), "application/json")
}

/// A reply whose body is known whole. The length is stated, so that a body cut short is seen to be.
fn whole(status: StatusCode, body: Bytes, content_type: &'static str) -> Script {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    Script { wait: Duration::ZERO, status, headers, acts: [Act::Send(body)].into() }
}

/// Splits after the `count`th chunk with content: 0 is before the first, too many is after the last.
fn split_off(frames: &mut Vec<Frame>, count: usize) -> Vec<Frame> {
    let places = frames.iter().enumerate().filter(|(_, frame)| frame.part == Part::Content).map(|(place, _)| place);
    let places: Vec<usize> = places.collect();
    let place = match count.checked_sub(1) {
        None => places.first().copied(),
        Some(nth) => places.get(nth).or(places.last()).map(|place| place + 1),
    };
    frames.split_off(place.unwrap_or(frames.len()))
}

fn paced(frames: Vec<Frame>, pace: Duration) -> impl Iterator<Item = Act> {
    frames.into_iter().flat_map(move |frame| {
        let wait = (frame.part == Part::Content && !pace.is_zero()).then_some(Act::Wait(pace));
        std::iter::once(Act::Send(frame.bytes)).chain(wait)
    })
}
