//! The body of a request to wire format, and its limits.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use tonic::body::Body;
use tonic::{Code, Status};

use super::codec::schema::{MessageId, Schema};
use super::codec::wire::{close, open, put_bytes};
use super::codec::{Violation, parse};
use crate::problem::Problem;

/// The message that carries bytes as they are.
pub(crate) const HTTP_BODY: &str = "google.api.HttpBody";

/// What part of the request the body says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyRule {
    /// None; a body is not looked at.
    Nothing,
    /// All that the path does not say.
    Whole,
    /// The field of this index.
    Field(usize),
}

/// Reads a body whole, if it is not too large.
pub(crate) async fn read(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    if http_body::Body::size_hint(&body).lower() > limit as u64 {
        return Err(too_large(limit));
    }
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|status| broken(&status))?.into_data() else { continue };
        if first.len() + whole.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        // Nearly every body is one frame, which then need not be copied.
        if first.is_empty() && whole.is_empty() {
            first = data;
            continue;
        }
        if whole.is_empty() {
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

/// A body that did not come to its end.
pub(crate) fn broken(status: &Status) -> Problem {
    if status.code() == Code::DeadlineExceeded {
        return Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive");
    }
    Problem::new(StatusCode::BAD_REQUEST, "the body broke off")
}

fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes"))
}

/// Appends what the body says of the request.
pub(crate) fn put(
    schema: &Schema,
    message: MessageId,
    rule: BodyRule,
    headers: &HeaderMap,
    body: &[u8],
    out: Vec<u8>,
) -> Result<Vec<u8>, Problem> {
    let descriptor = schema.message(message);
    let refuse = |violation: Violation| Problem::invalid(vec![violation]);
    match rule {
        BodyRule::Nothing => Ok(out),
        BodyRule::Whole if descriptor.name == HTTP_BODY => Ok(put_raw(headers, body, out)),
        BodyRule::Whole if is_blank(body) => Ok(out),
        BodyRule::Whole => {
            check_type(headers)?;
            parse::message(schema, message, body, out).map_err(refuse)
        }
        BodyRule::Field(index) => {
            let field = &descriptor.fields[index];
            let inner = field.kind.message();
            if inner.is_some_and(|id| schema.message(id).name == HTTP_BODY) {
                let mut out = out;
                let start = open(&mut out, field.number);
                let mut out = put_raw(headers, body, out);
                close(&mut out, start);
                return Ok(out);
            }
            if is_blank(body) {
                return Ok(out);
            }
            check_type(headers)?;
            parse::field(schema, field, body, out).map_err(refuse)
        }
    }
}

fn is_blank(body: &[u8]) -> bool {
    body.iter().all(u8::is_ascii_whitespace)
}

fn put_raw(headers: &HeaderMap, body: &[u8], mut out: Vec<u8>) -> Vec<u8> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    put_bytes(&mut out, 1, content_type.unwrap_or("application/octet-stream").as_bytes());
    put_bytes(&mut out, 2, body);
    out
}

/// Whether the headers call the body JSON in UTF-8, or nothing.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail| Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    let is_encoded = headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity");
    if is_encoded {
        return refuse("the body must not be compressed");
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let (essence, parameters) = value.split_once(';').unwrap_or((&value, ""));
    let essence = essence.trim();
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if !is_json {
        return refuse("the body must be JSON, sent as application/json");
    }
    let charset =
        parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("charset="));
    match charset.map(|charset| charset.trim_matches('"')) {
        None | Some("utf-8" | "utf8") => Ok(()),
        Some(_) => refuse("the body must be in UTF-8"),
    }
}
