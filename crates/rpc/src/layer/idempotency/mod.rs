//! A call with an `Idempotency-Key` takes effect once: whoever makes it again gets the first answer, or
//! is told why there is none. The method's options say which calls may carry one.

mod refusal;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use elenchus_proto::pb::rpc::v1::IdempotencyKey;
use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, response};
use http_body_util::{BodyExt, Full, Limited};
use tokio::time::timeout_at;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tracing::{Instrument, Span};

use crate::caller::Caller;
use crate::deadline::Deadline;
use crate::idempotency::{Claim, Fingerprint, Key, Keyed, SharedLedger};
use crate::method;
use crate::shutdown::Shutdown;
use crate::status::STORE_UNAVAILABLE;
use crate::token::Keys;

/// The header in which a client names a call.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
const LONGEST: usize = 255;
/// What tonic reads of a message, and the bytes before it.
const LARGEST_REQUEST: usize = 4 * 1024 * 1024 + 5;
/// Beyond the deadline of a call, for recording how it ended.
const SLACK: Duration = Duration::from_secs(5);

/// What the layer needs to know of its service.
pub struct Once {
    /// Where calls are remembered. Without one no call may carry a key.
    pub(crate) ledger: Option<SharedLedger>,
    pub(crate) keys: Keys,
    pub(crate) shutdown: Shutdown,
}

/// Makes a call, or answers what it answered the first time.
pub async fn enforce(State(once): State<Arc<Once>>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    let kind = method::find(request.uri().path())
        .map_or(IdempotencyKey::Unspecified, |method| method.idempotency_key);
    match request.extensions().get::<Caller>().cloned() {
        Some(caller) if kind == IdempotencyKey::Effect => {
            match once.keyed(&caller, request).await {
                Ok(request) => next.run(request).await,
                Err(refusal) => super::refuse(&refusal),
            }
        }
        Some(caller) if kind != IdempotencyKey::Unspecified => {
            let answer = once.answer(&caller, kind, request, next).await;
            answer.unwrap_or_else(|refusal| super::refuse(&refusal))
        }
        Some(_) | None => next.run(request).await,
    }
}

impl Once {
    /// Tells the service which key the call carries.
    async fn keyed(&self, caller: &Caller, request: Request) -> Result<Request, Status> {
        let key = key(caller, &request)?;
        let is_stream = method::find(&key.method).is_some_and(|method| method.is_client_streaming);
        let (mut request, fingerprint) = match is_stream {
            true => (request, None),
            false => {
                let (request, fingerprint) = self.read(request).await?;
                (request, Some(fingerprint))
            }
        };
        request.extensions_mut().insert(Keyed { key, fingerprint });
        Ok(request)
    }

    /// Reads a request to its end.
    async fn read(&self, request: Request) -> Result<(Request, Fingerprint), Status> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, LARGEST_REQUEST).collect().await.map_err(unread)?.to_bytes();
        let fingerprint = self.keys.fingerprint(&body);
        Ok((Request::from_parts(parts, Body::from(body)), fingerprint))
    }

    async fn answer(
        &self,
        caller: &Caller,
        kind: IdempotencyKey,
        request: Request,
        next: Next,
    ) -> Result<Response, Status> {
        let ledger = self.ledger.clone().ok_or_else(refusal::unsupported)?;
        let key = key(caller, &request)?;
        let (request, fingerprint) = self.read(request).await?;

        let call = Call { ledger, key, kind, deadline: caller.deadline };
        let call = call.once(fingerprint, request, next).instrument(Span::current());
        // In a task of its own: a client who leaves, and will ask again, must not cut the work short.
        match self.shutdown.spawn(call).await {
            Ok(answer) => answer,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Status::cancelled("the service is stopping")),
            },
        }
    }
}

/// One call that carries a key.
struct Call {
    ledger: SharedLedger,
    key: Key,
    kind: IdempotencyKey,
    deadline: Deadline,
}

