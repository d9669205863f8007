//! The life of an answer in the store: asked, kept alive while it is made, ended once. The events
//! for analytics are written in the same transactions.

use std::time::Duration;

use elenchus_rpc::UserId;
use serde_json::{Map, Value};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::conversation::{insert, touch};
use super::message::{Row, columns};
use super::{Store, lock};
use crate::domain::{
    Citation, Conversation, ConversationId, Error, Message, MessageId, MessageStatus, Metadata,
    NewConversation, Place, Question, Title, Usage,
};
use crate::outbox;

/// Messages before a question that its answer may take into account.
const HISTORY_MESSAGES: i64 = 10;
/// Expired answers that one sweep ends at most.
const SWEEP: i64 = 100;

/// A question and the beginning of its answer, both stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Whose.
    pub owner: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// The question.
    pub question_id: MessageId,
    /// The answer that is to be made.
    pub answer_id: MessageId,
    /// The documents attached to the conversation.
    pub attached: Vec<Uuid>,
    /// What was said before the question, oldest first.
    pub history: Vec<Turn>,
}

/// A message of the history.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Turn {
    /// Whether the user said it.
    pub is_user: bool,
    /// What was said.
    pub content: String,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// Any but `Generating`.
    pub status: MessageStatus,
    /// All that was shown of it.
    pub content: String,
    /// The places that it quotes.
    pub citations: Vec<Citation>,
    /// What the model read and wrote.
    pub usage: Usage,
    /// Why it broke off.
    pub metadata: Map<String, Value>,
    /// From the question to the end.
    pub duration: Duration,
}

/// Whether an answer is still ours to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is.
    Ours,
    /// It was deleted, or ended by someone who believed us dead.
    Lost,
}

