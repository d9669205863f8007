//! What is known of a request besides its content: its id, its trace, its client. Carried into
//! every call that the request causes.

use std::net::{IpAddr, SocketAddr};

use elenchus_rpc::caller::REQUEST_ID;
use elenchus_rpc::layer::idempotency::IDEMPOTENCY_KEY;
use elenchus_rpc::layer::observe::inject_trace;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Version};
use opentelemetry::propagation::Extractor;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use uuid::Uuid;

use crate::settings::Settings;

pub(crate) const TRACEPARENT: &str = "traceparent";
const FORWARDED_FOR: &str = "x-forwarded-for";
const LONGEST_REQUEST_ID: usize = 64;

/// Headers of a REST request that services see, besides those that the gateway makes itself.
const PASSED_ON: [HeaderName; 3] = [
    HeaderName::from_static(IDEMPOTENCY_KEY),
    HeaderName::from_static("accept-language"),
    HeaderName::from_static("user-agent"),
];

/// Headers that belong to one connection, or that only the gateway may set.
const NEVER_PASSED_ON: [&str; 20] = [
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-real-ip",
    REQUEST_ID,
    TRACEPARENT,
    "tracestate",
    "baggage",
];

/// Beginnings of headers by which a client might pretend to be somebody.
const FORGEABLE: [&str; 4] = ["x-user-", "x-elenchus-", "grpc-metadata-", "x-forwarded-"];

/// What every call made for a request carries.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) request_id: String,
    pub(crate) client: IpAddr,
    /// `traceparent` and `tracestate`.
    trace: HeaderMap,
}

impl Context {
    pub(crate) fn of<B>(settings: &Settings, peer: SocketAddr, request: &Request<B>) -> Self {
        let headers = request.headers();
        let request_id = headers.get(REQUEST_ID).and_then(|id| sane(id.to_str().ok()?));
        let mut trace = HeaderMap::new();
        trace.insert(TRACEPARENT, given_trace(headers).unwrap_or_else(new_trace));
        Self {
            request_id: request_id.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned),
            client: client(settings.trusted_proxies, peer.ip(), headers),
            trace,
        }
    }

    /// Puts the span below the client's trace, and the calls below the span.
    pub(crate) fn join_trace(&mut self, span: &Span, headers: &HeaderMap) {
        let parent = opentelemetry::global::get_text_map_propagator(|propagator| {
            propagator.extract(&Headers(headers))
        });
        // Fails only where no OpenTelemetry layer is installed, and then there is nothing to join.
        let _ = span.set_parent(parent);
        span.in_scope(|| inject_trace(&mut self.trace));
    }

    /// The headers that every answer has.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::try_from(&self.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(trace) = self.trace.get(TRACEPARENT) {
            headers.insert(TRACEPARENT, trace.clone());
        }
    }

    /// The metadata of a call made for a REST request.
    pub(crate) fn metadata(&self, headers: &HeaderMap) -> HeaderMap {
        let mut metadata = HeaderMap::with_capacity(12);
        for name in &PASSED_ON {
            for value in headers.get_all(name) {
                metadata.append(name, value.clone());
            }
        }
        // Of two credentials none is the right one.
        let mut credentials = headers.get_all(AUTHORIZATION).iter();
        if let (Some(credential), None) = (credentials.next(), credentials.next()) {
            let mut credential = credential.clone();
            credential.set_sensitive(true);
            metadata.insert(AUTHORIZATION, credential);
        }
        self.add_own(&mut metadata);
        metadata
    }

    /// The metadata of a gRPC call that is passed on: the client's, without what it may not say.
    pub(crate) fn passed_on(&self, headers: &HeaderMap) -> HeaderMap {
        let mut metadata = HeaderMap::with_capacity(headers.len() + 4);
        for (name, value) in headers {
            let text = name.as_str();
            let is_barred = NEVER_PASSED_ON.contains(&text)
                || FORGEABLE.iter().any(|beginning| text.starts_with(beginning));
            if !is_barred {
                metadata.append(name, value.clone());
            }
        }
        self.add_own(&mut metadata);
        metadata
    }

    fn add_own(&self, metadata: &mut HeaderMap) {
        self.mark(metadata);
        if let Some(state) = self.trace.get("tracestate") {
            metadata.insert("tracestate", state.clone());
        }
        if let Ok(client) = HeaderValue::try_from(self.client.to_string()) {
            metadata.insert(FORWARDED_FOR, client);
        }
    }
}

