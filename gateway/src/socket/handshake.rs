//! The HTTP side of a socket: who may ask for one, and the answer that opens it.

use http::header::{
    CONNECTION, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tonic::body::Body;

use crate::problem::Problem;
use crate::router::Edge;

/// The subprotocol after which a client names its access token.
pub(super) const BEARER: &str = "bearer";

/// Refuses what asks for no socket, and pages that may not have one.
pub(super) fn check(edge: &Edge, request: &Request<Body>) -> Result<(), Problem> {
    if request.method() != Method::GET {
        return Err(Problem::other_methods(&[Method::GET]));
    }
    let headers = request.headers();
    let is_asked = has_token(headers, CONNECTION, "upgrade")
        && has_token(headers, UPGRADE, "websocket")
        && headers.contains_key(SEC_WEBSOCKET_KEY)
        && request.version() == Version::HTTP_11;
    let is_known = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    if !is_asked || !is_known {
        let problem = Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "this path speaks WebSocket, version 13, over HTTP/1.1",
        );
        return Err(problem
            .with_header(UPGRADE, Some(HeaderValue::from_static("websocket")))
            .with_header(SEC_WEBSOCKET_VERSION, Some(HeaderValue::from_static("13"))));
    }
    match headers.get(ORIGIN) {
        Some(origin) if !(edge.cors.lets_in(origin) || is_own(origin, headers)) => {
            Err(Problem::new(StatusCode::FORBIDDEN, "pages of this origin may not call"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The answer after which the connection is a socket.
pub(super) fn accept(request: &Request<Body>, is_by_protocol: bool) -> Response<Body> {
    let key = request.headers().get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    let accept = derive_accept_key(key.unwrap_or_default());
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if is_by_protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(BEARER));
    }
    response
}

/// Whether a page came from this very host.
fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let of_origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    of_origin.zip(host).is_some_and(|((_, of_origin), host)| of_origin.eq_ignore_ascii_case(host))
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(token))
}
