//! The way to a peer. Near or far is one type: generated clients take either.

use std::collections::HashSet;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use http::{HeaderValue, Uri};
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::channel::Change;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Status};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use crate::circuit::Circuit;
use crate::layer::authenticate::SERVICE_TOKEN;
use crate::layer::observe::inject_trace;
use crate::retry::Retry;
use crate::shutdown::Shutdown;
use crate::tls::Tls;
use crate::token::Keys;

/// Accepted by every generated client, whichever way the peer is reached. A peer that cannot be
/// reached answers UNAVAILABLE.
pub type Transport = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const RESOLVE_EVERY: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// What a peer may send ahead of a reader, for one answer and for all of a connection. hyper's own
/// 2 MiB would hold a whole answer, and a slow reader would slow nobody.
const STREAM_WINDOW: u32 = 64 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
const RESEND_TOKEN_FOR: Duration = Duration::from_secs(30);

/// The peer lives in this process. No socket, no HTTP/2, the same layers.
pub fn local(routes: Routes) -> Transport {
    BoxCloneSyncService::new(ServiceExt::<http::Request<Body>>::map_err(
        routes,
        |never| match never {},
    ))
}

/// The peer listens elsewhere, at `http://host:port`. Connects on first use, and is spread over the
/// addresses that the name has, as they come and go. What does no harm is tried twice, and a peer
/// that is gone is left alone for a while.
pub fn remote(address: &Uri, shutdown: &Shutdown) -> Result<Transport, InvalidAddress> {
    far(address, "http", None, shutdown)
}

/// The peer listens elsewhere, at `https://host:port`, and proves that it is `callee`.
pub fn remote_with_tls(
    address: &Uri,
    callee: &str,
    tls: &Tls,
    shutdown: &Shutdown,
) -> Result<Transport, InvalidAddress> {
    far(address, "https", Some(tls.client(callee)), shutdown)
}

fn far(
    address: &Uri,
    scheme: &'static str,
    tls: Option<ClientTlsConfig>,
    shutdown: &Shutdown,
) -> Result<Transport, InvalidAddress> {
    let invalid = InvalidAddress { scheme };
    let host = address.host().ok_or(invalid)?.trim_matches(['[', ']']).to_owned();
    let port = address.port_u16().ok_or(invalid)?;
    if address.scheme_str() != Some(scheme) {
        return Err(invalid);
    }
    let (channel, changes) = Channel::balance_channel::<SocketAddr>(64);
    let is_known = Arc::new(AtomicBool::new(false));
    let follow = follow_name(host, port, tls, changes, Arc::clone(&is_known));
    let stopping = shutdown.clone();
    shutdown.spawn(async move {
        tokio::select! {
            () = follow => {}
            () = stopping.stopping() => {}
        }
    });
    let peer = address.authority().map(ToString::to_string).unwrap_or_default();
    let reachable = Circuit::new(Remote { channel, is_known }, peer);
    Ok(BoxCloneSyncService::new(Retry::new(reachable)))
}

/// An address that no peer can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not of the form {scheme}://host:port")]
pub struct InvalidAddress {
    scheme: &'static str,
}

/// Looks the name up again and again, and tells the channel what came and went.
async fn follow_name(
    host: String,
    port: u16,
    tls: Option<ClientTlsConfig>,
    changes: tokio::sync::mpsc::Sender<Change<SocketAddr, Endpoint>>,
    is_known: Arc<AtomicBool>,
) {
    let mut known = HashSet::new();
    loop {
        // A failed look-up changes nothing: the addresses of a minute ago beat none at all.
        if let Ok(found) = tokio::net::lookup_host((host.as_str(), port)).await {
            let found: HashSet<SocketAddr> = found.collect();
            for gone in known.difference(&found) {
                let _ = changes.send(Change::Remove(*gone)).await;
            }
            for new in found.difference(&known) {
                let Some(endpoint) = endpoint(*new, tls.as_ref()) else { continue };
                let endpoint = endpoint
                    .connect_timeout(CONNECT_TIMEOUT)
                    .tcp_nodelay(true)
                    .initial_stream_window_size(STREAM_WINDOW)
                    .initial_connection_window_size(CONNECTION_WINDOW)
                    .http2_keep_alive_interval(KEEP_ALIVE);
                let _ = changes.send(Change::Insert(*new, endpoint)).await;
            }
            is_known.store(!found.is_empty(), Ordering::Release);
            known = found;
        }
        let wait = if known.is_empty() { Duration::from_millis(200) } else { RESOLVE_EVERY };
        tokio::time::sleep(wait).await;
    }
}

