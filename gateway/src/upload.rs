//! A `multipart/form-data` body into a streamed request, as it comes: what describes the file
//! first, then its bytes. Never more of it is held than a few frames.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyDataStream, StreamBody};
use multer::{Field, Multipart};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::body::Body;

use crate::call::{self, FRAME_HEADER};
use crate::context::Context;
use crate::problem::Problem;
use crate::rest::show;
use crate::router::Edge;
use crate::transcode::body::broken;
use crate::transcode::codec::schema::{Arity, Schema};
use crate::transcode::codec::wire::{close, open, put_varint};
use crate::transcode::kind::UploadShape;
use crate::transcode::query::FieldPath;
use crate::transcode::{Binding, Violation};

/// The part that is the file.
const FILE: &str = "file";
/// The most that all other parts may hold.
const LARGEST_DESCRIPTION: usize = 64 << 10;
/// The most bytes of one message.
const LARGEST_CHUNK: usize = 1 << 20;
/// Frames that wait for a slow service before reading stops.
const FRAMES_IN_HAND: usize = 4;
/// What is still read of a refused upload, so that its client gets to see the answer.
const LINGER: Duration = Duration::from_secs(2);

type Frames = mpsc::Sender<Result<Frame<Bytes>, Status>>;

/// Passes the file on, and answers with what became of it.
pub(crate) async fn answer(
    edge: &Arc<Edge>,
    context: &Context,
    binding: &Binding,
    shape: &UploadShape,
    request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    let (parts, body) = request.into_parts();
    let boundary = boundary(&parts.headers)?;
    let mut multipart = Multipart::new(BodyDataStream::new(body), boundary);
    let metadata = context.metadata(&parts.headers);
    let answer = pass_on(edge, binding, shape, metadata, &mut multipart).await;
    if answer.is_err() {
        edge.shutdown.spawn(timeout(LINGER, drain(multipart)));
    }
    show(edge, binding, StatusCode::ACCEPTED, answer?)
}

async fn pass_on(
    edge: &Edge,
    binding: &Binding,
    shape: &UploadShape,
    metadata: HeaderMap,
    multipart: &mut Multipart<'static>,
) -> Result<call::Single, Problem> {
    let schema = &edge.transcoder.schema;
    let (description, file) = describe(schema, shape, multipart).await?;
    let (frames, receiver) = mpsc::channel(FRAMES_IN_HAND);
    let body = Body::new(StreamBody::new(ReceiverStream::new(receiver)));
    let limits = edge.stream_limits();
    let rpc = &binding.rpc;
    let call = async {
        let answer = call::begin(&rpc.transport, &rpc.path, metadata, body, limits).await?;
        call::single(answer).await
    };
    let pump = pump(shape, description, file, multipart, frames.clone());
    tokio::pin!(call, pump);
    let refuse = |status: Status| Problem::of_status(&status);
    let exchange = async {
        let pumped = tokio::select! {
            biased;
            // An early answer is a refusal: nothing more need be read.
            answer = &mut call => return answer.map_err(refuse),
            pumped = &mut pump => pumped,
        };
        if let Err(problem) = pumped {
            // The stream must not look as if it had come to its end; see `accept::broken`.
            let broken = Err(Status::aborted("the upload broke off"));
            let _ = tokio::join!(
                timeout(Duration::from_secs(1), frames.send(broken)),
                timeout(Duration::from_secs(1), call)
            );
            return Err(problem);
        }
        drop(frames);
        call.await.map_err(refuse)
    };
    timeout(limits.deadline, exchange).await.unwrap_or_else(|_| Err(refuse(call::exceeded())))
}

fn boundary(headers: &HeaderMap) -> Result<String, Problem> {
    let content_type =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    multer::parse_boundary(content_type).map_err(|_| {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be multipart/form-data with a boundary",
        )
    })
}

/// Reads the parts before the file into the description.
async fn describe(
    schema: &Schema,
    shape: &UploadShape,
    multipart: &mut Multipart<'static>,
) -> Result<(Vec<u8>, Field<'static>), Problem> {
    let mut message = call::frame();
    let start = open(&mut message, shape.metadata_number);
    let (mut given, mut room) = (Vec::new(), LARGEST_DESCRIPTION);
    while let Some(field) = multipart.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == FILE {
            let filename = field.file_name().filter(|name| !name.is_empty());
            let filename =
                filename.ok_or_else(|| refuse(FILE, "must have a file name"))?.to_owned();
            put(schema, shape, "filename", &filename, &mut message)?;
            close(&mut message, start);
            return Ok((message, field));
        }
        let text = read_text(field, &mut room).await.map_err(|problem| problem.of(&name))?;
        let known = FieldPath::resolve(schema, shape.metadata, &name);
        let known = known.map_err(|problem| refuse(&name, &problem.to_string()))?;
        if known.name == "filename"
            || (known.arity == Arity::Singular && given.contains(&known.name))
        {
            return Err(refuse(&name, "is given twice"));
        }
        for value in values(&known, &name, &text)? {
            put(schema, shape, &known.name, &value, &mut message)?;
        }
        given.push(known.name);
    }
    Err(refuse(FILE, "is required"))
}

