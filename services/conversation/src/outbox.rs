//! The events that this service tells analytics of.

use std::time::Duration;

use elenchus_proto::pb::analytics::v1::event::What;
use elenchus_proto::pb::analytics::v1::{AnswerEnded, Event, QuestionAsked};
use elenchus_rpc::UserId;

use crate::domain::{ConversationId, MessageId, MessageStatus, Usage};

/// A question was stored.
pub(crate) fn question_asked(
    owner: UserId,
    conversation: ConversationId,
    question: MessageId,
) -> Event {
    let asked = QuestionAsked {
        conversation_id: conversation.0.to_string(),
        message_id: question.0.to_string(),
    };
    elenchus_outbox::event(owner, What::QuestionAsked(asked))
}

/// An answer ended, well or badly.
pub(crate) fn answer_ended(
    owner: UserId,
    conversation: ConversationId,
    answer: MessageId,
    model: &str,
    status: MessageStatus,
    usage: &Usage,
    duration: Duration,
) -> Event {
    let ended = AnswerEnded {
        conversation_id: conversation.0.to_string(),
        message_id: answer.0.to_string(),
        model: model.to_owned(),
        status: status.as_str().to_owned(),
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        cost_microusd: usage.cost_microusd,
        duration_seconds: duration.as_secs_f64(),
    };
    elenchus_outbox::event(owner, What::AnswerEnded(ended))
}