impl Store {
    /// Stores a question and the row of its answer, in the conversation asked for or a new one.
    pub async fn ask(
        &self,
        owner: UserId,
        question: &Question,
        model: &str,
        lease: Duration,
    ) -> Result<Asked, Error> {
        let mut transaction = self.pool.begin().await?;
        let conversation_id = place(&mut transaction, owner, question).await?;
        let history = history(&mut transaction, conversation_id).await?;
        let attached = attached(&mut transaction, conversation_id).await?;
        let (question_id, answer_id) = (MessageId(Uuid::now_v7()), MessageId(Uuid::now_v7()));
        sqlx::query(
            "WITH place AS (
                 UPDATE conversation
                 SET last_sequence = last_sequence + 2, updated_at = clock_timestamp()
                 WHERE conversation_id = $1
                 RETURNING last_sequence)
             INSERT INTO message (message_id, conversation_id, sequence, content, is_user, status,
                                  model_used, trace_id, generating_until)
             SELECT $2, $1, last_sequence - 1, $3, true, 'complete', '', $5, NULL FROM place
             UNION ALL
             SELECT $4, $1, last_sequence, '', false, 'generating', $6, $5,
                    clock_timestamp() + make_interval(secs => $7) FROM place",
        )
        .bind(conversation_id.0)
        .bind(question_id.0)
        .bind(question.content.as_str())
        .bind(answer_id.0)
        .bind(&question.trace_id)
        .bind(model)
        .bind(lease.as_secs_f64())
        .execute(&mut *transaction)
        .await?;
        let event = outbox::question_asked(owner, conversation_id, question_id);
        elenchus_outbox::record(&mut transaction, &event).await?;
        transaction.commit().await?;
        Ok(Asked { owner, conversation_id, question_id, answer_id, attached, history })
    }

    /// Says that an answer is still being made, and keeps what there is of it.
    pub async fn keep(
        &self,
        answer: MessageId,
        content: &str,
        lease: Duration,
    ) -> Result<Kept, Error> {
        let kept = sqlx::query(
            "UPDATE message
             SET content = $2, generating_until = clock_timestamp() + make_interval(secs => $3)
             WHERE message_id = $1 AND status = 'generating'",
        )
        .bind(answer.0)
        .bind(content)
        .bind(lease.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(if kept.rows_affected() > 0 { Kept::Ours } else { Kept::Lost })
    }

    /// Ends an answer, once; ending it again in the same way changes nothing. None when it was
    /// deleted, or ended by someone who believed us dead.
    pub async fn end(
        &self,
        asked: &Asked,
        model: &str,
        ending: &Ending,
    ) -> Result<Option<Message>, Error> {
        let mut transaction = self.pool.begin().await?;
        // The conversation first, as everywhere, so that no two transactions wait for each other.
        touch(&mut transaction, asked.conversation_id).await?;
        let row = end(&mut transaction, asked.answer_id, ending).await?;
        if row.is_none()
            && let Some(ended) = find(&mut transaction, asked.answer_id).await?
        {
            // A commit whose acknowledgement was lost is a commit.
            let is_ours = ended.status == ending.status && ended.content == ending.content;
            return Ok(is_ours.then_some(ended));
        }
        // Of a deleted answer the tokens were used all the same.
        let event = outbox::answer_ended(
            asked.owner,
            asked.conversation_id,
            asked.answer_id,
            model,
            ending.status,
            &ending.usage,
            ending.duration,
        );
        elenchus_outbox::record(&mut transaction, &event).await?;
        transaction.commit().await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Ends, as `incomplete`, the answers whose maker has died. Returns how many there were.
    pub async fn end_abandoned(&self) -> Result<usize, Error> {
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query_as::<_, Abandoned>(
            "UPDATE message
             SET status = 'incomplete', generating_until = NULL,
                 metadata = metadata || '{\"error\": {\"code\": \"INTERRUPTED\"}}'
             FROM (SELECT m.message_id, c.user_id
                   FROM message AS m JOIN conversation AS c USING (conversation_id)
                   WHERE m.status = 'generating' AND m.generating_until < clock_timestamp()
                   ORDER BY m.generating_until
                   LIMIT $1
                   -- Another replica sweeps too, and the maker may come back to life right now.
                   FOR UPDATE OF m SKIP LOCKED) AS dead
             WHERE message.message_id = dead.message_id
             RETURNING dead.user_id, message.conversation_id, message.message_id, message.model_used,
                       extract(epoch FROM clock_timestamp() - message.created_at)::float8 AS seconds",
        )
        .bind(SWEEP)
        .fetch_all(&mut *transaction)
        .await?;
        for answer in &ended {
            elenchus_outbox::record(&mut transaction, &answer.event()).await?;
        }
        transaction.commit().await?;
        Ok(ended.len())
    }
}

#[derive(sqlx::FromRow)]
struct Abandoned {
    user_id: Uuid,
    conversation_id: Uuid,
    message_id: Uuid,
    model_used: String,
    seconds: f64,
}

impl Abandoned {
    fn event(&self) -> elenchus_proto::pb::analytics::v1::Event {
        outbox::answer_ended(
            UserId(self.user_id),
            ConversationId(self.conversation_id),
            MessageId(self.message_id),
            &self.model_used,
            MessageStatus::Incomplete,
            &Usage::default(),
            Duration::try_from_secs_f64(self.seconds).unwrap_or_default(),
        )
    }
}

/// The conversation of a question, made where it is a new one, and locked.
async fn place(
    transaction: &mut PgConnection,
    owner: UserId,
    question: &Question,
) -> Result<ConversationId, Error> {
    match &question.place {
        Place::In(id) if lock(transaction, owner, *id).await? => Ok(*id),
        Place::In(_) => Err(Error::ConversationNotFound),
        Place::New(session_id) => {
            let new = NewConversation {
                title: Title::of_question(question.content.as_str()),
                session_id: session_id.clone(),
                metadata: Metadata::default(),
            };
            let Conversation { id, .. } = insert(transaction, owner, &new).await?;
            Ok(id)
        }
    }
}

/// The last messages that say something, oldest first.
async fn history(
    transaction: &mut PgConnection,
    id: ConversationId,
) -> Result<Vec<Turn>, sqlx::Error> {
    let mut turns = sqlx::query_as::<_, Turn>(
        "SELECT is_user, content FROM message
         WHERE conversation_id = $1 AND status <> 'generating' AND content <> ''
         ORDER BY sequence DESC
         LIMIT $2",
    )
    .bind(id.0)
    .bind(HISTORY_MESSAGES)
    .fetch_all(transaction)
    .await?;
    turns.reverse();
    Ok(turns)
}

async fn attached(
    transaction: &mut PgConnection,
    id: ConversationId,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT document_id FROM conversation_document WHERE conversation_id = $1
         ORDER BY created_at, document_id",
    )
    .bind(id.0)
    .fetch_all(transaction)
    .await
}

async fn end(
    transaction: &mut PgConnection,
    answer: MessageId,
    ending: &Ending,
) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as(concat!(
        "UPDATE message
         SET status = $2, content = $3, citations = $4, prompt_tokens = $5, completion_tokens = $6,
             is_estimated = $7, cost_microusd = $8, metadata = $9, generating_until = NULL
         WHERE message_id = $1 AND status = 'generating'
         RETURNING ",
        columns!()
    ))
    .bind(answer.0)
    .bind(ending.status.as_str())
    .bind(&ending.content)
    .bind(Json(&ending.citations))
    .bind(ending.usage.prompt_tokens)
    .bind(ending.usage.completion_tokens)
    .bind(ending.usage.is_estimated)
    .bind(ending.usage.cost_microusd)
    .bind(Json(&ending.metadata))
    .fetch_optional(transaction)
    .await
}

async fn find(
    transaction: &mut PgConnection,
    message: MessageId,
) -> Result<Option<Message>, Error> {
    let row: Option<Row> =
        sqlx::query_as(concat!("SELECT ", columns!(), " FROM message WHERE message_id = $1"))
            .bind(message.0)
            .fetch_optional(transaction)
            .await?;
    row.map(TryInto::try_into).transpose()
}
