//! `pass`: the request goes to a real OpenAI- or Anthropic-compatible server on loopback, its reply comes back
//! unchanged, unless the script breaks it off.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderValue, Request, Uri};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::sleep;

use crate::fields::{Ending, Pass};
use crate::line::Line;
use crate::state::Exchange;
use crate::wire::break_off;

/// A server on this machine that answers for real.
///
/// ```
/// use failsoft_provider::Upstream;
/// assert!("http://127.0.0.1:8080/v1".parse::<Upstream>().is_ok());
/// let refused = "http://192.0.2.1:8080".parse::<Upstream>().unwrap_err();
/// assert_eq!(refused, "upstream http://192.0.2.1:8080: 192.0.2.1 is not a loopback address (127.0.0.0/8, ::1, localhost)");
/// ```
#[derive(Clone, Debug)]
pub struct Upstream {
    address: SocketAddr,
    authority: String,
    client: Client<HttpConnector, Body>,
}

impl FromStr for Upstream {
    type Err = String;

    /// Reads `http://HOST:PORT`, a `/v1` after it being allowed; anything but loopback is refused.
    fn from_str(url: &str) -> Result<Self, String> {
        let refused = |why: &str| format!("upstream {url}: {why}");
        let uri: Uri = url.parse().map_err(|error| refused(&format!("no URL: {error}")))?;
        if uri.scheme_str() != Some("http") {
            return Err(refused("the scheme must be http"));
        }
        if !matches!(uri.path().trim_end_matches('/'), "" | "/v1") || uri.query().is_some() {
            return Err(refused("no path but /v1 may follow the port"));
        }
        let authority = uri.authority().ok_or_else(|| refused("the host is missing"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(80);
        // No name but localhost is looked up, and the address found now is the one asked later.
        let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(ip) => vec![(ip, port).into()],
            Err(_) if host == "localhost" => (host, port).to_socket_addrs().into_iter().flatten().collect(),
            Err(_) => Vec::new(),
        };
        let v4_first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
        let address = v4_first.copied().filter(|address| address.ip().is_loopback());
        let address = address
            .ok_or_else(|| refused(&format!("{host} is not a loopback address (127.0.0.0/8, ::1, localhost)")))?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { address, authority: authority.as_str().to_owned(), client })
    }
}

/// The request to pass on.
pub(crate) struct Passing<'a> {
    /// Where it goes.
    pub(crate) upstream: &'a Upstream,
    /// Its path and query.
    pub(crate) path: &'a str,
    /// Its headers.
    pub(crate) headers: &'a HeaderMap,
    /// Its body.
    pub(crate) body: Value,
}

impl Passing<'_> {
    fn request(&self) -> Result<Request<Body>, String> {
        let Upstream { address, authority, .. } = self.upstream;
        let mut request = Request::post(format!("http://{address}{}", self.path))
            .body(Body::from(self.body.to_string()))
            .map_err(|error| format!("the request cannot be passed on: {error}"))?;
        *request.headers_mut() = end_to_end(self.headers);
        request.headers_mut().remove(CONTENT_LENGTH);
        if let Ok(host) = HeaderValue::try_from(authority) {
            request.headers_mut().insert(HOST, host);
        }
        Ok(request)
    }
}

/// Asks the upstream and gives its reply back. The error is the upstream's failure to reply.
pub(crate) async fn pass(
    pass: &Pass,
    mut passing: Passing<'_>,
    line: Arc<Line>,
    exchange: Exchange,
) -> Result<Response, (Exchange, String)> {
    sleep(pass.delay_ms.span()).await;
    // Where the path names the model it stays as it is.
    if let (Some(model), Some(asked)) = (&pass.model, passing.body.get_mut("model")) {
        *asked = model.as_str().into();
    }
    let request = match passing.request() {
        Ok(request) => request,
        Err(error) => return Err((exchange, error)),
    };
    let Upstream { authority, client, .. } = passing.upstream;
    let (mut head, body) = match client.request(request).await {
        Ok(reply) => reply.into_parts(),
        Err(error) => return Err((exchange, format!("the upstream {authority} did not reply: {error}"))),
    };
    exchange.note("pass", Some(head.status));
    head.headers = end_to_end(&head.headers);
    let is_stream = head.headers.get(CONTENT_TYPE).is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream"));
    let left = pass.cut_after.map(|events| if is_stream { Left::Events(events) } else { Left::Half });
    let relay = Relay { body, left, line_is_empty: true, how: pass.how, line, exchange };
    let relayed = stream::unfold(relay, async |mut relay| {
        let next = relay.next().await?;
        Some((next, relay))
    });
    Ok(Response::from_parts(head, Body::from_stream(relayed)))
}

/// Headers without those that concern one connection only.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"] {
        kept.remove(name);
    }
    kept
}

/// What may still come through before a reply is broken off.
#[derive(Clone, Copy)]
enum Left {
    /// So many events of a stream.
    Events(usize),
    /// Half of the next bytes.
    Half,
    /// Nothing.
    Nothing,
}

/// A reply on its way back.
struct Relay {
    body: Incoming,
    left: Option<Left>,
    /// Whether the line of the stream being read has no bytes so far: another line end then ends the event.
    line_is_empty: bool,
    how: Ending,
    line: Arc<Line>,
    exchange: Exchange,
}

impl Relay {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if matches!(self.left, Some(Left::Nothing | Left::Events(0))) {
            return Some(Err(break_off(self.how, &self.line, &mut self.exchange).await));
        }
        loop {
            match self.body.frame().await.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(bytes))) => {
                    let bytes = self.let_through(bytes);
                    if self.body.is_end_stream() && self.left.is_none() {
                        self.exchange.done();
                    }
                    return Some(Ok(bytes));
                }
                Some(Ok(Err(_trailers))) => {}
                Some(Err(error)) => {
                    self.exchange.done();
                    return Some(Err(io::Error::other(error)));
                }
                None => {
                    self.exchange.done();
                    return None;
                }
            }
        }
    }

    /// What may come through of these bytes.
    fn let_through(&mut self, mut bytes: Bytes) -> Bytes {
        match self.left {
            Some(Left::Half) => {
                self.left = Some(Left::Nothing);
                bytes.truncate(bytes.len() / 2);
            }
            Some(Left::Events(mut events)) => {
                let mut through = 0;
                for byte in &bytes {
                    if events == 0 {
                        break;
                    }
                    through += 1;
                    if *byte == b'\n' && self.line_is_empty {
                        events -= 1;
                    }
                    self.line_is_empty = *byte == b'\n' || (*byte == b'\r' && self.line_is_empty);
                }
                self.left = Some(Left::Events(events));
                bytes.truncate(through);
            }
            Some(Left::Nothing) | None => {}
        }
        bytes
    }
}
