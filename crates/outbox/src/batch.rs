//! Events claimed from the table, until they are settled. The row locks are the claim, so a relay
//! that dies lets go at once.

use elenchus_proto::pb::analytics::v1::Event;
use prost::Message;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

/// An event under its key.
pub(crate) struct Claimed {
    pub(crate) event_id: Uuid,
    pub(crate) event: Event,
}

/// Events that no other relay can see before this batch ends.
pub(crate) struct Batch {
    transaction: Transaction<'static, Postgres>,
    delivered: Vec<Uuid>,
    refused: Vec<(Uuid, String)>,
}

impl Batch {
    /// Claims at most so many events that no other relay has in hand.
    pub(crate) async fn claim(
        pool: &PgPool,
        most: i64,
    ) -> Result<(Self, Vec<Claimed>), sqlx::Error> {
        let mut transaction = pool.begin().await?;
        let rows: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(
            "SELECT event_id, event FROM outbox
             WHERE refusal IS NULL
             ORDER BY event_id
             LIMIT $1
             FOR UPDATE SKIP LOCKED",
        )
        .bind(most)
        .fetch_all(&mut *transaction)
        .await?;
        let mut batch = Self { transaction, delivered: Vec::new(), refused: Vec::new() };
        let mut claimed = Vec::with_capacity(rows.len());
        for (event_id, bytes) in rows {
            match Event::decode(bytes.as_slice()) {
                Ok(event) => claimed.push(Claimed { event_id, event }),
                Err(error) => batch.refused(event_id, error.to_string()),
            }
        }
        Ok((batch, claimed))
    }

    /// Analytics has the event.
    pub(crate) fn delivered(&mut self, event_id: Uuid) {
        self.delivered.push(event_id);
    }

    /// Analytics will never take the event.
    pub(crate) fn refused(&mut self, event_id: Uuid, reason: String) {
        tracing::error!(event.id = %event_id, reason, "analytics refused an event");
        self.refused.push((event_id, reason));
    }

    /// Deletes what was delivered, marks what was refused, and lets go of the rest.
    pub(crate) async fn settle(mut self) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM outbox WHERE event_id = ANY($1)")
            .bind(&self.delivered)
            .execute(&mut *self.transaction)
            .await?;
        for (event_id, reason) in &self.refused {
            sqlx::query("UPDATE outbox SET refusal = $2 WHERE event_id = $1")
                .bind(event_id)
                .bind(reason)
                .execute(&mut *self.transaction)
                .await?;
        }
        self.transaction.commit().await
    }
}
