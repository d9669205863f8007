//! The stack that every call passes, near or far. Each layer does one thing; the order is in
//! [`crate::server`].

pub mod authenticate;
pub mod deadline;
pub mod idempotency;
pub mod limit;
pub mod observe;
pub mod panic;

use axum::response::Response;
use tonic::Status;

/// A status as the whole answer.
fn refuse(status: &Status) -> Response {
    status.clone().into_http()
}
