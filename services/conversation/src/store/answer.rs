//! The life of an answer in the store: asked, and kept alive while it is made. The events for analytics
//! are written in the same transactions.

use std::time::Duration;

use elenchus_rpc::UserId;
use elenchus_rpc::idempotency::Keyed;
use prost::Message as _;
use sqlx::PgConnection;
use uuid::Uuid;

use super::abandoned::Handover;
use super::conversation::insert;
use super::event::{STARTS, STOPS};
use super::message::{Row, columns};
use super::{Store, line, lock};
use crate::domain::{
    Conversation, ConversationId, Error, Message, MessageId, Metadata, NewConversation, Place,
    Question, SessionId, Source, Title,
};
use crate::generation::{Event, What};
use crate::outbox;

/// What an answer is made from besides its question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The documents attached to the conversation.
    pub attached: Vec<Uuid>,
    /// The message that the question goes on from.
    pub last: Option<MessageId>,
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
        if *place == Place::New(None) {
            return Ok(Context::default());
        }
        let mut connection = self.pool.acquire().await?;
        let Some((id, attached, newest)) = placed(&mut connection, owner, place).await? else {
            return Ok(Context::default());
        };
        let last = match place {
            Place::After(_, answer) => Some(line::answer(&mut connection, id, *answer).await?),
            Place::InsteadOf(_, question) => line::before(&mut connection, id, *question).await?,
            Place::Again(_, question) => before(&mut connection, *question).await?,
            Place::In(_) | Place::New(_) => newest,
        };
        Ok(Context { attached, last: last.map(MessageId) })
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
        let (new_id, answer_id) = (MessageId(Uuid::now_v7()), MessageId(Uuid::now_v7()));
        let sealed_leave = self.seal_leave(answer_id, handover)?;
        let mut transaction = self.pool.begin().await?;
        self::keep(&mut transaction, question, answer_id).await?;
        let conversation_id = self::place(&mut transaction, owner, question).await?;
        let question_id = match question.place {
            Place::Again(_, question_id) => question_id,
            Place::In(_) | Place::After(..) | Place::InsteadOf(..) | Place::New(_) => new_id,
        };
        let asked = Asked { owner, conversation_id, question_id, answer_id };
        let what =
            What::Started { conversation_id, answer_id, question_id, model: model.to_owned() };
        let started = Event { generation: answer_id, seq: 1, what };
        let begun = Begun { asked, question, model, lease, sealed_leave, handover };
        begun.insert(&mut transaction, &started).await?;
        if question_id == new_id {
            let told = outbox::question_asked(owner, conversation_id, question_id);
            elenchus_outbox::record(&mut transaction, &told).await?;
        }
        transaction.commit().await?;
        Ok((asked, started))
    }

    /// The answer that an earlier call with this key began. Refuses a key of another question.
    pub(crate) async fn asked_before(&self, keyed: &Keyed) -> Result<Option<MessageId>, Error> {
        let Keyed { key, fingerprint: Some(fingerprint) } = keyed else { return Ok(None) };
        let made = elenchus_idempotency::find(&self.pool, key, fingerprint).await?;
        let id = made.map(|id| Uuid::from_slice(&id)).transpose();
        let id = id.map_err(|error| Error::Corrupt(error.into()))?;
        Ok(id.map(MessageId))
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

    /// Whether the row of an answer is there, however far it has come.
    pub(crate) async fn has_answer(&self, answer: MessageId) -> Result<bool, Error> {
        let found = sqlx::query_scalar("SELECT EXISTS (SELECT FROM message WHERE message_id = $1)");
        Ok(found.bind(answer.0).fetch_one(&self.pool).await?)
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

/// Keeps the key of a question with the answer that is begun for it.
async fn keep(
    transaction: &mut PgConnection,
    question: &Question,
    answer: MessageId,
) -> Result<(), Error> {
    let Some(Keyed { key, fingerprint: Some(fingerprint) }) = &question.keyed else {
        return Ok(());
    };
    let made = answer.0.as_bytes();
    Ok(elenchus_idempotency::keep(transaction, key, fingerprint, made).await?)
}

/// A question and its answer, which begins.
struct Begun<'a> {
    asked: Asked,
    question: &'a Question,
    model: &'a str,
    lease: Duration,
    sealed_leave: Option<Vec<u8>>,
    handover: &'a Handover,
}

impl Begun<'_> {
    /// Stores the question, unless it was asked before, and behind it the answer, its first event and what
    /// whoever may have to finish it needs; and tells those who watch the conversation. In one statement:
    /// nobody is shown anything before it is done.
    async fn insert(&self, transaction: &mut PgConnection, started: &Event) -> Result<(), Error> {
        let Self { asked, question, .. } = self;
        let is_new = !matches!(question.place, Place::Again(..));
        let parent = match is_new {
            true => parent(&mut *transaction, asked.conversation_id, &question.place).await?,
            false => None,
        };
        sqlx::query(
            "WITH place AS (
                 UPDATE conversation
                 SET last_sequence = last_sequence + $3::boolean::int + 1, updated_at = clock_timestamp()
                 WHERE conversation_id = $1
                 RETURNING last_sequence),
             question AS (
                 INSERT INTO message (message_id, conversation_id, sequence, content, is_user, status,
                                      trace_id, parent_id)
                 SELECT $2, $1, last_sequence - 1, $4, true, 'complete', $5, $6 FROM place WHERE $3),
             told AS MATERIALIZED (SELECT pg_notify($7, $1::text)),
             begun AS (
                 INSERT INTO message (message_id, conversation_id, sequence, content, is_user, status,
                                      model_used, trace_id, parent_id, generating_until)
                 SELECT $8, $1, last_sequence, '', false, 'generating', $9, $5, $2,
                        clock_timestamp() + make_interval(secs => $10) FROM place, told
                 RETURNING message_id),
             handed_over AS (
                 INSERT INTO unfinished_answer (message_id, sources, sealed_leave, scored_trace)
                 SELECT message_id, $11, $12, $13 FROM begun)
             INSERT INTO chat_event (message_id, seq, payload) SELECT message_id, $14, $15 FROM begun",
        )
        .bind(asked.conversation_id.0)
        .bind(asked.question_id.0)
        .bind(is_new)
        .bind(question.content.as_str())
        .bind(&question.trace_id)
        .bind(parent)
        .bind(STARTS)
        .bind(asked.answer_id.0)
        .bind(self.model)
        .bind(self.lease.as_secs_f64())
        .bind(question.sources.iter().map(Source::as_str).collect::<Vec<_>>())
        .bind(&self.sealed_leave)
        .bind(&self.handover.scored_trace)
        .bind(started.seq)
        .bind(started.clone().into_wire().encode_to_vec())
        .execute(transaction)
        .await?;
        Ok(())
    }
}

