//! One span and one measurement for each call, with the status that the caller saw. Never holds a
//! token, a body or an address.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use opentelemetry::propagation::{Extractor, Injector};
use tonic::{Code, Status};
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::caller::REQUEST_ID;
use crate::method;

/// Opens the call's span below the caller's, and records how the call ended.
pub async fn record(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if method::find(path).is_none() {
        return next.run(request).await;
    }
    let path = path.trim_start_matches('/').to_owned();
    let (service, method) = path.split_once('/').unwrap_or((&path, ""));
    let request_id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let span = tracing::info_span!(
        "rpc",
        otel.name = path,
        otel.kind = "server",
        otel.status_code = field::Empty,
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = field::Empty,
        request.id = request_id,
        user.id = field::Empty,
    );
    let parent = opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.extract(&Headers(request.headers()))
    });
    // Fails only where no OpenTelemetry layer is installed, and then there is nothing to join.
    let _ = span.set_parent(parent);

    let outcome = Outcome { span: span.clone(), path, began: Instant::now(), code: None };
    let response = next.run(request).instrument(span).await;
    let code = Status::from_header_map(response.headers()).map(|status| status.code());
    let outcome = Outcome { code, ..outcome };
    response.map(|body| Body::new(Observed { body, outcome }))
}

/// Carries the current span's trace on to a peer.
pub fn inject_trace(headers: &mut HeaderMap) {
    let context = Span::current().context();
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut HeadersMut(headers));
    });
}

/// How a call ended. Told when the answer has been read to its end, or was dropped.
struct Outcome {
    span: Span,
    path: String,
    began: Instant,
    code: Option<Code>,
}

impl Outcome {
    fn tell(&self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        let is_fault =
            matches!(code, Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable);
        self.span.record("rpc.grpc.status_code", i32::from(code));
        if is_fault {
            self.span.record("otel.status_code", "ERROR");
        }
        let labels = [("method", self.path.clone()), ("code", format!("{code:?}"))];
        metrics::counter!("rpc_requests_total", &labels).increment(1);
        metrics::histogram!("rpc_request_duration_seconds", "method" => self.path.clone())
            .record(self.began.elapsed().as_secs_f64());
        let elapsed_ms = self.began.elapsed().as_secs_f64() * 1e3;
        self.span.in_scope(|| tracing::debug!(?code, elapsed_ms, "call ended"));
    }
}

struct Observed {
    body: Body,
    outcome: Outcome,
}

impl http_body::Body for Observed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let span = self.outcome.span.clone();
        let _entered = span.enter();
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            self.outcome.code = Status::from_header_map(trailers).map(|status| status.code());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.outcome.tell();
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}
