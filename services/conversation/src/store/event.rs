//! The events of answers, as they are sent. The table is the truth; a notice only says to look.

use elenchus_proto::pb::conversation::v1 as pb;
use prost::Message as _;
use sqlx::PgConnection;

use super::Store;
use crate::domain::{ConversationId, Error, MessageId};

/// The channel on which an answer's id is said when there is more of it to read.
pub(crate) const EVENTS: &str = "conversation_event";
/// The channel on which an answer's id is said when it is to stop.
pub(crate) const STOPS: &str = "conversation_stop";
/// The channel on which a conversation's id is said when an answer begins in it.
pub(crate) const STARTS: &str = "conversation_start";

/// Events read at once.
const MOST: i64 = 200;
/// How long events are kept.
const KEPT_HOURS: i32 = 24;

impl Store {
    /// Adds events of an answer that is being made, where they are not there yet. Returns the last
    /// number before them; None when the answer is no longer ours to make.
    ///
    /// Acknowledged before it is on the disk: the end of the answer, which is, comes after it.
    pub(crate) async fn append(
        &self,
        answer: MessageId,
        events: &[pb::ChatEvent],
        tells_others: bool,
    ) -> Result<Option<i32>, Error> {
        let last: Option<i32> = sqlx::query_scalar(
            "WITH setting AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
             -- Shared, so that an answer cannot be ended and added to at once.
             ours AS MATERIALIZED (
                 SELECT message_id FROM message
                 WHERE message_id = $1 AND status = 'generating' FOR SHARE),
             added AS (
                 INSERT INTO chat_event (message_id, seq, payload)
                 SELECT ours.message_id, new.seq, new.payload
                 FROM ours, unnest($2::int[], $3::bytea[]) AS new (seq, payload)
                 ON CONFLICT DO NOTHING),
             told AS MATERIALIZED (SELECT pg_notify($4, $1::text) FROM ours WHERE $5)
             SELECT coalesce((SELECT max(seq) FROM chat_event WHERE chat_event.message_id = $1), 0)
             FROM ours, setting LEFT JOIN told ON true",
        )
        .bind(answer.0)
        .bind(events.iter().map(|event| event.seq).collect::<Vec<_>>())
        .bind(events.iter().map(prost::Message::encode_to_vec).collect::<Vec<_>>())
        .bind(EVENTS)
        .bind(tells_others)
        .fetch_optional(&self.pool)
        .await?;
        Ok(last)
    }

    /// The next events after `seq`, and whether the answer has ended.
    pub(crate) async fn events_after(
        &self,
        answer: MessageId,
        seq: i32,
    ) -> Result<(Vec<pb::ChatEvent>, bool), Error> {
        // Asked first: events that came with the end are then surely seen below.
        let is_ended: Option<bool> =
            sqlx::query_scalar("SELECT status <> 'generating' FROM message WHERE message_id = $1")
                .bind(answer.0)
                .fetch_optional(&self.pool)
                .await?;
        let is_ended = is_ended.ok_or(Error::GenerationNotFound)?;
        let payloads: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT payload FROM chat_event WHERE message_id = $1 AND seq > $2
             ORDER BY seq LIMIT $3",
        )
        .bind(answer.0)
        .bind(seq)
        .bind(MOST)
        .fetch_all(&self.pool)
        .await?;
        if is_ended && payloads.is_empty() && !self.has_events(answer).await? {
            return Err(Error::EventsExpired);
        }
        Ok((decode(payloads)?, is_ended))
    }

    async fn has_events(&self, answer: MessageId) -> Result<bool, Error> {
        let found = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM chat_event WHERE chat_event.message_id = $1)",
        );
        Ok(found.bind(answer.0).fetch_one(&self.pool).await?)
    }

    /// The place of the last answer of a conversation that is not being made any more.
    pub(crate) async fn last_settled(&self, id: ConversationId) -> Result<i32, Error> {
        let place: i32 = sqlx::query_scalar(
            "SELECT coalesce(min(message.sequence) FILTER (WHERE status = 'generating') - 1,
                             max(message.sequence), 0)
             FROM message WHERE conversation_id = $1",
        )
        .bind(id.0)
        .fetch_one(&self.pool)
        .await?;
        Ok(place)
    }

    /// The answers of a conversation after a place, in order.
    pub(crate) async fn answers_after(
        &self,
        id: ConversationId,
        place: i32,
    ) -> Result<Vec<(i32, MessageId)>, Error> {
        let rows: Vec<(i32, uuid::Uuid)> = sqlx::query_as(
            "SELECT sequence, message_id FROM message
             WHERE conversation_id = $1 AND sequence > $2 AND NOT is_user
             ORDER BY sequence LIMIT $3",
        )
        .bind(id.0)
        .bind(place)
        .bind(MOST)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(place, id)| (place, MessageId(id))).collect())
    }

    /// Forgets the events of answers that began long ago. The answers themselves stay.
    pub(crate) async fn forget_events(&self) -> Result<u64, Error> {
        // The time that a UUIDv7 begins with, as a key to delete below.
        let forgotten = sqlx::query(
            "DELETE FROM chat_event
             WHERE message_id < (rpad(lpad(to_hex((extract(epoch FROM now() - make_interval(hours => $1))
                                                   * 1000)::bigint), 12, '0'), 32, '0'))::uuid",
        )
        .bind(KEPT_HOURS)
        .execute(&self.pool)
        .await?;
        Ok(forgotten.rows_affected())
    }
}

/// Writes events in a transaction, and says that there is more to read.
pub(super) async fn insert(
    transaction: &mut PgConnection,
    answer: MessageId,
    events: &[pb::ChatEvent],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH added AS (
             INSERT INTO chat_event (message_id, seq, payload)
             SELECT $1, new.seq, new.payload
             FROM unnest($2::int[], $3::bytea[]) AS new (seq, payload)
             ON CONFLICT DO NOTHING)
         SELECT pg_notify($4, $1::text)",
    )
    .bind(answer.0)
    .bind(events.iter().map(|event| event.seq).collect::<Vec<_>>())
    .bind(events.iter().map(prost::Message::encode_to_vec).collect::<Vec<_>>())
    .bind(EVENTS)
    .execute(transaction)
    .await?;
    Ok(())
}

/// Every event of an answer, in order.
pub(super) async fn all(
    transaction: &mut PgConnection,
    answer: MessageId,
) -> Result<Vec<pb::ChatEvent>, Error> {
    let payloads: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT payload FROM chat_event WHERE message_id = $1 ORDER BY seq")
            .bind(answer.0)
            .fetch_all(transaction)
            .await?;
    decode(payloads)
}

fn decode(payloads: Vec<Vec<u8>>) -> Result<Vec<pb::ChatEvent>, Error> {
    payloads
        .into_iter()
        .map(|payload| pb::ChatEvent::decode(payload.as_slice()))
        .collect::<Result<_, _>>()
        .map_err(|error| Error::Corrupt(error.into()))
}
