//! A service takes so many calls at once, and says so at once when there are more.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Semaphore;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::method;
use crate::status::DOMAIN;

/// Answers UNAVAILABLE, with when to try again, while every place is taken.
pub async fn concurrency(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    // Health must answer an overloaded service too.
    if method::find(request.uri().path()).is_none() {
        return next.run(request).await;
    }
    let Ok(_place) = places.try_acquire() else {
        let mut details = ErrorDetails::with_error_info("OVERLOADED", DOMAIN, []);
        details.set_retry_info(Some(Duration::from_secs(1)));
        return super::refuse(&Status::with_error_details(
            Code::Unavailable,
            "the service is overloaded",
            details,
        ));
    };
    next.run(request).await
}
