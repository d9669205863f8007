//! Questions: parsed alike for the whole answer and for the streamed one.

use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;
use elenchus_rpc::idempotency::Keyed;
use elenchus_rpc::status::{from_error, with_reason};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use tonic::{Code, Status};

use crate::answer::Begun;
use crate::domain::{
    ConversationId, Error, MessageId, Place, Question, SessionId, Source, Text, parse_trace_id,
};
use crate::generation::{Failure, Generations, Reader};

/// A question and the model that it asks for.
pub(super) fn question(
    request: pb::StreamChatRequest,
    keyed: Option<Keyed>,
) -> Result<(Question, String), Error> {
    let place = if request.conversation_id.is_empty() {
        Place::New(SessionId::parse(&request.session_id)?)
    } else {
        let id = ConversationId::parse(&request.conversation_id)?;
        match [request.after_message_id.as_str(), request.instead_of_message_id.as_str()] {
            ["", ""] => Place::In(id),
            [after, ""] => Place::After(id, MessageId::parse(after)?),
            ["", earlier] => Place::InsteadOf(id, MessageId::parse(earlier)?),
            _ => {
                let problem = "cannot be together with after_message_id";
                return Err(Error::invalid("instead_of_message_id", problem));
            }
        }
    };
    for (field, message) in [
        ("after_message_id", &request.after_message_id),
        ("instead_of_message_id", &request.instead_of_message_id),
    ] {
        if request.conversation_id.is_empty() && !message.is_empty() {
            return Err(Error::invalid(field, "needs the conversation_id of its conversation"));
        }
    }
    let question = Question {
        content: Text::parse("content", request.content)?,
        place,
        sources: Source::parse_all(request.sources)?,
        document_ids: Question::parse_document_ids(&request.document_ids)?,
        trace_id: parse_trace_id(request.trace_id)?,
        // Whoever names a question means to come back to it.
        is_detached: request.detach || keyed.is_some(),
        keyed,
    };
    Ok((question, request.model))
}

/// The two requests say the same.
pub(super) fn as_stream(request: pb::ChatRequest) -> pb::StreamChatRequest {
    pb::StreamChatRequest {
        content: request.content,
        conversation_id: request.conversation_id,
        session_id: request.session_id,
        model: request.model,
        sources: request.sources,
        document_ids: request.document_ids,
        trace_id: request.trace_id,
        detach: false,
        after_message_id: request.after_message_id,
        instead_of_message_id: request.instead_of_message_id,
    }
}

/// Reads an answer to its end.
pub(super) async fn whole(mut events: Reader) -> Result<pb::ChatResponse, Status> {
    let mut usage = None;
    while let Some(event) = events.next().await {
        match event.payload {
            Some(Payload::Usage(counted)) => usage = Some(counted),
            Some(Payload::Completed(pb::MessageCompleted { message: Some(message) })) => {
                return Ok(pb::ChatResponse {
                    conversation_id: message.conversation_id.clone(),
                    usage,
                    citations: message.citations.clone(),
                    citation_report: message.citation_report,
                    message: Some(message),
                });
            }
            Some(Payload::Error(failure)) if failure.code == Failure::SCOPE.code => {
                return Err(with_reason(Code::PermissionDenied, &failure.code, failure.detail));
            }
            Some(Payload::Error(failure)) if failure.code == Failure::DOCUMENT.code => {
                return Err(from_error(Error::DocumentNotFound));
            }
            Some(Payload::Error(failure)) => {
                return Err(with_reason(Code::Unavailable, &failure.code, failure.detail));
            }
            _ => {}
        }
    }
    Err(broken_off())
}

/// The events of an answer that was begun for a call, or for an earlier one with its key.
pub(super) fn answer(
    generations: &Generations,
    begun: Begun,
) -> BoxStream<'static, Result<pb::ChatEvent, Status>> {
    match begun {
        Begun::Now(reader) => events(reader).boxed(),
        Begun::Before(id) => {
            generations.watch(id, 0).map(|event| event.map_err(from_error)).boxed()
        }
    }
}

/// Reads an answer event by event.
fn events(reader: Reader) -> impl Stream<Item = Result<pb::ChatEvent, Status>> {
    stream::unfold(Some(reader), async |reader| {
        let mut reader = reader?;
        match reader.next().await {
            Some(event) => {
                let is_last =
                    matches!(event.payload, Some(Payload::Completed(_) | Payload::Error(_)));
                Some((Ok(event), (!is_last).then_some(reader)))
            }
            None => Some((Err(broken_off()), None)),
        }
    })
}

/// The end of a stream whose answer another process has to end.
fn broken_off() -> Status {
    let words = "the answer broke off; watch its generation after the last event";
    with_reason(Code::Unavailable, "BROKEN_OFF", words)
}
