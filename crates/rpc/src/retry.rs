//! A call that a far peer could not take is made once more, where the proto says that this does no
//! harm, the peer did not ask for peace, and not more than a tenth of the calls already is a repetition.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use http::request::Parts;
use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::{Service, ServiceExt};

use crate::deadline::{Deadline, GRPC_TIMEOUT};
use crate::layer::deadline::UNARY;
use crate::method::{self, Method};

/// The longest pause. Random below it, so that those who failed together do not come back together.
const MOST_PAUSE: Duration = Duration::from_millis(50);
/// A larger request is not kept for a second time.
const LARGEST: usize = 64 * 1024;

/// Repetitions that may still be made. Answers fill it, so that a peer that answers nothing is not
/// asked more often than it was called.
#[derive(Debug)]
struct Budget {
    tenths: Mutex<u32>,
}

impl Budget {
    const FIRST_TENTHS: u32 = 30;
    const MOST_TENTHS: u32 = 100;

    fn new() -> Self {
        Self { tenths: Mutex::new(Self::FIRST_TENTHS) }
    }

    fn earn(&self) {
        let mut tenths = self.tenths.lock().unwrap_or_else(PoisonError::into_inner);
        *tenths = (*tenths + 1).min(Self::MOST_TENTHS);
    }

    fn spend(&self) -> bool {
        let mut tenths = self.tenths.lock().unwrap_or_else(PoisonError::into_inner);
        let left = tenths.checked_sub(10);
        *tenths = left.unwrap_or(*tenths);
        left.is_some()
    }
}

/// Makes calls to one peer, some of them twice.
#[derive(Clone)]
pub(crate) struct Retry<S> {
    inner: S,
    budget: Arc<Budget>,
}

impl<S> Retry<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, budget: Arc::new(Budget::new()) }
    }
}

impl<S> Service<http::Request<Body>> for Retry<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Status>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let is_repeatable = method::find(request.uri().path()).is_some_and(Method::is_repeatable);
        if !is_repeatable {
            return Box::pin(self.inner.call(request));
        }
        let peer = self.inner.clone();
        let budget = Arc::clone(&self.budget);
        Box::pin(async move {
            let deadline = Deadline::of_headers(request.headers(), UNARY);
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let outcome = peer.clone().oneshot(whole(parts.clone(), &body)).await;
            if !may_pass(&outcome) {
                budget.earn();
                return outcome;
            }
            let pause = MOST_PAUSE.mul_f64(chance());
            if body.len() > LARGEST || deadline.remaining() <= pause || !budget.spend() {
                return outcome;
            }
            tokio::time::sleep(pause).await;
            metrics::counter!("rpc_retries_total", "method" => parts.uri.path().to_owned())
                .increment(1);
            peer.oneshot(within(deadline, whole(parts, &body))).await
        })
    }
}

fn whole(parts: Parts, body: &Bytes) -> http::Request<Body> {
    http::Request::from_parts(parts, Body::new(Full::new(body.clone())))
}

/// The second try has only what the first one left.
fn within(deadline: Deadline, mut request: http::Request<Body>) -> http::Request<Body> {
    if request.headers().contains_key(GRPC_TIMEOUT) {
        let millis = format!("{}m", deadline.remaining().as_millis().max(1));
        if let Ok(value) = HeaderValue::try_from(millis) {
            request.headers_mut().insert(GRPC_TIMEOUT, value);
        }
    }
    request
}

/// Whether the call surely was not answered, and may be in a moment. A peer that says when to come
/// again means it.
fn may_pass(outcome: &Result<http::Response<Body>, Status>) -> bool {
    let status = match outcome {
        Err(status) => Some(status.clone()),
        Ok(response) => Status::from_header_map(response.headers()),
    };
    status.is_some_and(|status| {
        status.code() == Code::Unavailable && status.get_details_retry_info().is_none()
    })
}

/// From 0 to 1. Without randomness the pauses are merely alike.
pub(crate) fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}
