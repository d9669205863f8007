//! Every request passes here: it gets its id, its span and its limits, finds who answers it, and
//! leaves with the headers that all answers have.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use elenchus_rpc::Shutdown;
use futures_util::FutureExt;
use http::header::{ALLOW, CONTENT_LENGTH, ORIGIN, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as _;
use metrics::{SharedString, counter, gauge, histogram};
use serde_json::json;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tracing::{Instrument, Span, field};

use crate::call::Limits;
use crate::context::{Context, names_one_host};
use crate::cors::Cors;
use crate::health::Vitals;
use crate::problem::Problem;
use crate::rate_limit::RateLimit;
use crate::settings::Settings;
use crate::socket::Sockets;
use crate::transcode::{Found, Transcoder};
use crate::{docs, grpc, respond, rest, socket};

/// All that a request may need.
pub(crate) struct Edge {
    pub(crate) settings: Settings,
    pub(crate) transcoder: Transcoder,
    pub(crate) own_grpc: Routes,
    pub(crate) shutdown: Shutdown,
    pub(crate) cors: Cors,
    pub(crate) rate_limit: RateLimit,
    pub(crate) vitals: Vitals,
    pub(crate) sockets: Option<Sockets>,
    pub(crate) openapi: Bytes,
}

/// The routes that no method stands behind.
pub(crate) const OWN_PATHS: [&str; 6] =
    ["/", "/health", "/health/live", "/health/ready", "/docs", "/openapi.json"];

/// Who answers a request.
enum Target<'p> {
    Own,
    Grpc,
    Socket(&'p str),
    Rest(usize, Vec<&'p str>),
    OtherMethods(Vec<Method>),
    Nothing,
}

impl Edge {
    pub(crate) fn unary_limits(&self) -> Limits {
        Limits { deadline: self.settings.limits.request, message: self.settings.limits.body_bytes }
    }

    pub(crate) fn stream_limits(&self) -> Limits {
        Limits { deadline: self.settings.limits.stream, message: self.settings.limits.body_bytes }
    }

    /// Answers one request, whatever it is.
    pub(crate) async fn answer(
        self: Arc<Self>,
        peer: SocketAddr,
        request: Request<Body>,
    ) -> Response<Body> {
        let began = Instant::now();
        let mut context = Context::of(&self.settings, peer, &request);
        let (method, origin) = (request.method().clone(), request.headers().get(ORIGIN).cloned());
        let (path, headers) = (request.uri().path().to_owned(), request.headers());
        let (target, route) = self.target(&request, &path);
        let span = tracing::info_span!(
            "http",
            otel.name = %format_args!("{method} {route}"),
            otel.kind = "server",
            otel.status_code = field::Empty,
            http.request.method = %method,
            http.route = %route,
            http.response.status_code = field::Empty,
            request.id = context.request_id,
        );
        context.join_trace(&span, headers);
        gauge!("http_server_active_requests").increment(1.0);
        let active = Active;

        let is_grpc = matches!(target, Target::Grpc);
        let answer = self.admit(&context, target, request).instrument(span.clone());
        let answer = AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(parent: &span, "the gateway panicked");
            Err(Problem::internal())
        });
        let mut response = match answer {
            Err(problem) if is_grpc => grpc_refusal(problem, &context),
            answer => answer.unwrap_or_else(|problem| problem.into_response(&context.request_id)),
        };
        drop(active);
        self.finish(&context, origin.as_ref(), &method, &mut response);
        record(&span, &method, route, response.status(), began);
        response
    }

    fn target<'p>(&self, request: &Request<Body>, path: &'p str) -> (Target<'p>, SharedString) {
        if grpc::is_one(request.headers()) {
            let known = self.transcoder.rpc(path).map(|rpc| rpc.path.as_str().to_owned());
            return (
                Target::Grpc,
                known.map_or(SharedString::const_str("grpc"), SharedString::from),
            );
        }
        if let Some(own) = self.own_path(path) {
            return (Target::Own, SharedString::const_str(own));
        }
        if let Some(id) = self.sockets.as_ref().and_then(|sockets| sockets.conversation(path)) {
            return (Target::Socket(id), SharedString::const_str("websocket"));
        }
        let unmatched = SharedString::const_str("unmatched");
        match self.transcoder.find(request.method(), path) {
            Found::Binding(index, segments) => {
                let route =
                    SharedString::from_shared(Arc::clone(&self.transcoder.bindings[index].route));
                (Target::Rest(index, segments), route)
            }
            Found::OtherMethods(methods) => (Target::OtherMethods(methods), unmatched),
            Found::Nothing => (Target::Nothing, unmatched),
        }
    }

    fn own_path(&self, path: &str) -> Option<&'static str> {
        if path.starts_with("/docs/") {
            return Some("/docs");
        }
        let path = match path.strip_prefix(&self.settings.api_prefix) {
            Some("/health") => "/health",
            _ => path,
        };
        OWN_PATHS.into_iter().find(|own| *own == path)
    }

    /// Lets the request in, or says why not.
    async fn admit(
        self: &Arc<Self>,
        context: &Context,
        target: Target<'_>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Problem> {
        if !names_one_host(&request) {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "the request must name exactly one host",
            ));
        }
        if header_size(&request) > self.settings.limits.header_bytes {
            return Err(Problem::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "the headers are too large",
            ));
        }
        if let Some(answer) = self.cors.preflight(&request) {
            return answer;
        }
        if let Target::Own = target {
            return self.own(request.method().clone(), request.uri().path()).await;
        }
        let verdict = self.rate_limit.take(context, request.headers()).await?;
        let mut answer = self.dispatch(context, target, request).await;
        let is_unauthenticated =
            matches!(&answer, Err(problem) if problem.status == StatusCode::UNAUTHORIZED);
        if is_unauthenticated {
            self.rate_limit.note_bad_credential(context, &verdict).await;
        }
        if let Ok(response) = &mut answer {
            response.headers_mut().extend(verdict.headers());
        }
        answer
    }

    async fn dispatch(
        self: &Arc<Self>,
        context: &Context,
        target: Target<'_>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Problem> {
        match target {
            Target::Grpc => grpc::answer(self, context, request).await,
            Target::Socket(id) => socket::answer(self, context, id, request),
            Target::Rest(index, segments) => {
                rest::answer(self, context, index, &segments, request).await
            }
            Target::OtherMethods(methods) if request.method() == Method::OPTIONS => {
                Ok(options(&methods))
            }
            Target::OtherMethods(methods) => Err(Problem::other_methods(&methods)),
            Target::Own => self.own(request.method().clone(), request.uri().path()).await,
            Target::Nothing => Err(Problem::not_found()),
        }
    }

    /// The answers that need no method.
    async fn own(&self, method: Method, path: &str) -> Result<Response<Body>, Problem> {
        if method == Method::OPTIONS {
            return Ok(options(&[Method::GET]));
        }
        if !matches!(method, Method::GET | Method::HEAD) {
            return Err(Problem::other_methods(&[Method::GET]));
        }
        match self.own_path(path) {
            Some("/") => Ok(self.info()),
            Some("/health" | "/health/live") => Ok(self.vitals.live()),
            Some("/health/ready") => Ok(self.vitals.ready().await),
            Some("/openapi.json") => Ok(respond::json(StatusCode::OK, self.openapi.clone())),
            _ => docs::answer(path).ok_or_else(Problem::not_found),
        }
    }

    fn info(&self) -> Response<Body> {
        let info = json!({
            "name": self.settings.app_name,
            "version": self.settings.app_version,
            "docs": "/docs",
            "openapi": "/openapi.json",
            "health": format!("{}/health", self.settings.api_prefix),
        });
        respond::json(StatusCode::OK, info.to_string())
    }

    /// What every answer has.
    fn finish(
        &self,
        context: &Context,
        origin: Option<&HeaderValue>,
        method: &Method,
        response: &mut Response<Body>,
    ) {
        let headers = response.headers_mut();
        context.mark(headers);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        self.cors.mark(origin, headers);
        if method == Method::HEAD {
            if let Some(length) = response.body().size_hint().exact() {
                response.headers_mut().insert(CONTENT_LENGTH, length.into());
            }
            *response.body_mut() = Body::empty();
        }
    }
}

