//! Every call has a deadline: the caller's, or ours where that is sooner. tonic's own covers the
//! head of an answer and only over the network; a stream's deadline covers the whole stream.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::time::{Sleep, sleep_until, timeout_at};
use tonic::Status;

use crate::deadline::Deadline;
use crate::method;

/// The most that a call may take that answers once.
pub const UNARY: Duration = Duration::from_secs(60);
/// The most that a call may take that streams either way.
pub const STREAM: Duration = Duration::from_secs(30 * 60);

/// Answers DEADLINE_EXCEEDED when the time is over, and drops the work.
pub async fn enforce(mut request: Request, next: Next) -> Response {
    let Some(method) = method::find(request.uri().path()) else {
        return next.run(request).await;
    };
    let is_stream = method.is_server_streaming || method.is_client_streaming;
    let most = if is_stream { STREAM } else { UNARY };
    let deadline = Deadline::of_headers(request.headers(), most);
    request.extensions_mut().insert(deadline);
    match timeout_at(deadline.instant(), next.run(request)).await {
        Err(_) => super::refuse(&exceeded()),
        Ok(response) if method.is_server_streaming => response.map(|body| {
            Body::new(Timed {
                body,
                over: Box::pin(sleep_until(deadline.instant())),
                is_over: false,
            })
        }),
        Ok(response) => response,
    }
}

fn exceeded() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}

/// A stream that ends with DEADLINE_EXCEEDED when its time is over.
struct Timed {
    body: Body,
    over: Pin<Box<Sleep>>,
    is_over: bool,
}

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        if self.over.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.is_over = true;
        self.body = Body::empty();
        let mut trailers = HeaderMap::new();
        match exceeded().add_header(&mut trailers) {
            Ok(()) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Err(status) => Poll::Ready(Some(Err(axum::Error::new(status)))),
        }
    }
}
