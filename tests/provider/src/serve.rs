//! The accept loop: one task a connection, each with its [`Line`], all of them ended when the loop is dropped.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::middleware::from_fn;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower_service::Service as _;

use crate::doors::{self, Doors, Visitor};
use crate::line::{Line, Wire};
use crate::proxy::Upstream;
use crate::routes;
use crate::script::Script;
use crate::state::Provider;
use crate::wire::HangUp;

/// How a provider is started.
#[derive(Debug, Default)]
pub struct Options {
    /// Scripts to begin with; more can be posted to `/script`.
    pub script: Script,
    /// The server `pass` leads to. With one, models without a script are passed on instead of refused.
    pub upstream: Option<Upstream>,
    /// Let web pages of any origin use the provider (CORS).
    pub cors: bool,
    /// More ports, where requests fail before HTTP begins.
    pub doors: Option<Doors>,
}

/// Takes the script, then serves until the future is dropped. The only error is a script that needs an upstream when
/// there is none.
pub fn serve(listener: TcpListener, options: Options) -> Result<impl Future<Output = Infallible>, String> {
    let provider = Arc::new(Provider::new(options.upstream));
    provider.load(options.script)?;
    let mut health = json!({ "status": "ok" });
    if let (Some(doors), Some(fields), Ok(address)) = (&options.doors, health.as_object_mut(), listener.local_addr()) {
        fields.insert("doors".into(), doors.addresses(address).into());
        fields.insert("certificate".into(), doors.certificate().into());
    }
    let router = routes::router(provider, health);
    let router = if options.cors { router.layer(from_fn(routes::cors)) } else { router };
    Ok(accept(listener, options.doors, router))
}

async fn accept(listener: TcpListener, doors: Option<Doors>, router: Router) -> Infallible {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    number += 1;
                    let line = Line::new(number);
                    connections.spawn(connection(wire(stream, &line), line, router.clone()));
                }
                // Out of file descriptors, or a client that left before it was accepted: go on when there is air.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            },
            Some(visitor) = visitor(doors.as_ref()) => {
                number += 1;
                let (line, router) = (Line::new(number), router.clone());
                match visitor {
                    Visitor::Untrusting(stream, acceptor) => connections.spawn(async move {
                        // The usual end: the client does not trust the certificate.
                        if let Ok(stream) = acceptor.accept(wire(stream, &line)).await {
                            connection(stream, line, router).await;
                        }
                    }),
                    Visitor::Unheard(stream) => connections.spawn(doors::never_answer(stream)),
                };
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn visitor(doors: Option<&Doors>) -> Option<Visitor> {
    doors?.visitor().await
}

fn wire(stream: TcpStream, line: &Arc<Line>) -> Wire {
    // Chunks must leave one by one.
    let _ = stream.set_nodelay(true);
    Wire::new(stream, Arc::clone(line))
}

/// Serves one connection until either side ends it. How it ended is in the log, request by request.
async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin, line: Arc<Line>, router: Router) {
    let service = service_fn(|request: Request<Incoming>| {
        let mut router = router.clone();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Arc::clone(&line));
        async move {
            let response = match router.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            match response.extensions().get::<HangUp>() {
                Some(HangUp) => Err(io::Error::other("hung up as the script says")),
                None => Ok(response),
            }
        }
    });
    // An error here is a client that left or a connection the script broke.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