fn endpoint(address: SocketAddr, tls: Option<&ClientTlsConfig>) -> Option<Endpoint> {
    let Some(tls) = tls else { return Endpoint::from_shared(format!("http://{address}")).ok() };
    Endpoint::from_shared(format!("https://{address}")).ok()?.tls_config(tls.clone()).ok()
}

/// A balanced channel that answers at once, and does not wait, while its name has no address.
#[derive(Clone)]
struct Remote {
    channel: Channel,
    is_known: Arc<AtomicBool>,
}

impl Service<http::Request<Body>> for Remote {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if !self.is_known.load(Ordering::Acquire) {
            return Box::pin(std::future::ready(Err(Status::unavailable(
                "the peer's name has no address",
            ))));
        }
        let mut channel = self.channel.clone();
        Box::pin(async move {
            channel.ready().await.map_err(unreachable)?.call(request).await.map_err(unreachable)
        })
    }
}

/// What callers may know of a broken connection; the log gets the rest.
fn unreachable(error: tonic::transport::Error) -> Status {
    tracing::debug!(error = &error as &dyn Error, "a peer could not be reached");
    let is_unsent = is_unsent(&error);
    let status = Status::from_error(error.into());
    if !is_unsent && matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded) {
        return status;
    }
    Status::unavailable("a service could not be reached")
}

/// Whether the connection broke before the call was on it. Tonic takes that for a call that its
/// caller gave up.
fn is_unsent(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<hyper::Error>())
        .any(hyper::Error::is_canceled)
}

/// Which service this process speaks as.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The service's name, such as `workflow`.
    pub name: &'static str,
    keys: Keys,
}

impl Identity {
    /// A service of the mesh, by its name.
    pub fn new(name: &'static str, keys: Keys) -> Self {
        Self { name, keys }
    }

    /// The way to `callee`, with every call signed by this service and carrying its trace on.
    pub fn to(&self, callee: &'static str, transport: Transport) -> Transport {
        let signer = Signer { identity: self.clone(), callee, last: Arc::default() };
        BoxCloneSyncService::new(ServiceExt::<http::Request<Body>>::map_request(
            transport,
            move |mut request: http::Request<Body>| {
                if let Some(token) = signer.token() {
                    request.headers_mut().insert(SERVICE_TOKEN, token);
                }
                inject_trace(request.headers_mut());
                request
            },
        ))
    }
}

/// Signs calls to one peer.
#[derive(Clone)]
struct Signer {
    identity: Identity,
    callee: &'static str,
    /// The last token; good for many calls.
    last: Arc<Mutex<Option<(Instant, HeaderValue)>>>,
}

impl Signer {
    fn token(&self) -> Option<HeaderValue> {
        let Identity { name, keys } = &self.identity;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, token)) = &*last
            && made.elapsed() < RESEND_TOKEN_FOR
        {
            return Some(token.clone());
        }
        let token = header(&keys.issue_service(name, self.callee).ok()?)?;
        *last = Some((Instant::now(), token.clone()));
        Some(token)
    }
}

fn header(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(token).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A way to a peer in this process that is not built yet. Services need each other, so each gets
/// its ways first and the peers are put at their ends afterwards.
#[derive(Clone, Default)]
pub struct Late {
    peer: Arc<OnceLock<Transport>>,
}

impl Late {
    /// The way. Answers UNAVAILABLE until the peer is bound.
    pub fn transport(&self) -> Transport {
        BoxCloneSyncService::new(self.clone())
    }

    /// Puts the peer at the end of the way. Only the first one counts.
    pub fn bind(&self, peer: Transport) {
        let _ = self.peer.set(peer);
    }
}

impl Service<http::Request<Body>> for Late {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        match self.peer.get() {
            // A near peer is always ready: it is routes, without a queue.
            Some(peer) => Box::pin(peer.clone().oneshot(request)),
            None => {
                Box::pin(std::future::ready(Err(Status::unavailable("the service is starting"))))
            }
        }
    }
}
