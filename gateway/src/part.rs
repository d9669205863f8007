//! Streamed bytes as HTTP clients want them: a part where they ask for one, nothing where they have all.

use elenchus_rpc::etag;
use http::header::{
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};
use tonic::body::Body;

/// Where a service says how many bytes come; `content-length` would speak of the framed stream.
const LENGTH: &str = "x-content-length";

/// Passes on which bytes are wanted, and which the client has. Only GET has ranges.
pub(crate) fn ask(parts: &Parts, metadata: &mut HeaderMap) {
    if parts.method != Method::GET {
        return;
    }
    for name in [RANGE, IF_RANGE, IF_NONE_MATCH] {
        if let Some(value) = parts.headers.get(&name) {
            metadata.insert(name, value.clone());
        }
    }
}

/// Tells how many bytes come.
pub(crate) fn measure(metadata: &HeaderMap, headers: &mut HeaderMap) {
    if let Some(length) = metadata.get(LENGTH) {
        headers.insert(CONTENT_LENGTH, length.clone());
    }
}

/// The answer in HTTP's terms. Dropping the body of what the client has ends the call.
pub(crate) fn show(asked: &HeaderMap, mut response: Response<Body>) -> Response<Body> {
    if has(asked, response.headers()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for name in [CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE] {
            response.headers_mut().remove(name);
        }
    } else if response.headers().contains_key(CONTENT_RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// Whether the client has this version already.
fn has(asked: &HeaderMap, headers: &HeaderMap) -> bool {
    let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok());
    tag.is_some_and(|tag| etag::is_known(asked, tag))
}
