//! Between what the domain speaks of and what the protos carry.

use chrono::{DateTime, Utc};
use elenchus_proto::json;
use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_proto::pb::conversation::v1::chat_event::Payload;
use prost_types::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::{Conversation, Feedback, Message, MessageId, Passage, Remembered, Usage};
use crate::generation::{Event, Failure, What};

pub(super) fn time(at: DateTime<Utc>) -> Option<Timestamp> {
    Some(Timestamp { seconds: at.timestamp(), nanos: at.timestamp_subsec_nanos().cast_signed() })
}

pub(super) fn name(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

impl From<Conversation> for pb::Conversation {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id.0.to_string(),
            user_id: conversation.owner.to_string(),
            title: conversation.title,
            session_id: conversation.session_id.unwrap_or_default(),
            metadata: json::to_struct(Value::Object(conversation.metadata.as_map().clone())),
            is_active: true,
            is_archived: conversation.is_archived,
            document_ids: conversation.document_ids.iter().map(Uuid::to_string).collect(),
            created_at: time(conversation.created_at),
            updated_at: time(conversation.updated_at),
            context_summary: conversation.context_summary,
        }
    }
}

impl From<Message> for pb::Message {
    fn from(message: Message) -> Self {
        Self {
            id: message.id.0.to_string(),
            conversation_id: message.conversation_id.0.to_string(),
            sequence: message.sequence,
            content: message.content,
            is_user: message.is_user,
            message_type: message.message_type.as_str().to_owned(),
            status: message.status.as_str().to_owned(),
            model_used: message.model_used,
            prompt_tokens: message.usage.prompt_tokens,
            completion_tokens: message.usage.completion_tokens,
            total_tokens: message.usage.total_tokens(),
            trace_id: message.trace_id,
            citations: message.citations.into_iter().map(Into::into).collect(),
            metadata: json::to_struct(Value::Object(message.metadata)),
            created_at: time(message.created_at),
            citation_report: message.citation_report.as_ref().map(Into::into),
            parent_id: name(message.parent.map(|parent| parent.0)),
            feedback: message.feedback.map(|said| feedback(message.id, said)),
        }
    }
}

pub(super) fn feedback(message: MessageId, said: Feedback) -> pb::Feedback {
    pb::Feedback {
        message_id: message.0.to_string(),
        rating: said.rating.as_str().to_owned(),
        comment: said.comment,
        created_at: time(said.created_at),
        updated_at: time(said.updated_at),
    }
}

/// As it was sent once.
impl From<pb::Passage> for Passage {
    fn from(passage: pb::Passage) -> Self {
        Self {
            document_id: passage.document_id.parse().ok(),
            chunk_id: passage.chunk_id.parse().ok(),
            filename: passage.filename,
            content: passage.content,
            page: passage.page,
            start_char: passage.start_char,
            end_char: passage.end_char,
            score: passage.score,
            is_recovered: passage.is_recovered,
        }
    }
}

impl From<Passage> for pb::Passage {
    fn from(passage: Passage) -> Self {
        Self {
            document_id: name(passage.document_id),
            chunk_id: name(passage.chunk_id),
            filename: passage.filename,
            content: passage.content,
            page: passage.page,
            start_char: passage.start_char,
            end_char: passage.end_char,
            score: passage.score,
            is_recovered: passage.is_recovered,
        }
    }
}

impl From<Remembered> for pb::History {
    fn from(remembered: Remembered) -> Self {
        let Remembered { messages, tokens, is_estimated, is_summarised } = remembered;
        Self { messages, tokens, is_estimated, is_summarised }
    }
}

impl From<Usage> for pb::Usage {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.total_tokens(),
            is_estimated: usage.is_estimated,
            cached_tokens: usage.cached_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            cost_microusd: usage.cost_microusd,
        }
    }
}

impl From<Failure> for pb::ChatError {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code.to_owned(),
            detail: failure.detail.to_owned(),
            is_retryable: failure.is_retryable,
        }
    }
}

impl From<Event> for pb::ChatEvent {
    fn from(event: Event) -> Self {
        let (kind, payload) = match event.what {
            What::Started { conversation_id, answer_id, question_id, model } => (
                "message.started",
                Payload::Started(pb::MessageStarted {
                    conversation_id: conversation_id.0.to_string(),
                    message_id: answer_id.0.to_string(),
                    question_id: question_id.0.to_string(),
                    model,
                }),
            ),
            What::Retrieval(passages, remembered) => {
                let passages = passages.into_iter().map(Into::into).collect();
                let history = Some(remembered.into());
                ("retrieval", Payload::Retrieval(pb::Retrieval { passages, history }))
            }
            What::Delta(text) => ("delta", Payload::Delta(pb::Delta { text })),
            What::Citation(citation) => ("citation", Payload::Citation((*citation).into())),
            What::Usage(usage) => ("usage", Payload::Usage(usage.into())),
            What::Completed(message) => (
                "message.completed",
                Payload::Completed(pb::MessageCompleted { message: Some((*message).into()) }),
            ),
            What::Failed(failure) => ("error", Payload::Error(failure.into())),
        };
        Self {
            seq: event.seq,
            r#type: kind.to_owned(),
            payload: Some(payload),
            generation_id: event.generation.0.to_string(),
        }
    }
}
