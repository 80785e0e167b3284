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
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower_service::Service as _;

use crate::line::{Line, Wire};
use crate::proxy::Upstream;
use crate::routes;
use crate::script::Script;
use crate::state::Provider;
use crate::wire::HangUp;

/// How a provider is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Scripts to begin with; more can be posted to `/script`.
    pub script: Script,
    /// The server `pass` leads to. With one, models without a script are passed on instead of refused.
    pub upstream: Option<Upstream>,
    /// Let web pages of any origin use the provider (CORS).
    pub cors: bool,
}

/// Takes the script, then serves until the future is dropped. The only error is a script that needs an upstream when
/// there is none.
pub fn serve(listener: TcpListener, options: Options) -> Result<impl Future<Output = Infallible>, String> {
    let provider = Arc::new(Provider::new(options.upstream));
    provider.load(options.script)?;
    let router = routes::router(provider);
    let router = if options.cors { router.layer(from_fn(routes::cors)) } else { router };
    Ok(accept(listener, router))
}

async fn accept(listener: TcpListener, router: Router) -> Infallible {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    number += 1;
                    connections.spawn(connection(stream, Line::new(number), router.clone()));
                }
                // Out of file descriptors, or a client that left before it was accepted: go on when there is air.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection until either side ends it. How it ended is in the log, request by request.
async fn connection(stream: TcpStream, line: Arc<Line>, router: Router) {
    // Chunks must leave one by one.
    let _ = stream.set_nodelay(true);
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
    let wire = TokioIo::new(Wire::new(stream, Arc::clone(&line)));
    // An error here is a client that left or a connection the script broke.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(wire, service).await;
}
