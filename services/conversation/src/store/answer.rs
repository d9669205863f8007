//! The life of an answer in the store: asked, and kept alive while it is made. The events for analytics
//! are written in the same transactions.

use std::time::Duration;

use elenchus_rpc::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::abandoned::Handover;
use super::conversation::insert;
use super::event::{self, STARTS, STOPS};
use super::message::{Row, columns};
use super::{Line, Store, line, lock};
use crate::domain::{
    Conversation, ConversationId, Error, Message, MessageId, Metadata, NewConversation, Place,
    Question, Source, Title,
};
use crate::generation::{Event, What};
use crate::outbox;

/// What an answer is made from besides its question.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// The documents attached to the conversation.
    pub attached: Vec<Uuid>,
    /// What was said before the question.
    pub line: Line,
}

/// A question and the beginning of its answer, both stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Whose.
    pub owner: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// The question.
    pub question_id: MessageId,
    /// The answer that is to be made.
    pub answer_id: MessageId,
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
    /// What an answer to this question would be made from. Refuses a conversation that is not the
    /// owner's.
    pub async fn context(&self, owner: UserId, place: &Place) -> Result<Context, Error> {
        let mut connection = self.pool.acquire().await?;
        let Some(id) = placed(&mut connection, owner, place).await? else {
            return Ok(Context::default());
        };
        let last = match place {
            Place::After(_, answer) => Some(line::answer(&mut connection, id, *answer).await?),
            Place::InsteadOf(_, question) => line::before(&mut connection, id, *question).await?,
            Place::Again(_, question) => before(&mut connection, *question).await?,
            Place::In(_) | Place::New(_) => line::last(&mut connection, id).await?,
        };
        let line = match last {
            Some(last) => line::line(&mut connection, last).await?,
            None => Line::default(),
        };
        Ok(Context { attached: attached(&mut connection, id).await?, line })
    }

    /// Stores a question, the row of its answer and the answer's first event, in the conversation
    /// asked for or a new one.
    pub async fn ask(
        &self,
        owner: UserId,
        question: &Question,
        model: &str,
        lease: Duration,
        handover: &Handover,
    ) -> Result<(Asked, Event), Error> {
        let mut transaction = self.pool.begin().await?;
        let conversation_id = self::place(&mut transaction, owner, question).await?;
        let answer_id = MessageId(Uuid::now_v7());
        let sealed_leave = self.seal_leave(answer_id, handover)?;
        let answer = Begun { id: answer_id, conversation_id, model, lease, sealed_leave, handover };
        let question_id = match question.place {
            Place::Again(_, question_id) => question_id,
            Place::In(_) | Place::After(..) | Place::InsteadOf(..) | Place::New(_) => {
                let id = insert_question(&mut transaction, conversation_id, question).await?;
                let told = outbox::question_asked(owner, conversation_id, id);
                elenchus_outbox::record(&mut transaction, &told).await?;
                id
            }
        };
        insert_answer(&mut transaction, answer, question_id, question).await?;
        let model = model.to_owned();
        let what = What::Started { conversation_id, answer_id, question_id, model };
        let started = Event { generation: answer_id, seq: 1, what };
        event::insert(&mut transaction, answer_id, &[started.clone().into_wire()]).await?;
        transaction.commit().await?;
        Ok((Asked { owner, conversation_id, question_id, answer_id }, started))
    }

    /// Says that an answer is still being made, and keeps what there is of it.
    pub async fn keep(&self, answer: MessageId, lease: Duration) -> Result<Kept, Error> {
        let kept = sqlx::query(
            "UPDATE message
             SET generating_until = clock_timestamp() + make_interval(secs => $2)
             WHERE message_id = $1 AND status = 'generating'",
        )
        .bind(answer.0)
        .bind(lease.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(if kept.rows_affected() > 0 { Kept::Ours } else { Kept::Lost })
    }

    /// Asks whoever makes an answer of the owner to stop. One that has ended stays as it is.
    pub(crate) async fn request_stop(&self, owner: UserId, id: MessageId) -> Result<(), Error> {
        sqlx::query(
            "WITH asked AS (
                 UPDATE message SET stop_requested_at = clock_timestamp()
                 FROM conversation
                 WHERE message_id = $1 AND status = 'generating' AND user_id = $2
                   AND conversation.conversation_id = message.conversation_id
                 RETURNING message_id)
             SELECT pg_notify($3, message_id::text) FROM asked",
        )
        .bind(id.0)
        .bind(owner.0)
        .bind(STOPS)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Which of these answers are to stop.
    pub(crate) async fn stops_among(&self, ids: &[MessageId]) -> Result<Vec<MessageId>, Error> {
        let wanted: Vec<Uuid> = sqlx::query_scalar(
            "SELECT message_id FROM message
             WHERE message_id = ANY($1) AND stop_requested_at IS NOT NULL",
        )
        .bind(ids.iter().map(|id| id.0).collect::<Vec<_>>())
        .fetch_all(&self.pool)
        .await?;
        Ok(wanted.into_iter().map(MessageId).collect())
    }
}

