//! Which pages of other origins may call, and what they may see.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use tonic::body::Body;

use crate::problem::Problem;

const METHODS: HeaderValue =
    HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, accept-language, authorization, content-type, grpc-timeout, idempotency-key, if-none-match, \
     if-range, last-event-id, range, traceparent, tracestate, x-grpc-web, x-refresh-token, x-request-id, x-user-agent",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "accept-ranges, content-disposition, content-length, content-range, etag, grpc-message, grpc-status, \
     grpc-status-details-bin, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after, traceparent, x-next-page-token, x-request-id",
);
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// The origins that are let in.
#[derive(Debug)]
pub(crate) struct Cors {
    origins: Vec<HeaderValue>,
    is_open: bool,
}

impl Cors {
    pub(crate) fn new(origins: Vec<HeaderValue>) -> Self {
        let is_open = origins.iter().any(|origin| origin == "*");
        Self { origins, is_open }
    }

    /// The answer to a preflight request, if it is one.
    pub(crate) fn preflight<B>(
        &self,
        request: &Request<B>,
    ) -> Option<Result<Response<Body>, Problem>> {
        let headers = request.headers();
        let is_preflight = request.method() == Method::OPTIONS
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let origin = headers.get(ORIGIN).filter(|_| is_preflight)?;
        if !self.lets_in(origin) {
            return Some(Err(Problem::new(
                StatusCode::FORBIDDEN,
                "pages of this origin may not call",
            )));
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        Some(Ok(response))
    }

    /// Lets a page of the origin read the answer, where it may.
    pub(crate) fn mark(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("origin"));
        let Some(origin) = origin.filter(|origin| self.lets_in(origin)) else { return };
        if self.is_open {
            // A credential must not be sent on by just any page.
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }

    /// Whether pages of an origin may call.
    pub(crate) fn lets_in(&self, origin: &HeaderValue) -> bool {
        self.is_open || self.origins.contains(origin)
    }
}
