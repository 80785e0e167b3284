//! A provider in this process, and two clients for it: ureq for what is well-formed, a bare socket for what is not.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use failsoft_provider::{Doors, Options, serve};
use serde_json::{Value, json};
use tokio::sync::oneshot;

pub(crate) const OPENAI: &str = "/v1/chat/completions";
pub(crate) const ANTHROPIC: &str = "/v1/messages";

/// A provider that ends with the test.
pub(crate) struct Server {
    pub(crate) port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        Self::begin(options, false)
    }

    /// One with the ports where requests fail before HTTP begins.
    pub(crate) fn with_doors() -> Self {
        Self::begin(Options::default(), true)
    }

    fn begin(options: Options, doors: bool) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let doors = doors.then(|| Doors::open().unwrap());
                let options = Options { doors, ..options };
                tokio::select! {
                    never = serve(listener, options).unwrap() => match never {},
                    _ = stopped => {}
                }
            });
        });
        Self { port, stop: Some(stop), thread: Some(thread) }
    }

    /// A provider whose model `m` has this script.
    pub(crate) fn scripted(steps: &Value) -> Self {
        let server = Self::start();
        let set = server.call("POST", "/script", &json!({ "models": { "m": steps } }).to_string());
        assert_eq!(set, (200, json!({ "models": ["m"] })));
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A call with ureq: the status, and the body as JSON (`null` if it is none).
    pub(crate) fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request =
            ureq::http::Request::builder().method(method).uri(self.url() + path).body(body.to_owned()).unwrap();
        let mut reply = agent.run(request).unwrap();
        let text = reply.body_mut().read_to_string().unwrap();
        (reply.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
    }

    /// Asks a model for a plain answer.
    pub(crate) fn ask(&self, path: &str, model: &str) -> (u16, Value) {
        self.call("POST", path, &question(model, false).to_string())
    }

    /// The log, once no request is under way.
    pub(crate) fn log(&self) -> Vec<Value> {
        for _ in 0..500 {
            let (_, log) = self.call("GET", "/log", "");
            let log = log.as_array().unwrap().clone();
            if log.iter().all(|entry| !entry["ended_ms"].is_null()) {
                return log;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        unreachable!("a request never ended");
    }

    /// What is being done about the first request in the log, once it is there.
    pub(crate) fn first_behaviour(&self) -> String {
        for _ in 0..500 {
            let (_, log) = self.call("GET", "/log", "");
            if let Some(behaviour) = log[0]["behaviour"].as_str().filter(|behaviour| !behaviour.is_empty()) {
                return behaviour.to_owned();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        unreachable!("a request never came");
    }

    /// Sends a question over a socket of its own.
    pub(crate) fn send(&self, path: &str, body: &Value) -> Caller {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let body = body.to_string();
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).unwrap();
        Caller { stream, raw: Vec::new() }
    }

    /// The whole stream that model `m` gives.
    pub(crate) fn stream(&self, path: &str) -> Heard {
        self.send(path, &question("m", true)).hear_out()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

/// A question for a model, good for both APIs.
pub(crate) fn question(model: &str, stream: bool) -> Value {
    json!({
        "model": model, "stream": stream, "max_tokens": 100, "stream_options": { "include_usage": true },
        "messages": [{ "role": "user", "content": "what is 17 x 23?" }],
    })
}

/// A client that has asked and reads as it likes; dropping it is leaving.
pub(crate) struct Caller {
    stream: TcpStream,
    raw: Vec<u8>,
}

/// How a connection ended.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    /// The reply was complete.
    Whole,
    /// Closed in order, but the reply was not complete.
    Closed,
    /// Reset.
    Reset,
}

/// All that came.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: Option<u16>,
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) end: End,
}

impl Caller {
    /// Reads until this text has come.
    pub(crate) fn hear(&mut self, text: &str) {
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&self.raw).contains(text) {
            let count = self.stream.read(&mut buffer).unwrap();
            assert!(count > 0, "{text:?} never came");
            self.raw.extend(&buffer[..count]);
        }
    }

    /// Whether nothing more comes for a moment.
    pub(crate) fn hears_nothing(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
        let heard = self.stream.read(&mut [0; 16]);
        heard.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }

    /// Reads to the end.
    pub(crate) fn hear_out(mut self) -> Heard {
        let ended = self.stream.read_to_end(&mut self.raw);
        let raw = String::from_utf8(self.raw).unwrap();
        let (head, rest) = raw.split_once("\r\n\r\n").unwrap_or_default();
        let head = head.to_lowercase();
        let status = head.split(' ').nth(1).map(|status| status.parse().unwrap());
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let (body, complete) = match length {
            Some(length) => (rest.to_owned(), rest.len() == length.parse::<usize>().unwrap()),
            None => unchunked(rest),
        };
        let end = match ended {
            Ok(_) if complete => End::Whole,
            Ok(_) => End::Closed,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => End::Reset,
            Err(error) => unreachable!("{error}"),
        };
        Heard { status, head, body, end }
    }
}

impl Heard {
    /// The `data` of each event; what is not JSON as a string.
    pub(crate) fn events(&self) -> Vec<Value> {
        let lines = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        lines.map(|data| serde_json::from_str(data).unwrap_or_else(|_| data.into())).collect()
    }

    /// The text that came, by either API.
    pub(crate) fn text(&self) -> String {
        let openai = |event: &Value| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned);
        let anthropic = |event: &Value| event["delta"]["text"].as_str().map(str::to_owned);
        self.events().iter().filter_map(|event| openai(event).or_else(|| anthropic(event))).collect()
    }

    /// The finish reason that came, by either API.
    pub(crate) fn finish(&self) -> Option<String> {
        let of = |event: &Value| {
            event["choices"][0]["finish_reason"].as_str().or(event["delta"]["stop_reason"].as_str()).map(str::to_owned)
        };
        self.events().iter().find_map(of)
    }

    /// Whether the terminator came, by either API.
    pub(crate) fn terminated(&self) -> bool {
        self.events().iter().any(|event| event == "[DONE]" || event["type"] == "message_stop")
    }
}

/// A chunked body's content, and whether its last chunk came.
fn unchunked(mut rest: &str) -> (String, bool) {
    let mut body = String::new();
    while let Some((size, tail)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        body.push_str(tail.get(..size).unwrap_or(tail));
        rest = tail.get(size + 2..).unwrap_or_default();
    }
    (body, false)
}