/// An answer that begins.
struct Begun<'a> {
    id: MessageId,
    conversation_id: ConversationId,
    model: &'a str,
    lease: Duration,
    sealed_leave: Option<Vec<u8>>,
    handover: &'a Handover,
}

/// Stores a question behind the message that it goes on from.
async fn insert_question(
    transaction: &mut PgConnection,
    conversation_id: ConversationId,
    question: &Question,
) -> Result<MessageId, Error> {
    let parent = match question.place {
        Place::After(_, answer) => {
            Some(line::answer(&mut *transaction, conversation_id, answer).await?)
        }
        Place::InsteadOf(_, question) => {
            let before = line::before(&mut *transaction, conversation_id, question).await?;
            Some(before.unwrap_or(line::NOTHING))
        }
        Place::In(_) | Place::Again(..) | Place::New(_) => {
            line::last(&mut *transaction, conversation_id).await?
        }
    };
    let id = MessageId(Uuid::now_v7());
    sqlx::query(
        "WITH place AS (
             UPDATE conversation SET last_sequence = last_sequence + 1, updated_at = clock_timestamp()
             WHERE conversation_id = $1
             RETURNING last_sequence)
         INSERT INTO message (message_id, conversation_id, sequence, content, is_user, status,
                              trace_id, parent_id)
         SELECT $2, $1, last_sequence, $3, true, 'complete', $4, $5 FROM place",
    )
    .bind(conversation_id.0)
    .bind(id.0)
    .bind(question.content.as_str())
    .bind(&question.trace_id)
    .bind(parent)
    .execute(transaction)
    .await?;
    Ok(id)
}

/// Stores the row of an answer that begins and what whoever may have to finish it needs, and tells those
/// who watch the conversation.
async fn insert_answer(
    transaction: &mut PgConnection,
    answer: Begun<'_>,
    question_id: MessageId,
    question: &Question,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH place AS (
             UPDATE conversation SET last_sequence = last_sequence + 1, updated_at = clock_timestamp()
             WHERE conversation_id = $1
             RETURNING last_sequence),
         told AS MATERIALIZED (SELECT pg_notify($7, $1::text)),
         begun AS (
             INSERT INTO message (message_id, conversation_id, sequence, content, is_user, status,
                                  model_used, trace_id, parent_id, generating_until)
             SELECT $2, $1, last_sequence, '', false, 'generating', $3, $4, $5,
                    clock_timestamp() + make_interval(secs => $6) FROM place, told
             RETURNING message_id)
         INSERT INTO unfinished_answer (message_id, sources, sealed_leave, scored_trace)
         SELECT message_id, $8, $9, $10 FROM begun",
    )
    .bind(answer.conversation_id.0)
    .bind(answer.id.0)
    .bind(answer.model)
    .bind(&question.trace_id)
    .bind(question_id.0)
    .bind(answer.lease.as_secs_f64())
    .bind(STARTS)
    .bind(question.sources.iter().map(Source::as_str).collect::<Vec<_>>())
    .bind(answer.sealed_leave)
    .bind(&answer.handover.scored_trace)
    .execute(transaction)
    .await?;
    Ok(())
}

/// The message before a question.
async fn before(connection: &mut PgConnection, question: MessageId) -> Result<Option<Uuid>, Error> {
    let question = find(connection, question).await?;
    Ok(question.and_then(|question| question.parent).map(|parent| parent.0))
}

/// The conversation of a question, where there is one already.
async fn placed(
    connection: &mut PgConnection,
    owner: UserId,
    place: &Place,
) -> Result<Option<ConversationId>, Error> {
    let (id, session_id) = match place {
        Place::In(id) | Place::After(id, _) | Place::InsteadOf(id, _) | Place::Again(id, _) => {
            (Some(id.0), None)
        }
        Place::New(Some(session_id)) => (None, Some(session_id.as_str())),
        Place::New(None) => return Ok(None),
    };
    let found: Option<Uuid> = sqlx::query_scalar(
        "SELECT conversation_id FROM conversation
         WHERE user_id = $1 AND (conversation_id = $2 OR session_id = $3)",
    )
    .bind(owner.0)
    .bind(id)
    .bind(session_id)
    .fetch_optional(connection)
    .await?;
    match (found, place) {
        (None, Place::In(_) | Place::After(..) | Place::InsteadOf(..) | Place::Again(..)) => {
            Err(Error::ConversationNotFound)
        }
        (found, _) => Ok(found.map(ConversationId)),
    }
}

/// The conversation of a question, made where it is a new one, and locked.
async fn place(
    transaction: &mut PgConnection,
    owner: UserId,
    question: &Question,
) -> Result<ConversationId, Error> {
    match &question.place {
        Place::In(id) | Place::After(id, _) | Place::InsteadOf(id, _) | Place::Again(id, _) => {
            let is_there = lock(transaction, owner, *id).await?;
            if is_there { Ok(*id) } else { Err(Error::ConversationNotFound) }
        }
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

pub(super) async fn find(
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
