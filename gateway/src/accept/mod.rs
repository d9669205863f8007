//! The accept loop: connections in, within caps; requests served, each part of them within its
//! time. `axum::serve` has no deadline for a head, a first byte or an idle connection.

mod activity;
mod address;
mod patience;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use elenchus_rpc::Shutdown;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use metrics::{counter, gauge};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::body::Body;

use self::activity::{Activity, Busy, Counted};
use self::address::{AddressPlace, Addresses};
use self::patience::{Patient, Timed, broken};
use crate::grpc;
use crate::router::Edge;
use crate::settings::Settings;

const STREAMS_PER_CONNECTION: u32 = 100;
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
const MOST_HEADERS: usize = 100;
const PING_EVERY: Duration = Duration::from_secs(15);
const PING_PATIENCE: Duration = Duration::from_secs(10);
/// What a connection that is to close gets to say good-bye.
const GOOD_BYE: Duration = Duration::from_secs(5);
/// A pause where the system has no room for another connection.
const BREATH: Duration = Duration::from_millis(100);

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Serves connections until the stop has begun and those in hand are done.
pub(crate) async fn serve(edge: Arc<Edge>, listener: TcpListener, shutdown: Shutdown) {
    let caps = edge.settings.connections;
    let total = caps.total.min(Semaphore::MAX_PERMITS) as u32;
    let places = Arc::new(Semaphore::new(total as usize));
    let addresses = Arc::new(Addresses { most: caps.per_address, open: Mutex::default() });
    let builder = Arc::new(builder(&edge.settings));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.stopping() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        counter!("http_server_connections_total").increment(1);
        let place = Arc::clone(&places).try_acquire_owned().ok();
        let Some(place) = place.zip(Addresses::enter(&addresses, peer.ip())) else {
            counter!("http_server_connections_refused_total").increment(1);
            refuse(&stream);
            continue;
        };
        let connection = Connection {
            edge: Arc::clone(&edge),
            builder: Arc::clone(&builder),
            shutdown: shutdown.clone(),
            peer,
            held: Held(Arc::new(place)),
        };
        shutdown.spawn(connection.run(stream));
    }
    drop(listener);
    // Every place is free once every connection has ended.
    let _ = places.acquire_many(total).await;
}

fn builder(settings: &Settings) -> Builder<TokioExecutor> {
    let limits = &settings.limits;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_headers(MOST_HEADERS)
        .max_buf_size(limits.header_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .max_header_list_size(limits.header_bytes as u32)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_PATIENCE);
    builder
}

/// Says why, where the socket takes it at once, and hangs up.
fn refuse(stream: &TcpStream) {
    let _ = stream.try_write(FULL);
}

struct Connection {
    edge: Arc<Edge>,
    builder: Arc<Builder<TokioExecutor>>,
    shutdown: Shutdown,
    peer: SocketAddr,
    held: Held,
}

/// The places of a connection, kept until it and the socket that it has become are closed.
#[derive(Clone)]
pub(crate) struct Held(
    #[expect(dead_code, reason = "held until it is dropped")]
    Arc<(OwnedSemaphorePermit, AddressPlace)>,
);

impl Connection {
    async fn run(self, stream: TcpStream) {
        gauge!("http_server_open_connections").increment(1.0);
        // Answers are written whole; waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let activity = Arc::new(Activity::new());
        let service = {
            let (edge, peer, activity) = (Arc::clone(&self.edge), self.peer, Arc::clone(&activity));
            let held = self.held.clone();
            service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(held.clone());
                answer(Arc::clone(&edge), peer, Arc::clone(&activity), request)
            })
        };
        let io = TokioIo::new(Patient { stream, patience: None });
        let mut connection = pin!(self.builder.serve_connection_with_upgrades(io, service));
        let limits = &self.edge.settings.limits;
        let outcome = tokio::select! {
            outcome = connection.as_mut() => Some(outcome),
            () = activity.idle_for(limits.header, limits.keep_alive) => None,
            () = self.shutdown.stopping() => None,
        };
        if outcome.is_none() {
            connection.as_mut().graceful_shutdown();
            // Answers in hand are finished, also long ones; what is idle has seconds.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = activity.idle_for(GOOD_BYE, GOOD_BYE) => {}
            }
        }
        gauge!("http_server_open_connections").decrement(1.0);
    }
}

async fn answer(
    edge: Arc<Edge>,
    peer: SocketAddr,
    activity: Arc<Activity>,
    request: Request<Incoming>,
) -> Result<Response<Counted>, Infallible> {
    let busy = Busy::begin(activity);
    // A client's gRPC stream may be silent for long; its deadline ends it.
    let idle = (!grpc::is_one(request.headers())).then_some(edge.settings.limits.body_idle);
    let request = request.map(|body| match idle {
        _ if body.is_end_stream() => Body::empty(),
        Some(idle) => Body::new(Timed { body, idle, over: None }),
        None => Body::new(body.map_err(broken)),
    });
    let response = edge.answer(peer, request).await;
    Ok(response.map(|body| Counted { body, busy }))
}
