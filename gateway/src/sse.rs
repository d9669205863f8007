//! Streams as server-sent events, as JSON by line, or as bytes. A client that leaves drops the
//! answer, and with it the call.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::time::{Instant, timeout};
use tonic::body::Body;
use tonic::{Code, Status, Streaming};

use crate::call;
use crate::context::Context;
use crate::part;
use crate::problem::Problem;
use crate::rest::{mark_raw, show_metadata, unreadable};
use crate::router::Edge;
use crate::transcode::Binding;
use crate::transcode::kind::EventFields;

/// How the messages of a stream are written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    /// Server-sent events.
    Events(EventFields),
    /// JSON, a line each.
    Lines,
    /// The data of `google.api.HttpBody`.
    Bytes,
}

impl Style {
    /// Events, unless the client asks for JSON.
    pub(crate) fn of(headers: &HeaderMap, fields: EventFields) -> Self {
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let wants = |media_type| accept.contains(media_type);
        if !wants("text/event-stream")
            && (wants("application/x-ndjson") || wants("application/json"))
        {
            Self::Lines
        } else {
            Self::Events(fields)
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Events(_) => "text/event-stream",
            Self::Lines => "application/x-ndjson",
            Self::Bytes => "application/octet-stream",
        })
    }
}

/// Calls, and answers with a stream once there is a first message. A refusal before it is an
/// ordinary problem; a silence as long as a heartbeat counts as a beginning.
pub(crate) async fn answer(
    edge: &Arc<Edge>,
    context: &Context,
    index: usize,
    style: Style,
    metadata: HeaderMap,
    request: Body,
) -> Result<Response<Body>, Problem> {
    let binding = &edge.transcoder.bindings[index];
    let limits = edge.stream_limits();
    let until = Instant::now() + limits.deadline;
    let refuse = |status: Status| Problem::of_status(&status);

    let begun = call::begin(&binding.rpc.transport, &binding.rpc.path, metadata, request, limits);
    let answer = timeout(edge.settings.limits.request, begun)
        .await
        .unwrap_or_else(|_| Err(call::exceeded()));
    let mut answer = answer.map_err(refuse)?;
    let patience = match style {
        Style::Bytes => edge.settings.limits.request,
        Style::Events(_) | Style::Lines => edge.settings.limits.heartbeat,
    };
    let first = timeout(patience, answer.messages.message()).await;
    let first = first.ok().transpose().map_err(refuse)?;

    let mut headers = HeaderMap::new();
    show_metadata(&answer.metadata, &mut headers);
    headers.insert(CONTENT_TYPE, style.content_type());
    if let Style::Bytes = style {
        part::measure(&answer.metadata, &mut headers);
    }
    if let Style::Events(_) = style {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // nginx would hold events back until it has a bufferful of them.
        headers
            .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    }
    if let (Style::Bytes, Some(Some(message))) = (style, &first) {
        let raw = binding
            .raw(&edge.transcoder.schema, message)
            .map_err(|error| unreadable(binding, error))?;
        mark_raw(&raw.content_type, &mut headers);
    }

    let writer = Writer {
        edge: Arc::clone(edge),
        index,
        style,
        request_id: context.request_id.clone(),
        messages: answer.messages,
        next: first.map(|message| message.map_or(Next::End, Next::Message)),
        until,
        drained: None,
    };
    let mut response =
        Response::new(Body::new(StreamBody::new(stream::unfold(Some(writer), Writer::step))));
    *response.headers_mut() = headers;
    Ok(response)
}

/// What is written next.
enum Next {
    Message(Bytes),
    Heartbeat,
    Failed(Status),
    End,
}

struct Writer {
    edge: Arc<Edge>,
    index: usize,
    style: Style,
    request_id: String,
    messages: Streaming<Bytes>,
    /// What is known already.
    next: Option<Next>,
    until: Instant,
    /// When a stream has to end because the gateway stops.
    drained: Option<Instant>,
}

type Item = io::Result<Frame<Bytes>>;

impl Writer {
    async fn step(writer: Option<Self>) -> Option<(Item, Option<Self>)> {
        let mut writer = writer?;
        let next = match writer.next.take() {
            Some(next) => next,
            None => writer.wait().await,
        };
        match next {
            Next::End => None,
            Next::Heartbeat => {
                let beat = if let Style::Events(_) = writer.style { ":\n\n" } else { "\n" };
                Some((Ok(Frame::data(Bytes::from_static(beat.as_bytes()))), Some(writer)))
            }
            Next::Message(message) => match writer.write(&message) {
                Ok(bytes) => Some((Ok(Frame::data(bytes)), Some(writer))),
                Err(problem) => Some((writer.write_problem(&problem), None)),
            },
            Next::Failed(status) => {
                Some((writer.write_problem(&Problem::of_status(&status)), None))
            }
        }
    }

    async fn wait(&mut self) -> Next {
        let shutdown = &self.edge.shutdown;
        let drain = self.edge.settings.limits.drain;
        loop {
            let end = self.drained.map_or(self.until, |drained| drained.min(self.until));
            let is_quiet = matches!(self.style, Style::Bytes);
            return tokio::select! {
                biased;
                message = self.messages.message() => match message {
                    Ok(Some(message)) => Next::Message(message),
                    Ok(None) => Next::End,
                    Err(status) => Next::Failed(status),
                },
                () = tokio::time::sleep_until(end) => Next::Failed(if end == self.until {
                    call::exceeded()
                } else {
                    Status::new(Code::Unavailable, "the server is stopping; connect again")
                }),
                () = shutdown.stopping(), if self.drained.is_none() => {
                    self.drained = Some(Instant::now() + drain);
                    continue;
                }
                () = tokio::time::sleep(heartbeat(&self.edge)), if !is_quiet => Next::Heartbeat,
            };
        }
    }

    fn binding(&self) -> &Binding {
        &self.edge.transcoder.bindings[self.index]
    }

    fn write(&self, message: &Bytes) -> Result<Bytes, Problem> {
        let (binding, schema) = (self.binding(), &self.edge.transcoder.schema);
        let fields = match self.style {
            Style::Bytes => {
                let raw =
                    binding.raw(schema, message).map_err(|error| unreadable(binding, error))?;
                return Ok(raw.data);
            }
            Style::Events(fields) => Some(fields),
            Style::Lines => None,
        };
        let mut out = fields
            .map(|fields| binding.event_lines(schema, fields, message) + "data: ")
            .unwrap_or_default();
        out = binding.print(schema, message, out).map_err(|error| unreadable(binding, error))?;
        out.push_str(if fields.is_some() { "\n\n" } else { "\n" });
        Ok(out.into())
    }

    /// The last thing of a stream that could not be finished. Bytes can only break off.
    fn write_problem(&self, problem: &Problem) -> Item {
        let json = problem.json(&self.request_id);
        let text = match self.style {
            Style::Events(_) => format!("event: error\ndata: {json}\n\n"),
            Style::Lines => format!("{{\"error\":{json}}}\n"),
            Style::Bytes => return Err(io::Error::other("the stream broke off")),
        };
        Ok(Frame::data(text.into()))
    }
}

fn heartbeat(edge: &Edge) -> Duration {
    edge.settings.limits.heartbeat
}
