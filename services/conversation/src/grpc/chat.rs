//! Questions: parsed alike for the whole answer and for the streamed one.

use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_rpc::status::{from_error, with_reason};
use tokio::sync::mpsc;
use tonic::{Code, Status};

use crate::answer::{Event, Failure, What};
use crate::domain::{
    ConversationId, Error, Place, Question, SessionId, Source, Text, Usage, parse_trace_id,
};

/// A question and the model that it asks for.
pub(super) fn question(request: pb::StreamChatRequest) -> Result<(Question, String), Error> {
    let place = if request.conversation_id.is_empty() {
        Place::New(SessionId::parse(&request.session_id)?)
    } else {
        Place::In(ConversationId::parse(&request.conversation_id)?)
    };
    let question = Question {
        content: Text::parse("content", request.content)?,
        place,
        sources: Source::parse_all(request.sources)?,
        document_ids: Question::parse_document_ids(&request.document_ids)?,
        trace_id: parse_trace_id(request.trace_id)?,
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
    }
}

/// Reads an answer to its end.
pub(super) async fn whole(mut events: mpsc::Receiver<Event>) -> Result<pb::ChatResponse, Status> {
    let mut usage = Usage::default();
    while let Some(event) = events.recv().await {
        match event.what {
            What::Usage(counted) => usage = counted,
            What::Completed(message) => {
                let message = pb::Message::from(message);
                return Ok(pb::ChatResponse {
                    conversation_id: message.conversation_id.clone(),
                    usage: Some(usage.into()),
                    citations: message.citations.clone(),
                    message: Some(message),
                });
            }
            What::Failed(Failure::DOCUMENT) => return Err(from_error(Error::DocumentNotFound)),
            What::Failed(failure) => {
                return Err(with_reason(Code::Unavailable, failure.code, failure.detail));
            }
            What::Started { .. } | What::Retrieval(_) | What::Delta(_) | What::Citation(_) => {}
        }
    }
    Err(Status::unavailable("the answer broke off"))
}
