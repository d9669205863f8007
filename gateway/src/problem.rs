//! Errors as HTTP shows them: problem details (RFC 9457), made from our own refusals and from the
//! status of a service. Nothing of the inside gets out here.

use http::header::{ALLOW, CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use serde::Serialize;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::respond::full;
use crate::transcode::Violation;

/// A refusal, on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    detail: String,
    reason: Option<String>,
    errors: Vec<Violation>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError<'a>>,
}

#[derive(Serialize)]
struct FieldError<'a> {
    field: &'a str,
    message: &'a str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            reason: None,
            errors: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// 422, naming the fields.
    pub(crate) fn invalid(errors: Vec<Violation>) -> Self {
        let told: Vec<String> =
            errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, told.join("; ")) }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing at this path")
    }

    /// 405, naming the methods that there are.
    pub(crate) fn other_methods(methods: &[Method]) -> Self {
        let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        if names.contains(&"GET") && !names.contains(&"HEAD") {
            names.push("HEAD");
        }
        let problem =
            Self::new(StatusCode::METHOD_NOT_ALLOWED, "the path does not take this method");
        problem.with_header(ALLOW, HeaderValue::try_from(names.join(", ")).ok())
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong on our side")
    }

    /// Adds a header to the answer.
    pub(crate) fn with_header(mut self, name: HeaderName, value: Option<HeaderValue>) -> Self {
        if let Some(value) = value {
            self.headers.push((name, value));
        }
        self
    }

    /// What a client may see of a service's status.
    pub(crate) fn of_status(status: &Status) -> Self {
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.clone());
        let violations =
            details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
        let errors: Vec<Violation> = violations
            .iter()
            .map(|violation| Violation::new(&violation.field, &violation.description))
            .collect();
        let code = http_status(status.code(), reason.as_deref(), !errors.is_empty());
        let detail = fixed_words(status.code(), reason.is_some()).unwrap_or(status.message());
        let mut problem =
            Self::new(code, if detail.is_empty() { "the request was refused" } else { detail });
        problem.reason = reason;
        problem.errors = errors;
        if code == StatusCode::UNAUTHORIZED {
            problem.headers.push((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        // With it a client learns how long the file is.
        if code == StatusCode::RANGE_NOT_SATISFIABLE
            && let Some(size) = status.metadata().get(CONTENT_RANGE.as_str())
        {
            problem =
                problem.with_header(CONTENT_RANGE, HeaderValue::try_from(size.as_bytes()).ok());
        }
        let delay = details
            .retry_info()
            .and_then(|info| info.retry_delay)
            .map(|delay| delay.as_millis().div_ceil(1000));
        let from_metadata = status
            .metadata()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let is_passing =
            matches!(code, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
        if let Some(seconds) = delay.or(from_metadata).or(is_passing.then_some(1)) {
            let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
            problem.headers.push((RETRY_AFTER, HeaderValue::from(seconds.max(1))));
        }
        problem
    }

    /// The problem as JSON.
    pub(crate) fn json(&self, request_id: &str) -> String {
        let title = self.status.canonical_reason().unwrap_or("Client Closed Request");
        let errors = self
            .errors
            .iter()
            .map(|e| FieldError { field: &e.field, message: &e.message })
            .collect();
        let document = Document {
            r#type: "about:blank",
            title,
            status: self.status.as_u16(),
            detail: &self.detail,
            reason: self.reason.as_deref(),
            request_id,
            errors,
        };
        serde_json::to_string(&document).unwrap_or_default()
    }

    /// The word for programs.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The headers that belong to the problem, such as `retry-after`.
    pub(crate) fn into_headers(self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        self.headers.into_iter()
    }

    pub(crate) fn into_response(self, request_id: &str) -> Response<Body> {
        let mut response = Response::new(full(self.json(request_id)));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

fn http_status(code: Code, reason: Option<&str>, names_fields: bool) -> StatusCode {
    match reason {
        Some("FILE_TOO_LARGE") => return StatusCode::PAYLOAD_TOO_LARGE,
        Some("EVENTS_EXPIRED") => return StatusCode::GONE,
        Some("RANGE_NOT_SATISFIABLE") => return StatusCode::RANGE_NOT_SATISFIABLE,
        Some("UNSUPPORTED_FILE_TYPE") => return StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Some(_) | None => {}
    }
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::OutOfRange if names_fields => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition => {
            StatusCode::BAD_REQUEST
        }
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Internal | Code::Unknown | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The words for what a caller has no part in. A reason marks a message as written for callers.
fn fixed_words(code: Code, has_reason: bool) -> Option<&'static str> {
    match code {
        Code::Internal | Code::Unknown | Code::DataLoss => Some("something went wrong on our side"),
        _ if has_reason => None,
        Code::Unavailable => Some("a service is not available at the moment; try again"),
        Code::DeadlineExceeded => Some("the answer took too long; try again"),
        Code::Cancelled => Some("the request was cancelled"),
        Code::Unimplemented => Some("this is not offered here"),
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unauthenticated => None,
    }
}
