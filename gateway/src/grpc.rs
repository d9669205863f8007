//! gRPC on the port of REST: passed on as it is, to the peer that offers the method. Methods
//! between services are not offered; health and reflection are the gateway's own.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use elenchus_rpc::deadline::{Deadline, GRPC_TIMEOUT};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::Frame;
use tokio::time::{Sleep, sleep, timeout};
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tonic_web::GrpcWebLayer;
use tower::{Layer, ServiceExt, service_fn};

use crate::call;
use crate::context::Context;
use crate::problem::Problem;
use crate::router::Edge;

const WEB: [&str; 4] = [
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
];

/// Whether a request is gRPC of any kind.
pub(crate) fn is_one(headers: &HeaderMap) -> bool {
    content_type(headers).starts_with("application/grpc")
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Health and reflection, answered here.
pub(crate) fn own_services(
    health: impl tonic_health::pb::health_server::Health,
    descriptors: &[u8],
    services: &[String],
) -> Result<Routes, tonic_reflection::server::Error> {
    let reflection = || {
        let builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        services.iter().fold(builder, |builder, name| builder.with_service_name(name))
    };
    let mut routes = Routes::builder();
    routes.add_service(tonic_health::pb::health_server::HealthServer::new(health));
    routes.add_service(reflection().build_v1()?);
    routes.add_service(reflection().build_v1alpha()?);
    Ok(routes.routes().prepare())
}

/// Answers a gRPC or gRPC-web request.
pub(crate) async fn answer(
    edge: &Arc<Edge>,
    context: &Context,
    request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    if request.method() != Method::POST {
        return Err(Problem::other_methods(&[Method::POST]));
    }
    let content_type = content_type(request.headers());
    if content_type.starts_with("application/grpc-web") {
        if !WEB.contains(&content_type) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "gRPC-web is spoken in protobuf only",
            ));
        }
        let pass_on = service_fn(|request: Request<Body>| pass_on(edge, context, request));
        let service = GrpcWebLayer::new().layer(pass_on);
        return service
            .oneshot(request)
            .await
            .map_err(|never: std::convert::Infallible| match never {});
    }
    if request.version() != Version::HTTP_2 {
        return Err(Problem::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "gRPC needs HTTP/2"));
    }
    let Ok(response) = pass_on(edge, context, request).await;
    Ok(response)
}

/// Refuses as gRPC does: with a status in the headers.
pub(crate) fn refuse(status: Status) -> Response<Body> {
    status.into_http()
}

async fn pass_on(
    edge: &Edge,
    context: &Context,
    request: Request<Body>,
) -> Result<Response<Body>, std::convert::Infallible> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let mut metadata = context.passed_on(&parts.headers);
    metadata.remove(CONTENT_LENGTH);
    metadata.insert(TE, HeaderValue::from_static("trailers"));
    let Some(rpc) = edge.transcoder.rpc(path) else {
        let own = call::request_to(parts.uri, metadata, body);
        return edge.own_grpc.clone().oneshot(own).await;
    };
    let is_stream = rpc.is_client_streaming || rpc.is_server_streaming;
    let limits = if is_stream { edge.stream_limits() } else { edge.unary_limits() };
    let budget = Deadline::of_headers(&parts.headers, limits.deadline).remaining();
    metadata.insert(GRPC_TIMEOUT, call::timeout_header(budget));
    let request = call::request_to(rpc.path.clone().into(), metadata, body);
    let answer = timeout(budget, call::send(&rpc.transport, request)).await;
    Ok(match answer.unwrap_or_else(|_| Err(call::exceeded())) {
        Ok(response) => response.map(|body| Body::new(Timed::new(body, budget))),
        Err(status) => refuse(status),
    })
}

/// Ends an answer with a status once its time is over.
struct Timed {
    body: Option<Body>,
    over: Pin<Box<Sleep>>,
}

impl Timed {
    fn new(body: Body, budget: Duration) -> Self {
        Self { body: Some(body), over: Box::pin(sleep(budget)) }
    }
}

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        if self.over.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.body = None;
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(
            call::exceeded().add_header(&mut trailers).map(|()| Frame::trailers(trailers)),
        ))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.as_ref().map(http_body::Body::size_hint).unwrap_or_default()
    }
}
