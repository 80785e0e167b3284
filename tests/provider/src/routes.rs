//! The endpoints: the model APIs, and those that set scripts and show the log.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Value, json};

use crate::api::Api;
use crate::ask::{Ask, Named};
use crate::behaviour::Behaviour;
use crate::fields::Pass;
use crate::line::Line;
use crate::log::{Entry, readable};
use crate::plan::{self, Occasion, Plan};
use crate::proxy::{self, Passing};
use crate::script::Script;
use crate::state::{Cue, Exchange, Provider};
use crate::wire;

/// The largest body taken, generous for a long conversation.
const MAX_BODY: usize = 64 << 20;

/// Everything the provider answers to.
pub(crate) fn router(provider: Arc<Provider>, health: Value) -> Router {
    let by_body = |api| post(async move |asked: Asked| model(api, Named::default(), asked).await);
    // Here the path names the model, percent-encoded, and says whether a stream is wanted.
    let by_path = |api, stream| {
        post(async move |Path(model_name): Path<String>, asked: Asked| {
            model(api, Named { model: Some(model_name), stream: Some(stream) }, asked).await
        })
    };
    // Clients differ in the version they ask for; Vertex AI has the publisher in the path.
    let google_at = |version: &str| {
        let here = post(google);
        Router::new()
            .route(&format!("/{version}/models/{{*call}}"), here.clone())
            .route(&format!("/{version}/publishers/google/models/{{*call}}"), here)
    };
    Router::new()
        .route("/v1/chat/completions", by_body(Api::OpenAi))
        .route("/chat/completions", by_body(Api::OpenAi))
        .route("/openai/deployments/{deployment}/chat/completions", by_body(Api::OpenAi))
        .route("/v1/responses", by_body(Api::Responses))
        .route("/v1/messages", by_body(Api::Anthropic))
        .route("/api/chat", by_body(Api::Ollama))
        .merge(google_at("v1"))
        .merge(google_at("v1beta"))
        .merge(google_at("v1beta1"))
        .route("/model/{model}/converse", by_path(Api::Converse, false))
        .route("/model/{model}/converse-stream", by_path(Api::Converse, true))
        .route("/model/{model}/invoke", by_path(Api::Invoke, false))
        .route("/model/{model}/invoke-with-response-stream", by_path(Api::Invoke, true))
        .route("/script", post(set_script))
        .route("/log", get(show_log).delete(clear_log))
        .route("/reset", post(reset))
        .route("/health", get(async move || json_response(StatusCode::OK, &health)))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(provider)
}

/// Lets pages of any origin in a browser use the provider.
pub(crate) async fn cors(request: Request, next: Next) -> Response {
    let mut response = match *request.method() {
        Method::OPTIONS => empty(StatusCode::NO_CONTENT),
        _ => next.run(request).await,
    };
    for name in ["origin", "headers", "methods"] {
        if let Ok(name) = axum::http::HeaderName::try_from(format!("access-control-allow-{name}")) {
            response.headers_mut().insert(name, HeaderValue::from_static("*"));
        }
    }
    response.headers_mut().insert("access-control-expose-headers", HeaderValue::from_static("*"));
    response
}

/// All of a request, and who serves it.
type Asked = (State<Arc<Provider>>, Extension<Arc<Line>>, Uri, HeaderMap, Bytes);

/// `MODEL:generateContent` and `MODEL:streamGenerateContent`; the model's name may have colons of its own.
async fn google(Path(call): Path<String>, method: Method, asked: Asked) -> Response {
    let (name, stream) = match call.rsplit_once(':') {
        Some((name, "generateContent")) => (name, false),
        Some((name, "streamGenerateContent")) => (name, true),
        _ => return unknown(method, asked.2).await,
    };
    model(Api::Google, Named { model: Some(name.to_owned()), stream: Some(stream) }, asked).await
}

