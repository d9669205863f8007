//! What a client may say over a socket, and how it is answered where it said something else.

use elenchus_proto::pb::conversation::v1 as pb;
use http::{HeaderMap, StatusCode};
use prost::Message as _;
use serde_json::{Map, Value, json};
use tonic::Status;
use tonic::metadata::AsciiMetadataValue;

use super::Sockets;
use crate::problem::Problem;
use crate::router::Edge;

/// A message of a client.
pub(super) enum Frame {
    /// `{"type": "message", "content": …}`: a question; without a type too. With an `idempotency_key` it is
    /// asked once.
    Question(Box<pb::StreamChatRequest>, Option<AsciiMetadataValue>),
    /// `{"type": "resume", "generation_id": …, "after_seq": …}`.
    Resume(pb::WatchGenerationRequest),
    /// `{"type": "stop", "generation_id": …}`.
    Stop(pb::StopGenerationRequest),
    /// `{"type": "ping"}`, for those who cannot send a control frame.
    Ping,
}

impl Frame {
    /// Reads a message in a conversation.
    pub(super) fn parse(
        edge: &Edge,
        sockets: &Sockets,
        conversation_id: &str,
        text: &str,
    ) -> Result<Self, Problem> {
        let Ok(Value::Object(mut object)) = serde_json::from_str(text) else {
            return Err(bad("a frame must be a JSON object"));
        };
        let kind = object.remove("type");
        match kind.as_ref().map_or(Some("message"), Value::as_str) {
            Some("message") => question(edge, sockets, conversation_id, object),
            Some("resume") => {
                let after_seq = match object.get("after_seq") {
                    None => 0,
                    Some(seq) => whole(seq).ok_or_else(|| bad("after_seq must be a number"))?,
                };
                let generation_id = generation(&object)?;
                Ok(Self::Resume(pb::WatchGenerationRequest { generation_id, after_seq }))
            }
            Some("stop") => {
                let generation_id = generation(&object)?;
                Ok(Self::Stop(pb::StopGenerationRequest { generation_id }))
            }
            Some("ping") => Ok(Self::Ping),
            _ => Err(bad("type must be message, resume, stop or ping")),
        }
    }
}

fn question(
    edge: &Edge,
    sockets: &Sockets,
    conversation_id: &str,
    mut object: Map<String, Value>,
) -> Result<Frame, Problem> {
    object.insert("conversation_id".to_owned(), conversation_id.into());
    let key = object.remove("idempotency_key").map(|key| key_of(&key)).transpose()?;
    let binding = &edge.transcoder.bindings[sockets.binding];
    let body = Value::Object(object).to_string();
    let bytes = binding.request(
        &edge.transcoder.schema,
        &[],
        "",
        &HeaderMap::new(),
        body.as_bytes(),
        Vec::new(),
    )?;
    let question =
        pb::StreamChatRequest::decode(bytes.as_slice()).map_err(|_| Problem::internal())?;
    Ok(Frame::Question(Box::new(question), key))
}

/// The name of a question. Its service says what else may be wrong with it.
fn key_of(value: &Value) -> Result<AsciiMetadataValue, Problem> {
    let key = value.as_str().and_then(|key| key.parse().ok());
    key.ok_or_else(|| bad("idempotency_key must be a string of visible ASCII characters"))
}

fn generation(object: &Map<String, Value>) -> Result<String, Problem> {
    let id = object.get("generation_id").and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| bad("generation_id must be a string"))
}

fn whole(value: &Value) -> Option<i32> {
    i32::try_from(value.as_i64()?).ok()
}

fn bad(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

/// An event as it is shown.
pub(super) fn print(edge: &Edge, sockets: &Sockets, event: pb::ChatEvent) -> String {
    let binding = &edge.transcoder.bindings[sockets.binding];
    let message = pb::StreamChatResponse { event: Some(event) }.encode_to_vec();
    binding.print(&edge.transcoder.schema, &message, String::new()).unwrap_or_else(|error| {
        tracing::error!(%error, "an event cannot be shown");
        error_frame("", &Problem::internal())
    })
}

/// The answer to a ping.
pub(super) fn pong() -> String {
    json!({"type": "pong"}).to_string()
}

/// A refusal, in the shape of an event that belongs to no answer.
pub(super) fn error_frame(generation_id: &str, problem: &Problem) -> String {
    let is_retryable =
        problem.status.is_server_error() || problem.status == StatusCode::TOO_MANY_REQUESTS;
    let code = problem.reason().unwrap_or(match problem.status {
        StatusCode::TOO_MANY_REQUESTS => "RATE_LIMITED",
        status if status.is_server_error() => "UNAVAILABLE",
        _ => "INVALID_FRAME",
    });
    let error = json!({"code": code, "detail": problem.detail(), "is_retryable": is_retryable});
    json!({"seq": 0, "type": "error", "error": error, "generation_id": generation_id}).to_string()
}

/// The same of a service's refusal.
pub(super) fn refusal_frame(generation_id: &str, status: &Status) -> String {
    error_frame(generation_id, &Problem::of_status(status))
}
