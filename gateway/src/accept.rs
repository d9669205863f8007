//! The accept loop: connections in, within caps; requests served, each part of them within its
//! time. `axum::serve` has no deadline for a head, a first byte or an idle connection.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use elenchus_rpc::Shutdown;
use http::{Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use metrics::{counter, gauge};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};
use tonic::Status;
use tonic::body::Body;

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
/// A client that takes nothing of its answer for so long is gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);
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
            place,
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

/// How many connections each address has.
struct Addresses {
    most: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl Addresses {
    fn enter(addresses: &Arc<Self>, address: IpAddr) -> Option<AddressPlace> {
        let mut open = addresses.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= addresses.most {
            return None;
        }
        *count += 1;
        Some(AddressPlace { addresses: Arc::clone(addresses), address })
    }
}

/// One connection of an address.
struct AddressPlace {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        let mut open = self.addresses.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

struct Connection {
    edge: Arc<Edge>,
    builder: Arc<Builder<TokioExecutor>>,
    shutdown: Shutdown,
    peer: SocketAddr,
    #[expect(dead_code, reason = "held until the connection ends")]
    place: (OwnedSemaphorePermit, AddressPlace),
}

impl Connection {
    async fn run(self, stream: TcpStream) {
        gauge!("http_server_open_connections").increment(1.0);
        // Answers are written whole; waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let activity = Arc::new(Activity::new());
        let service = {
            let (edge, peer, activity) = (Arc::clone(&self.edge), self.peer, Arc::clone(&activity));
            service_fn(move |request| answer(Arc::clone(&edge), peer, Arc::clone(&activity), request))
        };
        let io = TokioIo::new(Patient { stream, patience: None });
        let mut connection = pin!(self.builder.serve_connection(io, service));
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

/// A body that broke off. Not "cancelled": tonic's servers take that for the good end of a stream,
/// and half an upload for a whole one.
fn broken(_: hyper::Error) -> Status {
    Status::aborted("the request broke off")
}

/// Whether a connection is in use, and since when it is not.
struct Activity {
    state: Mutex<State>,
}

struct State {
    in_hand: usize,
    has_served: bool,
    since: Instant,
}

impl Activity {
    fn new() -> Self {
        Self { state: Mutex::new(State { in_hand: 0, has_served: false, since: Instant::now() }) }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        state.since = Instant::now();
    }

    /// What is left until the connection has been idle for too long. None while it is in use.
    fn left(&self, first: Duration, between: Duration) -> Option<Duration> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = if state.has_served { between } else { first };
        (state.in_hand == 0).then(|| limit.saturating_sub(state.since.elapsed()))
    }

    /// Resolves once no request has come for `first`, or none after another for `between`.
    async fn idle_for(&self, first: Duration, between: Duration) {
        loop {
            match self.left(first, between) {
                Some(Duration::ZERO) => return,
                Some(left) => sleep(left).await,
                None => sleep(between.min(Duration::from_secs(1))).await,
            }
        }
    }
}

/// A request in hand, until its answer has been sent or dropped.
struct Busy(Arc<Activity>);

impl Busy {
    fn begin(activity: Arc<Activity>) -> Self {
        activity.change(|state| {
            state.in_hand += 1;
            state.has_served = true;
        });
        Self(activity)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.change(|state| state.in_hand -= 1);
    }
}

/// The body of an answer, which keeps its connection in use.
struct Counted {
    body: Body,
    #[expect(dead_code, reason = "held until the body ends")]
    busy: Busy,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// The body of a request, each part of which has its time.
struct Timed {
    body: Incoming,
    idle: Duration,
    over: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.over = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(broken)));
        }
        let idle = self.idle;
        let over = self.over.get_or_insert_with(|| Box::pin(sleep(idle)));
        ready!(over.as_mut().poll(cx));
        Poll::Ready(Some(Err(Status::deadline_exceeded("the body took too long to arrive"))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// A socket that gives up on a client which takes nothing.
struct Patient {
    stream: TcpStream,
    patience: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn wait<T>(&mut self, poll: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.patience = None;
            return poll;
        }
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(WRITE_PATIENCE)));
        ready!(patience.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wait(poll, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wait(poll, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
