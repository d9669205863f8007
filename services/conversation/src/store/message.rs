//! Messages, read in their order.

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use elenchus_rpc::page::Page;
use serde_json::{Map, Value};
use sqlx::types::Json;
use uuid::Uuid;

use super::line::NOTHING;
use super::{Store, unknown};
use crate::domain::{
    Citation, CitationReport, ConversationId, Error, Feedback, Message, MessageId, MessageStatus,
    MessageType, Usage,
};

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    message_id: Uuid,
    conversation_id: Uuid,
    sequence: i32,
    content: String,
    is_user: bool,
    message_type: String,
    status: String,
    model_used: String,
    prompt_tokens: i32,
    completion_tokens: i32,
    cached_tokens: i32,
    reasoning_tokens: i32,
    is_estimated: bool,
    cost_microusd: i32,
    trace_id: String,
    citations: Json<Vec<Citation>>,
    citation_report: Option<Json<CitationReport>>,
    metadata: Json<Map<String, Value>>,
    parent_id: Option<Uuid>,
    feedback: Option<Json<Feedback>>,
    created_at: DateTime<Utc>,
}

/// What follows SELECT or RETURNING to fill a [`Row`].
macro_rules! columns {
    () => {
        "message_id, conversation_id, sequence, content, is_user, message_type, status, model_used,
         prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, is_estimated, cost_microusd, trace_id, citations,
         citation_report, metadata, created_at,
         coalesce(parent_id, (SELECT before.message_id FROM message AS before
                              WHERE before.conversation_id = message.conversation_id
                                AND before.sequence = message.sequence - 1)) AS parent_id,
         (SELECT to_jsonb(said) FROM message_feedback AS said
          WHERE said.message_id = message.message_id) AS feedback"
    };
}
pub(super) use columns;

impl TryFrom<Row> for Message {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let message_type = MessageType::of_word(&row.message_type)
            .ok_or_else(|| unknown("message type", &row.message_type))?;
        let status =
            MessageStatus::of_word(&row.status).ok_or_else(|| unknown("status", &row.status))?;
        Ok(Self {
            id: MessageId(row.message_id),
            conversation_id: ConversationId(row.conversation_id),
            sequence: row.sequence,
            content: row.content,
            is_user: row.is_user,
            message_type,
            status,
            model_used: row.model_used,
            usage: Usage {
                prompt_tokens: row.prompt_tokens,
                completion_tokens: row.completion_tokens,
                cached_tokens: row.cached_tokens,
                reasoning_tokens: row.reasoning_tokens,
                is_estimated: row.is_estimated,
                cost_microusd: row.cost_microusd,
            },
            trace_id: row.trace_id,
            citations: row.citations.0,
            citation_report: row.citation_report.map(|report| report.0),
            metadata: row.metadata.0,
            parent: row.parent_id.filter(|parent| *parent != NOTHING).map(MessageId),
            feedback: row.feedback.map(|feedback| feedback.0),
            created_at: row.created_at,
        })
    }
}

impl Store {
    /// One message of the owner.
    pub async fn message(&self, owner: UserId, id: MessageId) -> Result<Message, Error> {
        let row = sqlx::query_as::<_, Row>(concat!(
            "SELECT ",
            columns!(),
            " FROM message
              WHERE message_id = $1 AND EXISTS (
                  SELECT FROM conversation
                  WHERE conversation.conversation_id = message.conversation_id AND user_id = $2)"
        ))
        .bind(id.0)
        .bind(owner.0)
        .fetch_optional(&self.pool)
        .await?;
        row.ok_or(Error::GenerationNotFound)?.try_into()
    }

    /// The messages of a conversation of the owner, oldest first. The page's key is a sequence.
    pub async fn list_messages(
        &self,
        owner: UserId,
        id: ConversationId,
        page: &Page<i32>,
    ) -> Result<Vec<Message>, Error> {
        if self.find(owner, id).await?.is_none() {
            return Err(Error::ConversationNotFound);
        }
        let rows = sqlx::query_as::<_, Row>(concat!(
            "SELECT ",
            columns!(),
            " FROM message
              WHERE conversation_id = $1 AND sequence > $2
              ORDER BY sequence
              LIMIT $3 OFFSET $4"
        ))
        .bind(id.0)
        .bind(page.after.unwrap_or(0))
        .bind(page.limit)
        .bind(page.skip)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
