//! The life of an answer in the store: asked, kept alive while it is made, ended once. The events
//! for analytics are written in the same transactions.

use std::time::Duration;

use elenchus_proto::pb::conversation::v1 as pb;
use elenchus_rpc::UserId;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::conversation::{insert, touch};
use super::event::{self, STARTS, STOPS};
use super::message::{Row, columns};
use super::{Line, Store, line, lock, score};
use crate::domain::{
    Citation, CitationReport, Conversation, ConversationId, Error, Message, MessageId,
    MessageStatus, Metadata, NewConversation, Place, Question, Title, Usage,
};
use crate::generation::{Event, Failure, What};
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

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// Any but `Generating`.
    pub status: MessageStatus,
    /// All that was shown of it.
    pub content: String,
    /// Its quotes and citations, as they were checked.
    pub citations: Vec<Citation>,
    /// How the check went.
    pub report: CitationReport,
    /// What the model read and wrote.
    pub usage: Usage,
    /// Why it broke off.
    pub failure: Option<Failure>,
    /// The number of the last event so far.
    pub last_seq: i32,
    /// From the question to the end.
    pub duration: Duration,
    /// The trace that the check is told of as scores. None where nobody is told.
    pub scored_trace: Option<String>,
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
    ) -> Result<(Asked, Event), Error> {
        let mut transaction = self.pool.begin().await?;
        let conversation_id = self::place(&mut transaction, owner, question).await?;
        let answer_id = MessageId(Uuid::now_v7());
        let answer = Begun { id: answer_id, conversation_id, model, lease };
        let question_id = match question.place {
            Place::Again(_, question_id) => question_id,
            Place::In(_) | Place::After(..) | Place::InsteadOf(..) | Place::New(_) => {
                let id = insert_question(&mut transaction, conversation_id, question).await?;
                let told = outbox::question_asked(owner, conversation_id, id);
                elenchus_outbox::record(&mut transaction, &told).await?;
                id
            }
        };
        insert_answer(&mut transaction, answer, question_id, &question.trace_id).await?;
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

    /// Ends an answer, once, and returns it with its last events; ending it again in the same way
    /// changes nothing. None when it was deleted, or ended by someone who believed us dead.
    pub async fn end(
        &self,
        asked: &Asked,
        model: &str,
        ending: &Ending,
    ) -> Result<Option<(Message, Vec<pb::ChatEvent>)>, Error> {
        let mut transaction = self.pool.begin().await?;
        // The conversation first, as everywhere, so that no two transactions wait for each other.
        touch(&mut transaction, asked.conversation_id).await?;
        let row = end(&mut transaction, asked.answer_id, model, ending).await?;
        if row.is_none()
            && let Some(ended) = find(&mut transaction, asked.answer_id).await?
        {
            // A commit whose acknowledgement was lost is a commit.
            let is_ours = ended.status == ending.status && ended.content == ending.content;
            let last = last_events(&ended, ending);
            return Ok(is_ours.then_some((ended, last)));
        }
        // Of a deleted answer the tokens were used all the same.
        let told = outbox::answer_ended(
            asked.owner,
            asked.conversation_id,
            asked.answer_id,
            model,
            ending.status,
            &ending.usage,
            ending.duration,
        );
        elenchus_outbox::record(&mut transaction, &told).await?;
        let message: Option<Message> = row.map(TryInto::try_into).transpose()?;
        let last = message.as_ref().map(|message| last_events(message, ending));
        if let Some(last) = &last {
            event::insert(&mut transaction, asked.answer_id, last).await?;
            if let Some(trace) = &ending.scored_trace {
                score::insert(&mut transaction, asked.answer_id, trace, &ending.report).await?;
            }
        }
        transaction.commit().await?;
        Ok(message.zip(last))
    }
}

/// An answer that begins.
struct Begun<'a> {
    id: MessageId,
    conversation_id: ConversationId,
    model: &'a str,
    lease: Duration,
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

/// Stores the row of an answer that begins, and tells those who watch the conversation.
async fn insert_answer(
    transaction: &mut PgConnection,
    answer: Begun<'_>,
    question: MessageId,
    trace_id: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH place AS (
             UPDATE conversation SET last_sequence = last_sequence + 1, updated_at = clock_timestamp()
             WHERE conversation_id = $1
             RETURNING last_sequence),
         told AS MATERIALIZED (SELECT pg_notify($7, $1::text))
         INSERT INTO message (message_id, conversation_id, sequence, content, is_user, status,
                              model_used, trace_id, parent_id, generating_until)
         SELECT $2, $1, last_sequence, '', false, 'generating', $3, $4, $5,
                clock_timestamp() + make_interval(secs => $6) FROM place, told",
    )
    .bind(answer.conversation_id.0)
    .bind(answer.id.0)
    .bind(answer.model)
    .bind(trace_id)
    .bind(question.0)
    .bind(answer.lease.as_secs_f64())
    .bind(STARTS)
    .execute(transaction)
    .await?;
    Ok(())
}

/// The message before a question.
async fn before(connection: &mut PgConnection, question: MessageId) -> Result<Option<Uuid>, Error> {
    let question = find(connection, question).await?;
    Ok(question.and_then(|question| question.parent).map(|parent| parent.0))
}

/// The last events of an answer: what was checked, and the end.
pub(super) fn numbered(
    generation: MessageId,
    last_seq: i32,
    citations: &[Citation],
    last: [What; 2],
) -> Vec<pb::ChatEvent> {
    let citations = citations.iter().cloned().map(Box::new).map(What::Citation);
    citations
        .chain(last)
        .zip(last_seq + 1..)
        .map(|(what, seq)| Event { generation, seq, what }.into_wire())
        .collect()
}

/// What the readers of an answer are told at its end.
fn last_events(message: &Message, ending: &Ending) -> Vec<pb::ChatEvent> {
    let end = match ending.failure {
        Some(failure) => What::Failed(failure),
        None => What::Completed(Box::new(message.clone())),
    };
    let last = [What::Usage(ending.usage), end];
    numbered(message.id, ending.last_seq, &ending.citations, last)
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

async fn end(
    transaction: &mut PgConnection,
    answer: MessageId,
    model: &str,
    ending: &Ending,
) -> Result<Option<Row>, sqlx::Error> {
    let mut metadata = Map::new();
    if let Some(Failure { code, detail, .. }) = ending.failure {
        metadata.insert("error".to_owned(), json!({"code": code, "detail": detail}));
    }
    sqlx::query_as(concat!(
        "UPDATE message
         SET status = $2, content = $3, citations = $4, prompt_tokens = $5, completion_tokens = $6,
             is_estimated = $7, cost_microusd = $8, metadata = $9, model_used = $10,
             cached_tokens = $11, reasoning_tokens = $12, citation_report = $13,
             generating_until = NULL
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
    .bind(Json(&Value::Object(metadata)))
    .bind(model)
    .bind(ending.usage.cached_tokens)
    .bind(ending.usage.reasoning_tokens)
    .bind(Json(&ending.report))
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
