//! A panic of a handler is an internal error of one call, not the end of the process.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use tonic::Status;

/// Answers INTERNAL where the handler panicked.
pub async fn catch(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!(rpc.path = path, "a handler panicked");
            super::refuse(&Status::internal("internal error"))
        }
    }
}