fn put(
    schema: &Schema,
    shape: &UploadShape,
    name: &str,
    text: &str,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let field = FieldPath::resolve(schema, shape.metadata, name);
    let field = field.map_err(|problem| refuse(name, &problem.to_string()))?;
    field.put(schema, text, out).map_err(|violation| Problem::invalid(vec![violation]))
}

/// What a part says: a list is a JSON array, or words with commas between them.
fn values(field: &FieldPath, name: &str, text: &str) -> Result<Vec<String>, Problem> {
    if field.arity == Arity::Singular {
        return Ok(vec![text.to_owned()]);
    }
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text)
            .map_err(|_| refuse(name, "must be a JSON array of strings"));
    }
    Ok(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

enum Unread {
    TooLarge,
    NotText,
    Broken(multer::Error),
}

impl Unread {
    fn of(self, name: &str) -> Problem {
        match self {
            Self::TooLarge => {
                refuse(name, "is too large: the parts beside the file may hold 64 KiB")
            }
            Self::NotText => refuse(name, "is not UTF-8"),
            Self::Broken(error) => malformed(error),
        }
    }
}

async fn read_text(mut field: Field<'static>, room: &mut usize) -> Result<String, Unread> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(Unread::Broken)? {
        *room = room.checked_sub(chunk.len()).ok_or(Unread::TooLarge)?;
        text.extend_from_slice(&chunk);
    }
    String::from_utf8(text).map_err(|_| Unread::NotText)
}

/// Sends the description and the file, and sees that nothing comes after it.
async fn pump(
    shape: &UploadShape,
    description: Vec<u8>,
    mut file: Field<'static>,
    multipart: &mut Multipart<'static>,
    frames: Frames,
) -> Result<(), Problem> {
    let description = call::seal(description).map_err(|status| Problem::of_status(&status))?;
    send(&frames, description).await;
    while let Some(mut data) = file.chunk().await.map_err(malformed)? {
        while !data.is_empty() {
            let chunk = data.split_to(data.len().min(LARGEST_CHUNK));
            send(&frames, chunk_header(shape, chunk.len())).await;
            send(&frames, chunk).await;
        }
    }
    drop(file);
    match multipart.next_field().await.map_err(malformed)? {
        None => Ok(()),
        Some(field) => {
            let name = field.name().unwrap_or_default();
            let problem = if name == FILE { "is given twice" } else { "must come before the file" };
            Err(refuse(name, problem))
        }
    }
}

/// Sends a frame. Where nobody takes it the call has ended, and its answer says why.
async fn send(frames: &Frames, bytes: Bytes) {
    let _ = frames.send(Ok(Frame::data(bytes))).await;
}

/// What stands before the bytes of one message: its frame, the field's tag and the length.
fn chunk_header(shape: &UploadShape, length: usize) -> Bytes {
    let mut tag = Vec::with_capacity(8);
    put_varint(&mut tag, u64::from(shape.data_number) << 3 | 2);
    put_varint(&mut tag, length as u64);
    let mut header = BytesMut::with_capacity(FRAME_HEADER + tag.len());
    header.put_u8(0);
    header.put_u32((tag.len() + length) as u32);
    header.put_slice(&tag);
    header.freeze()
}

async fn drain(mut multipart: Multipart<'static>) {
    while let Ok(Some(mut field)) = multipart.next_field().await {
        while let Ok(Some(_)) = field.chunk().await {}
    }
}

fn refuse(field: &str, problem: &str) -> Problem {
    let field: String = field.chars().take(100).collect();
    Problem::invalid(vec![Violation::new(if field.is_empty() { "body" } else { &field }, problem)])
}

fn malformed(error: multer::Error) -> Problem {
    if let multer::Error::StreamReadFailed(cause) = &error
        && let Some(status) = cause.downcast_ref::<Status>()
    {
        return broken(status);
    }
    refuse("body", "is not well-formed multipart/form-data")
}
