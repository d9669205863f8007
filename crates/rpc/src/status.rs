//! Errors: what happened (a service's own enum), what a caller may know of it ([`Status`] with
//! details), and nothing of the inside.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The reason of what failed because a service's database went away: when that was at the commit, what was
/// to be done is done all the same.
pub const STORE_UNAVAILABLE: &str = "STORE_UNAVAILABLE";

/// The `domain` of every [`tonic_types::ErrorInfo`] that the mesh sends.
pub const DOMAIN: &str = "elenchus";

/// What a caller may know of an error.
pub trait Classify: Error + 'static {
    /// The gRPC code.
    fn code(&self) -> Code;

    /// A stable word for programs, in capitals.
    fn reason(&self) -> &'static str;

    /// The field of the request that is to blame.
    fn field(&self) -> Option<&str> {
        None
    }

    /// When trying again may help.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// An error that several wait for is one error.
impl<E: Classify + Send + Sync> Classify for Arc<E> {
    fn code(&self) -> Code {
        E::code(self)
    }

    fn reason(&self) -> &'static str {
        E::reason(self)
    }

    fn field(&self) -> Option<&str> {
        E::field(self)
    }

    fn retry_after(&self) -> Option<Duration> {
        E::retry_after(self)
    }
}

/// Shows the caller the message of its own mistakes; logs ours and shows none.
pub fn from_error<E: Classify>(error: E) -> Status {
    let code = error.code();
    let mut details = ErrorDetails::with_error_info(error.reason(), DOMAIN, []);
    if let Some(field) = error.field() {
        details.add_bad_request_violation(field, error.to_string());
    }
    if let Some(delay) = error.retry_after() {
        details.set_retry_info(Some(delay));
    }
    if matches!(code, Code::Internal | Code::Unknown | Code::DataLoss) {
        tracing::error!(error = &error as &dyn Error, "request failed");
        return Status::with_error_details(code, "internal error", details);
    }
    if code == Code::Unavailable {
        tracing::warn!(error = &error as &dyn Error, "a dependency is unavailable");
    }
    Status::with_error_details(code, error.to_string(), details)
}

/// INVALID_ARGUMENT that names the field and the mend.
pub fn invalid(field: &str, problem: impl Into<String>) -> Status {
    let problem = problem.into();
    let mut details = ErrorDetails::with_error_info("INVALID_FIELD", DOMAIN, []);
    details.add_bad_request_violation(field, problem.clone());
    Status::with_error_details(Code::InvalidArgument, format!("{field}: {problem}"), details)
}

/// NOT_FOUND: absent, or someone else's.
pub fn not_found(what: &str) -> Status {
    with_reason(Code::NotFound, "NOT_FOUND", format!("{what} not found"))
}

/// Any status with a stable reason.
pub fn with_reason(code: Code, reason: &str, message: impl Into<String>) -> Status {
    let details = ErrorDetails::with_error_info(reason, DOMAIN, []);
    Status::with_error_details(code, message, details)
}