/// One request in hand.
struct Active;

impl Drop for Active {
    fn drop(&mut self) {
        gauge!("http_server_active_requests").decrement(1.0);
    }
}

fn record(span: &Span, method: &Method, route: SharedString, status: StatusCode, began: Instant) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    // Clients can make up methods, and each would be a series of its own.
    let method = match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    };
    let status = SharedString::from(status.as_str().to_owned());
    counter!("http_server_requests_total", "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    histogram!("http_server_request_duration_seconds", "method" => method, "route" => route)
        .record(began.elapsed());
    span.in_scope(|| tracing::debug!(elapsed_ms = began.elapsed().as_secs_f64() * 1e3, "answered"));
}

fn options(methods: &[Method]) -> Response<Body> {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    names.push("OPTIONS");
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Ok(allow) = HeaderValue::try_from(names.join(", ")) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// gRPC clients look for a status in the headers and not at the body.
fn grpc_refusal(problem: Problem, context: &Context) -> Response<Body> {
    let code = match problem.status {
        StatusCode::TOO_MANY_REQUESTS => tonic::Code::ResourceExhausted,
        StatusCode::INTERNAL_SERVER_ERROR => tonic::Code::Internal,
        // What is no gRPC at all is refused in HTTP.
        _ => return problem.into_response(&context.request_id),
    };
    let mut response = grpc::refuse(Status::new(code, problem.detail()));
    response.headers_mut().extend(problem.into_headers());
    response
}

fn header_size(request: &Request<Body>) -> usize {
    // As HTTP/2 counts: 32 bytes for each header besides its text.
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    headers + request.uri().path_and_query().map_or(0, |path| path.as_str().len())
}
