//! One call to a peer, in wire format. It knows gRPC and no HTTP of ours.

use std::time::Duration;

use bytes::{Buf, Bytes};
use elenchus_rpc::Transport;
use elenchus_rpc::deadline::GRPC_TIMEOUT;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, Version, header};
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::codec::{DecodeBuf, Decoder};
use tonic::{Code, Status, Streaming};
use tower::ServiceExt;

use crate::respond::full;

/// The bytes before each message: a flag and a length.
pub(crate) const FRAME_HEADER: usize = 5;

/// Where a buffer for a framed message begins.
pub(crate) fn frame() -> Vec<u8> {
    let mut buffer = Vec::with_capacity(256);
    buffer.resize(FRAME_HEADER, 0);
    buffer
}

/// Writes the length of the message that the buffer holds in front of it.
pub(crate) fn seal(mut buffer: Vec<u8>) -> Result<Bytes, Status> {
    let length = u32::try_from(buffer.len() - FRAME_HEADER)
        .map_err(|_| Status::resource_exhausted("the message is too large"))?;
    buffer[1..FRAME_HEADER].copy_from_slice(&length.to_be_bytes());
    Ok(buffer.into())
}

/// An answer that has begun.
pub(crate) struct Answer {
    pub(crate) metadata: HeaderMap,
    pub(crate) messages: Streaming<Bytes>,
}

/// One message and all that came with it.
pub(crate) struct Single {
    pub(crate) metadata: HeaderMap,
    pub(crate) message: Bytes,
}

/// How long a call may take, and how large its messages may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) deadline: Duration,
    pub(crate) message: usize,
}

/// Calls with one message, and waits for one.
pub(crate) async fn unary(
    transport: &Transport,
    path: &PathAndQuery,
    metadata: HeaderMap,
    message: Bytes,
    limits: Limits,
) -> Result<Single, Status> {
    let until = Instant::now() + limits.deadline;
    let call = async {
        let answer = begin(transport, path, metadata, full(message), limits).await?;
        single(answer).await
    };
    timeout_at(until, call).await.unwrap_or_else(|_| Err(exceeded()))
}

/// Reads the only message of an answer, and the status after it.
pub(crate) async fn single(answer: Answer) -> Result<Single, Status> {
    let Answer { mut metadata, mut messages } = answer;
    let message = messages.message().await?;
    let message = message.ok_or_else(|| Status::internal("the answer has no message"))?;
    if let Some(trailers) = messages.trailers().await? {
        metadata.extend(trailers.into_headers());
    }
    Ok(Single { metadata, message })
}

/// Calls with a body of framed messages, and waits until the answer begins.
pub(crate) async fn begin(
    transport: &Transport,
    path: &PathAndQuery,
    mut metadata: HeaderMap,
    body: Body,
    limits: Limits,
) -> Result<Answer, Status> {
    metadata.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    metadata.insert(header::TE, HeaderValue::from_static("trailers"));
    metadata.insert(GRPC_TIMEOUT, timeout_header(limits.deadline));
    let response = send(transport, request_to(path.clone().into(), metadata, body)).await?;
    let (parts, body) = response.into_parts();
    if let Some(status) = Status::from_header_map(&parts.headers)
        && status.code() != Code::Ok
    {
        return Err(status);
    }
    let messages = Streaming::new_response(Raw, body, parts.status, None, Some(limits.message));
    Ok(Answer { metadata: parts.headers, messages })
}

/// A request as a peer expects it.
pub(crate) fn request_to(uri: Uri, headers: HeaderMap, body: Body) -> Request<Body> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    request
}

/// Hands a request to the peer.
pub(crate) async fn send(
    transport: &Transport,
    request: Request<Body>,
) -> Result<Response<Body>, Status> {
    transport.clone().oneshot(request).await
}

pub(crate) fn exceeded() -> Status {
    Status::deadline_exceeded("the deadline has passed")
}

/// A deadline as gRPC writes it: at most eight digits and a unit.
pub(crate) fn timeout_header(deadline: Duration) -> HeaderValue {
    let millis = deadline.as_millis().min(99_999_999);
    HeaderValue::try_from(format!("{millis}m")).unwrap_or(HeaderValue::from_static("30S"))
}

/// Leaves messages as they are.
struct Raw;

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(source.copy_to_bytes(source.remaining())))
    }
}
