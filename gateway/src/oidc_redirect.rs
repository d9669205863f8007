//! Sign-in with a provider, as browsers walk it: a redirect to the provider with a cookie, and the
//! same browser's return. It knows the messages that carry the cookie's content.

use bytes::Bytes;
use elenchus_proto::pb::auth::v1 as pb;
use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use prost::Message;
use tonic::Status;
use tonic::body::Body;

use crate::call::{FRAME_HEADER, frame, seal};
use crate::problem::Problem;
use crate::refresh_cookie::{cookie, set};

/// The method that is answered with a redirect.
pub(crate) const BEGIN: &str = "elenchus.auth.v1.OidcService.BeginOidcLogin";
const COMPLETE: &str = "elenchus.auth.v1.OidcService.CompleteOidcLogin";
const NAME: &str = "__Host-elenchus-sign-in";
/// As long as the auth service lets people take.
const SECONDS: u32 = 600;

/// Puts the cookie into a request that ends a sign-in, and nothing else in its place: whoever makes
/// somebody follow a link must not choose whose sign-in it ends.
pub(crate) fn fill(method: &str, headers: &HeaderMap, message: Bytes) -> Result<Bytes, Status> {
    if method != COMPLETE {
        return Ok(message);
    }
    let unreadable = || Status::internal("the end of a sign-in cannot be read");
    let body = message.slice(FRAME_HEADER.min(message.len())..);
    let mut request = pb::CompleteOidcLoginRequest::decode(body).map_err(|_| unreadable())?;
    request.browser_token = cookie(headers, NAME).unwrap_or_default();
    let mut framed = frame();
    request.encode(&mut framed).map_err(|_| unreadable())?;
    seal(framed)
}

/// Whether a field of a request is filled from the cookie, whatever the client sends.
pub(crate) fn is_filled(method: &str, field: &str) -> bool {
    method == COMPLETE && field == "browser_token"
}

/// The redirect that begins a sign-in. None for any other method.
pub(crate) fn redirect(method: &str, message: &Bytes) -> Result<Option<Response<Body>>, Problem> {
    if method != BEGIN {
        return Ok(None);
    }
    let begun =
        pb::BeginOidcLoginResponse::decode(message.clone()).map_err(|_| Problem::internal())?;
    let location =
        HeaderValue::try_from(begun.authorization_url).map_err(|_| Problem::internal())?;
    // Lax: the way back from the provider is a link of another site.
    let cookie = set(NAME, &begun.browser_token, "Lax", SECONDS).ok_or_else(Problem::internal)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(SET_COOKIE, cookie);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(Some(response))
}

/// Takes the cookie back once a sign-in has ended.
pub(crate) fn end(method: &str, headers: &mut HeaderMap) {
    if method == COMPLETE
        && let Some(cookie) = set(NAME, "", "Lax", 0)
    {
        headers.append(SET_COOKIE, cookie);
    }
}