/// The message that a new question follows. None where it is the first of its conversation.
async fn parent(
    transaction: &mut PgConnection,
    id: ConversationId,
    place: &Place,
) -> Result<Option<Uuid>, Error> {
    Ok(match place {
        Place::After(_, answer) => Some(line::answer(transaction, id, *answer).await?),
        Place::InsteadOf(_, question) => {
            let before = line::before(transaction, id, *question).await?;
            Some(before.unwrap_or(line::NOTHING))
        }
        Place::In(_) | Place::Again(..) | Place::New(Some(_)) => {
            line::last(transaction, id).await?
        }
        Place::New(None) => None,
    })
}

/// The message before a question.
async fn before(connection: &mut PgConnection, question: MessageId) -> Result<Option<Uuid>, Error> {
    let question = find(connection, question).await?;
    Ok(question.and_then(|question| question.parent).map(|parent| parent.0))
}

/// The conversation of a question, where there is one already: which, the documents attached to it, and its
/// newest message.
type Placed = (ConversationId, Vec<Uuid>, Option<Uuid>);

async fn placed(
    connection: &mut PgConnection,
    owner: UserId,
    place: &Place,
) -> Result<Option<Placed>, Error> {
    let (id, session_id) = match place {
        Place::In(id) | Place::After(id, _) | Place::InsteadOf(id, _) | Place::Again(id, _) => {
            (Some(id.0), None)
        }
        Place::New(session_id) => (None, session_id.as_ref().map(SessionId::as_str)),
    };
    let found: Option<(Uuid, Vec<Uuid>, Option<Uuid>)> = sqlx::query_as(
        "SELECT conversation_id,
                ARRAY(SELECT document_id FROM conversation_document AS attached
                      WHERE attached.conversation_id = conversation.conversation_id
                      ORDER BY created_at, document_id),
                (SELECT message_id FROM message
                 WHERE message.conversation_id = conversation.conversation_id
                 ORDER BY sequence DESC LIMIT 1)
         FROM conversation
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
        (found, _) => Ok(found.map(|(id, attached, last)| (ConversationId(id), attached, last))),
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