/// One request for a model: read it, log it, look up what it meets, do that.
async fn model(api: Api, named: Named, asked: Asked) -> Response {
    let (State(provider), Extension(line), uri, headers, body) = asked;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let read = Ask::read(api, &named, &body);
    let entry = Entry {
        model: named.model(&body).unwrap_or_default().to_owned(),
        connection: line.number(),
        path: uri.path().to_owned(),
        headers: readable(&headers),
        stream: read.as_ref().is_ok_and(|ask| ask.stream),
        body: Some(body.clone()),
        ..Entry::default()
    };
    let ask = match read {
        Ok(ask) => ask,
        Err(error) => {
            let exchange = provider.refused(entry);
            return refuse(api, StatusCode::BAD_REQUEST, "invalid_request", &error, line, exchange).await;
        }
    };
    let (exchange, request, cue) = provider.begin(entry);
    let passed = Behaviour::Pass(Pass::default());
    let sequence;
    let behaviour = match cue {
        Cue::Scripted(script, since) => {
            sequence = script;
            let next = sequence.behaviour(request).unwrap_or(&passed);
            next.resolve(since, ask.last_tool_result.is_some())
        }
        Cue::Unscripted if provider.upstream.is_some() => &passed,
        Cue::Unscripted => {
            let error = format!(
                "no script for the model `{}`: post one to /script, or spell it in the model's name: 503x2+answer:hello",
                ask.model
            );
            return refuse(api, StatusCode::NOT_FOUND, "no_script", &error, line, exchange).await;
        }
        Cue::Misspelt(error) => {
            let error = format!("the model's name is no script: {error}");
            return refuse(api, StatusCode::BAD_REQUEST, "invalid_script", &error, line, exchange).await;
        }
    };
    exchange.note(behaviour.name(), None);
    let on = Occasion { ask: &ask, number: exchange.number(), request };
    match plan::plan(behaviour, on) {
        Plan::Reset(wait) => wire::reset(wait, line, exchange).await,
        Plan::Silence(limit) => wire::silence(limit, exchange).await,
        Plan::Reply(script) => {
            exchange.note(behaviour.name(), Some(script.status));
            wire::reply(script, line, exchange).await
        }
        Plan::Pass(pass) => {
            let Some(upstream) = &provider.upstream else {
                let error = "`pass` needs the provider to be started with --upstream URL";
                return refuse(api, StatusCode::BAD_REQUEST, "invalid_script", error, line, exchange).await;
            };
            let path = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
            let passing = Passing { upstream, path: &path, headers: &headers, body };
            match proxy::pass(pass, passing, Arc::clone(&line), exchange).await {
                Ok(response) => response,
                Err((exchange, error)) => refuse(api, StatusCode::BAD_GATEWAY, "pass", &error, line, exchange).await,
            }
        }
    }
}

async fn refuse(
    api: Api,
    status: StatusCode,
    what: &'static str,
    message: &str,
    line: Arc<Line>,
    exchange: Exchange,
) -> Response {
    exchange.note(what, Some(status));
    wire::reply(plan::refusal(api, exchange.number(), status, message), line, exchange).await
}

async fn set_script(State(provider): State<Arc<Provider>>, body: Bytes) -> Response {
    let text = String::from_utf8_lossy(&body);
    let set = text.parse::<Script>().and_then(|script| {
        let names: Vec<String> = script.models.keys().cloned().collect();
        provider.load(script).map(|()| names)
    });
    match set {
        Ok(names) => json_response(StatusCode::OK, &json!({ "models": names })),
        Err(error) => json_response(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    }
}

async fn show_log(State(provider): State<Arc<Provider>>, uri: Uri) -> Response {
    let with_bodies = uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "bodies=true"));
    json_response(StatusCode::OK, &json!(provider.log(with_bodies)))
}

async fn clear_log(State(provider): State<Arc<Provider>>) -> Response {
    provider.clear_log();
    empty(StatusCode::NO_CONTENT)
}

async fn reset(State(provider): State<Arc<Provider>>) -> Response {
    provider.reset();
    empty(StatusCode::NO_CONTENT)
}

async fn unknown(method: Method, uri: Uri) -> Response {
    let message = format!(
        "{method} {} is not served: POST /v1/chat/completions, /v1/responses, /v1/messages, \
         /v1beta/models/MODEL:generateContent, /model/MODEL/converse, /model/MODEL/invoke, /api/chat, /script, /reset; \
         GET or DELETE /log, GET /health",
        uri.path()
    );
    json_response(StatusCode::NOT_FOUND, &json!({ "error": { "message": message, "type": "unknown_url" } }))
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