/// A request id that can stand in a log and in a header.
fn sane(id: &str) -> Option<&str> {
    let is_sane = !id.is_empty()
        && id.len() <= LONGEST_REQUEST_ID
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    is_sane.then_some(id)
}

/// The client's trace, where it is well-formed.
fn given_trace(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(TRACEPARENT)?;
    let parts: Vec<&str> = value.to_str().ok()?.split('-').collect();
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_set = |text: &str| text.bytes().any(|byte| byte != b'0');
    match parts.as_slice() {
        ["00", trace, span, flags] if is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2) => {
            (is_set(trace) && is_set(span)).then(|| value.clone())
        }
        _ => None,
    }
}

fn new_trace() -> HeaderValue {
    let trace = Uuid::now_v7().simple();
    // The last 8 bytes of a UUIDv7 are random.
    let span = &Uuid::now_v7().simple().to_string()[16..];
    HeaderValue::try_from(format!("00-{trace}-{span}-01")).unwrap_or(HeaderValue::from_static(""))
}

/// The client's address: the peer, or what the outermost trusted proxy says.
fn client(trusted_proxies: usize, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if trusted_proxies == 0 {
        return peer.to_canonical();
    }
    let addresses: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let told =
        addresses.len().checked_sub(trusted_proxies).and_then(|at| addresses[at].parse().ok());
    told.unwrap_or(peer).to_canonical()
}

/// Whether the request names exactly one host, as every HTTP/1.1 and HTTP/2 request must.
pub(crate) fn names_one_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(http::header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    match (first, second) {
        (_, Some(_)) => false,
        (Some(host), None) if request.version() == Version::HTTP_2 => authority
            .is_none_or(|authority| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes())),
        (Some(host), None) => !host.is_empty(),
        (None, None) => request.version() == Version::HTTP_2 && authority.is_some(),
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_forge_no_identity() {
        let mut headers = HeaderMap::new();
        for name in [
            "x-user-id",
            "x-elenchus-service",
            "grpc-metadata-authorization",
            "x-forwarded-for",
            "forwarded",
            "connection",
            "cookie",
        ] {
            headers.insert(name, HeaderValue::from_static("forged"));
        }
        headers.insert("x-mine", HeaderValue::from_static("kept"));
        let request = Request::new(());
        let peer = SocketAddr::from(([192, 0, 2, 7], 1234));
        let context = Context::of(&Settings::default(), peer, &request);
        for metadata in [context.metadata(&headers), context.passed_on(&headers)] {
            assert!(metadata.values().all(|value| value != "forged"), "{metadata:?}");
            assert_eq!(metadata[FORWARDED_FOR], "192.0.2.7");
        }
        assert_eq!(context.passed_on(&headers)["x-mine"], "kept");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED_FOR, HeaderValue::from_static("1.1.1.1, 2.2.2.2, 3.3.3.3"));
        let peer = IpAddr::from([9, 9, 9, 9]);
        for (proxies, expected) in [(0, "9.9.9.9"), (1, "3.3.3.3"), (2, "2.2.2.2"), (4, "9.9.9.9")]
        {
            assert_eq!(client(proxies, peer, &headers).to_string(), expected);
        }
    }

    #[test]
    fn odd_request_ids_and_traces_are_replaced() {
        for odd in ["", "a b", "a\"b", "é", &"x".repeat(65)] {
            assert_eq!(sane(odd), None);
        }
        assert_eq!(sane("req-1_2.3"), Some("req-1_2.3"));
        let trace = |value: &'static str| {
            given_trace(&HeaderMap::from_iter([(
                HeaderName::from_static(TRACEPARENT),
                HeaderValue::from_static(value),
            )]))
        };
        assert!(trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").is_some());
        for odd in ["", "00-0-0-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01"] {
            assert!(trace(odd).is_none(), "{odd}");
        }
    }
}
