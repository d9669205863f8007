//! Answers whose maker has died: found by whichever process looks first, and ended once. What their
//! readers saw stays.

use std::time::Duration;

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use elenchus_rpc::caller::Grant;
use elenchus_sealed::Purpose;
use sqlx::PgConnection;
use uuid::Uuid;

use super::answer::Asked;
use super::conversation::touch;
use super::ending::{Ending, end, tell};
use super::{Store, event};
use crate::domain::{ConversationId, Error, MessageId, Source};
use crate::generation::Shown;

/// What whoever finishes an answer needs besides what is stored already.
#[derive(Debug, Clone, Default)]
pub struct Handover {
    /// By whose leave documents are read.
    pub leave: Option<Grant>,
    /// The trace that the check is told of as scores. None where nobody is told.
    pub scored_trace: Option<String>,
}

/// An answer whose maker has died, and which is ours to finish for as long as a lease lasts.
#[derive(Debug, Clone)]
pub struct Abandoned {
    /// Which.
    pub asked: Asked,
    /// The model that was asked.
    pub model: String,
    /// What its readers saw.
    pub shown: Shown,
    /// The texts sent with the question.
    pub sources: Vec<Source>,
    /// What else was left.
    pub handover: Handover,
    /// How often somebody set out to finish it, this time included.
    pub attempt: i32,
    /// Since its beginning.
    pub age: Duration,
    /// Until when it is ours. Anybody who changes that has taken it.
    until: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    user_id: Uuid,
    conversation_id: Uuid,
    message_id: Uuid,
    parent_id: Option<Uuid>,
    model_used: String,
    seconds: f64,
    generating_until: DateTime<Utc>,
    sources: Vec<String>,
    sealed_leave: Option<Vec<u8>>,
    scored_trace: Option<String>,
    attempt: i32,
}

impl Store {
    /// Takes some answers whose maker has died.
    pub async fn take_abandoned(
        &self,
        most: i64,
        lease: Duration,
    ) -> Result<Vec<Abandoned>, Error> {
        let mut connection = self.pool.acquire().await?;
        let taken = sqlx::query_as::<_, Row>(
            "WITH dead AS (
                 SELECT message_id FROM message
                 WHERE status = 'generating' AND generating_until < clock_timestamp()
                 ORDER BY generating_until
                 LIMIT $2
                 -- Another replica looks too, and the maker may come back to life right now.
                 FOR UPDATE SKIP LOCKED),
             taken AS (
                 UPDATE message SET generating_until = clock_timestamp() + make_interval(secs => $1)
                 FROM dead WHERE message.message_id = dead.message_id
                 RETURNING message.*),
             counted AS (
                 INSERT INTO unfinished_answer AS left_over (message_id, attempt)
                 SELECT message_id, 1 FROM taken
                 ON CONFLICT (message_id) DO UPDATE SET attempt = left_over.attempt + 1
                 RETURNING *)
             SELECT user_id, conversation_id, message_id, parent_id, model_used, generating_until,
                    extract(epoch FROM clock_timestamp() - taken.created_at)::float8 AS seconds,
                    sources, sealed_leave, scored_trace, attempt
             FROM taken JOIN counted USING (message_id) JOIN conversation USING (conversation_id)",
        )
        .bind(lease.as_secs_f64())
        .bind(most)
        .fetch_all(&mut *connection)
        .await?;
        let mut abandoned = Vec::with_capacity(taken.len());
        for row in taken {
            let events = event::all(&mut connection, MessageId(row.message_id)).await?;
            abandoned.push(self.abandoned(row, Shown::of(events)));
        }
        Ok(abandoned)
    }

    /// Seals the leave of an answer that begins.
    pub(super) fn seal_leave(
        &self,
        answer: MessageId,
        handover: &Handover,
    ) -> Result<Option<Vec<u8>>, Error> {
        let seal =
            |leave: &Grant| self.sealer.seal(Purpose::Grant, answer.0, leave.expose().as_bytes());
        let sealed = handover.leave.as_ref().map(seal).transpose();
        sealed.map_err(|error| Error::Corrupt(error.into()))
    }

    fn abandoned(&self, row: Row, shown: Shown) -> Abandoned {
        let open = |sealed: &Vec<u8>| self.sealer.open(Purpose::Grant, row.message_id, sealed);
        // Where SECRET_KEY was changed, documents stay closed.
        let token = row.sealed_leave.as_ref().and_then(|sealed| open(sealed).ok());
        let token = token.and_then(|token| String::from_utf8(token).ok());
        Abandoned {
            asked: Asked {
                owner: UserId(row.user_id),
                conversation_id: ConversationId(row.conversation_id),
                question_id: MessageId(row.parent_id.unwrap_or_default()),
                answer_id: MessageId(row.message_id),
            },
            model: row.model_used,
            shown,
            sources: row.sources.into_iter().map(Source::stored).collect(),
            handover: Handover {
                leave: token.and_then(|token| Grant::parse(&token)),
                scored_trace: row.scored_trace,
            },
            attempt: row.attempt,
            age: Duration::try_from_secs_f64(row.seconds).unwrap_or_default(),
            until: row.generating_until,
        }
    }

    /// Forgets what was left of answers that a process from before has ended.
    pub(crate) async fn forget_handovers(&self) -> Result<(), Error> {
        sqlx::query(
            "DELETE FROM unfinished_answer USING message
             WHERE message.message_id = unfinished_answer.message_id AND status <> 'generating'",
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Ends it. False when it is not ours any more: its maker lives, somebody else took it, or it was
    /// deleted.
    pub async fn end_abandoned(
        &self,
        abandoned: &Abandoned,
        ending: &Ending,
    ) -> Result<bool, Error> {
        let mut transaction = self.pool.begin().await?;
        touch(&mut transaction, abandoned.asked.conversation_id).await?;
        if !is_ours(&mut transaction, abandoned).await? {
            return Ok(false);
        }
        let (asked, model) = (&abandoned.asked, &abandoned.model);
        let ended = end(&mut transaction, asked.answer_id, model, ending).await?;
        tell(&mut transaction, asked, model, ending, ended).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Whether nobody took the answer or added to it meanwhile. Nobody can any more, if so.
async fn is_ours(
    transaction: &mut PgConnection,
    abandoned: &Abandoned,
) -> Result<bool, sqlx::Error> {
    let id = abandoned.asked.answer_id.0;
    let locked: Option<i32> = sqlx::query_scalar(
        "SELECT 1 FROM message
         WHERE message_id = $1 AND status = 'generating' AND generating_until = $2 FOR UPDATE",
    )
    .bind(id)
    .bind(abandoned.until)
    .fetch_optional(&mut *transaction)
    .await?;
    if locked.is_none() {
        return Ok(false);
    }
    // A statement of its own: it sees what was added until the lock was ours.
    let is_longer = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM chat_event WHERE message_id = $1 AND seq > $2)",
    );
    let is_longer: bool =
        is_longer.bind(id).bind(abandoned.shown.last_seq).fetch_one(transaction).await?;
    Ok(!is_longer)
}