impl Call {
    /// Makes the call, unless it was made.
    async fn once(
        self,
        fingerprint: Fingerprint,
        request: Request,
        next: Next,
    ) -> Result<Response, Status> {
        let busy_for = self.deadline.remaining() + SLACK;
        match self.ledger.claim(&self.key, &fingerprint, busy_for).await? {
            Claim::Ours => Ok(self.make(request, next).await?.into_response()),
            Claim::Done(Some(answer)) => Ok(repeated(answer)),
            Claim::Done(None) => Err(refusal::not_kept()),
            Claim::OtherRequest => Err(refusal::other_request()),
            Claim::Busy(left) => Err(refusal::busy(left)),
            Claim::InDoubt => Err(refusal::in_doubt()),
        }
    }

    async fn make(&self, request: Request, next: Next) -> Result<Answered, Status> {
        let run = timeout_at(self.deadline.instant(), run(request, next));
        let (answered, panic) = match AssertUnwindSafe(run).catch_unwind().await {
            Ok(Ok(answered)) => (answered, None),
            Ok(Err(_)) => {
                let late = "the deadline of the call has passed";
                (Err(Status::deadline_exceeded(late)), None)
            }
            Err(panic) => (Err(Status::internal("internal error")), Some(panic)),
        };
        self.record(&answered).await;
        match panic {
            // Another layer answers it, as every panic.
            Some(panic) => std::panic::resume_unwind(panic),
            None => answered,
        }
    }

    /// Keeps how the call ended. Where that fails it stays under way until its time is over, and is in
    /// doubt from then on.
    async fn record(&self, answered: &Result<Answered, Status>) {
        let Self { ledger, key, .. } = self;
        let status = answered.as_ref().map_or_else(Status::clone, Answered::status);
        let recorded = match answered {
            Ok(answered) if status.code() == Code::Ok => {
                let answer = (self.kind == IdempotencyKey::Answer).then_some(&*answered.message);
                ledger.keep(key, answer).await
            }
            Ok(_) | Err(_) if leaves_doubt(&status) => ledger.doubt(key).await,
            Ok(_) | Err(_) => ledger.release(key).await,
        };
        if let Err(status) = recorded {
            tracing::warn!(code = ?status.code(), "how a call with an idempotency key ended was not recorded");
        }
    }
}

/// An answer that was read to its end.
struct Answered {
    parts: response::Parts,
    message: Bytes,
    trailers: HeaderMap,
}

impl Answered {
    fn status(&self) -> Status {
        let status = Status::from_header_map(&self.trailers);
        let status = status.or_else(|| Status::from_header_map(&self.parts.headers));
        status.unwrap_or_else(|| Status::unknown("the answer has no status"))
    }

    fn into_response(self) -> Response {
        Response::from_parts(self.parts, framed(self.message, self.trailers))
    }
}

async fn run(request: Request, next: Next) -> Result<Answered, Status> {
    let (parts, body) = next.run(request).await.into_parts();
    let body = body.collect().await.map_err(|_| Status::internal("the answer broke off"))?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    Ok(Answered { parts, message: body.to_bytes(), trailers })
}

/// Whether a call that failed so may have had its effect.
fn leaves_doubt(status: &Status) -> bool {
    match status.code() {
        Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::Internal
        | Code::DataLoss => true,
        Code::Unavailable => {
            let details = status.get_error_details();
            details.error_info().is_some_and(|info| info.reason == STORE_UNAVAILABLE)
        }
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => false,
    }
}

fn key(caller: &Caller, request: &Request) -> Result<Key, Status> {
    let (method, text) = (request.uri().path().to_owned(), text(request.headers())?);
    Ok(Key { user_id: caller.user_id, method, text })
}

/// The client's name for the call.
fn text(headers: &HeaderMap) -> Result<String, Status> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(refusal::malformed("was sent more than once; send one"));
    };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        let problem =
            format!("must be from 1 to {LONGEST} visible ASCII characters; a UUID is good");
        return Err(refusal::malformed(problem));
    }
    Ok(text.to_owned())
}

fn unread<E>(_: E) -> Status {
    Status::out_of_range("the request is too large, or broke off")
}

/// The first answer, once more.
fn repeated(message: Bytes) -> Response {
    let mut trailers = HeaderMap::new();
    trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
    let mut response = Response::new(framed(message, trailers));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

fn framed(message: Bytes, trailers: HeaderMap) -> Body {
    if message.is_empty() && trailers.is_empty() {
        return Body::empty();
    }
    Body::new(Full::new(message).with_trailers(std::future::ready(Some(Ok(trailers)))))
}
