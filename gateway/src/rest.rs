//! A REST request on its way through a binding: read, called, shown.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, SET_COOKIE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use tokio::time::timeout;
use tonic::Status;
use tonic::body::Body;

use crate::call::{self, Single};
use crate::context::Context;
use crate::problem::Problem;
use crate::refresh_cookie::RefreshCookie;
use crate::respond::{full, json};
use crate::router::Edge;
use crate::transcode::codec::wire::Malformed;
use crate::transcode::{Binding, Kind, body};
use crate::{login_form, oidc_redirect, part, sse, upload};

/// Response metadata that REST clients see as headers.
const SHOWN_METADATA: [HeaderName; 6] = [
    HeaderName::from_static("x-next-page-token"),
    ACCEPT_RANGES,
    CACHE_CONTROL,
    CONTENT_DISPOSITION,
    CONTENT_RANGE,
    ETAG,
];

/// Answers a request that fits the binding of this index.
pub(crate) async fn answer(
    edge: &Arc<Edge>,
    context: &Context,
    index: usize,
    segments: &[&str],
    request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    let binding = &edge.transcoder.bindings[index];
    match &binding.kind {
        Kind::Upload(shape) => upload::answer(edge, context, binding, shape, request).await,
        Kind::Unary => {
            let (parts, message) = read(edge, binding, segments, request).await?;
            let answer = unary(edge, context, binding, &parts.headers, message).await;
            let (single, cookie) = answer.map_err(|status| Problem::of_status(&status))?;
            let method = &binding.rpc.full_name;
            if let Some(redirect) = oidc_redirect::redirect(method, &single.message)? {
                return Ok(redirect);
            }
            let mut response = show(edge, binding, StatusCode::OK, single)?;
            if let Some(cookie) = cookie {
                response.headers_mut().insert(SET_COOKIE, cookie);
            }
            oidc_redirect::end(method, response.headers_mut());
            Ok(response)
        }
        Kind::Stream(fields) => {
            let (parts, message) = read(edge, binding, segments, request).await?;
            let mut metadata = context.metadata(&parts.headers);
            if binding.is_raw(&edge.transcoder.schema) {
                part::ask(&parts, &mut metadata);
                let style = sse::Style::Bytes;
                let answer =
                    sse::answer(edge, context, index, style, metadata, full(message)).await?;
                return Ok(part::show(&parts.headers, answer));
            }
            let style = sse::Style::of(&parts.headers, *fields);
            sse::answer(edge, context, index, style, metadata, full(message)).await
        }
    }
}

/// Calls once, with what belongs there out of and into the cookies of a sign-in.
async fn unary(
    edge: &Edge,
    context: &Context,
    binding: &Binding,
    headers: &HeaderMap,
    message: Bytes,
) -> Result<(Single, Option<HeaderValue>), Status> {
    let mut message = oidc_redirect::fill(&binding.rpc.full_name, headers, message)?;
    let mut cookie = RefreshCookie::of(&binding.rpc.full_name, headers);
    if let Some(cookie) = &mut cookie {
        message = cookie.fill(message)?;
    }
    let (rpc, limits) = (&binding.rpc, edge.unary_limits());
    let metadata = context.metadata(headers);
    let mut single = call::unary(&rpc.transport, &rpc.path, metadata, message, limits).await?;
    let Some(cookie) = cookie else { return Ok((single, None)) };
    let set;
    (single.message, set) = cookie.take(single.message)?;
    Ok((single, set))
}

/// Reads the request into a framed message.
async fn read(
    edge: &Edge,
    binding: &Binding,
    segments: &[&str],
    request: Request<Body>,
) -> Result<(http::request::Parts, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let limits = &edge.settings.limits;
    let bytes = if binding.body == body::BodyRule::Nothing {
        Bytes::new()
    } else {
        timeout(limits.request, body::read(body, limits.body_bytes)).await.unwrap_or_else(|_| {
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive"))
        })?
    };
    let schema = &edge.transcoder.schema;
    let message = if login_form::is_one(&binding.rpc.full_name, &parts.headers) {
        login_form::request(schema, binding.rpc.input, &bytes, call::frame())?
    } else {
        let query = parts.uri.query().unwrap_or_default();
        binding.request(schema, segments, query, &parts.headers, &bytes, call::frame())?
    };
    let message = call::seal(message).map_err(|status| Problem::of_status(&status))?;
    Ok((parts, message))
}

/// Shows the only message of an answer.
pub(crate) fn show(
    edge: &Edge,
    binding: &Binding,
    status: StatusCode,
    single: Single,
) -> Result<Response<Body>, Problem> {
    let schema = &edge.transcoder.schema;
    let mut response = if binding.is_raw(schema) {
        let raw =
            binding.raw(schema, &single.message).map_err(|error| unreadable(binding, error))?;
        let mut response = Response::new(full(raw.data));
        *response.status_mut() = status;
        mark_raw(&raw.content_type, response.headers_mut());
        response
    } else {
        let out = String::with_capacity(single.message.len() * 2);
        let text = binding
            .print(schema, &single.message, out)
            .map_err(|error| unreadable(binding, error))?;
        json(status, text)
    };
    show_metadata(&single.metadata, response.headers_mut());
    Ok(response)
}

/// Copies what clients may see of response metadata.
pub(crate) fn show_metadata(metadata: &HeaderMap, headers: &mut HeaderMap) {
    // Answers are one user's own; a service says of what may be kept.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for name in &SHOWN_METADATA {
        if let Some(value) = metadata.get(name) {
            headers.insert(name, value.clone());
        }
    }
}

/// The headers of bytes that a user may have brought: whatever they are, they must not run here.
pub(crate) fn mark_raw(content_type: &str, headers: &mut HeaderMap) {
    let content_type = HeaderValue::try_from(content_type).ok().filter(|value| !value.is_empty());
    let unknown = HeaderValue::from_static("application/octet-stream");
    headers.insert(CONTENT_TYPE, content_type.unwrap_or(unknown));
    headers
        .insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
}

/// A peer's answer that does not fit its own descriptors.
pub(crate) fn unreadable(binding: &Binding, error: Malformed) -> Problem {
    tracing::error!(
        rpc.method = binding.rpc.full_name,
        %error,
        "an answer cannot be shown"
    );
    Problem::internal()
}
