//! The audit record: written in the transaction of the change that it tells of, read by page.

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use elenchus_rpc::page::Page;
use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::Store;
use crate::domain::Error;
use crate::domain::audit::{Event, Origin, Recorded};

/// What a page of the record is continued from: when its last event was, and its id.
pub type AuditKey = (DateTime<Utc>, Uuid);

#[derive(FromRow)]
struct Row {
    audit_event_id: Uuid,
    occurred_at: DateTime<Utc>,
    act: String,
    outcome: String,
    actor_kind: String,
    actor_id: Option<Uuid>,
    user_id: Option<Uuid>,
    subject_id: Option<Uuid>,
    address: String,
    user_agent: String,
    request_id: String,
    details: Json<Map<String, Value>>,
}

impl From<Row> for Recorded {
    fn from(row: Row) -> Self {
        Self {
            audit_event_id: row.audit_event_id,
            occurred_at: row.occurred_at,
            act: row.act,
            outcome: row.outcome,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id.map(UserId),
            user_id: row.user_id.map(UserId),
            subject_id: row.subject_id,
            address: row.address,
            user_agent: row.user_agent,
            request_id: row.request_id,
            details: row.details.0,
        }
    }
}

impl Recorded {
    /// The key after which the next page begins.
    pub fn key(&self) -> AuditKey {
        (self.occurred_at, self.audit_event_id)
    }
}

/// Writes an event in the transaction of the change that it tells of: both are kept or neither.
pub(crate) async fn record(
    transaction: &mut PgConnection,
    event: &Event,
    origin: &Origin,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO audit_event (audit_event_id, act, outcome, actor_kind, actor_id, user_id,
                                  subject_id, address, user_agent, request_id, details)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(Uuid::now_v7())
    .bind(event.act.as_str())
    .bind(event.outcome.as_str())
    .bind(event.actor.kind())
    .bind(event.actor.id().map(|user_id| user_id.0))
    .bind(event.user_id.map(|user_id| user_id.0))
    .bind(event.subject_id)
    .bind(origin.address.map(|address| address.to_canonical().to_string()).unwrap_or_default())
    .bind(&origin.user_agent)
    .bind(&origin.request_id)
    .bind(Json(&event.details))
    .execute(transaction)
    .await?;
    Ok(())
}

impl Store {
    /// Writes an event that changed nothing.
    pub async fn record(&self, event: &Event, origin: &Origin) -> Result<(), Error> {
        Ok(record(&mut *self.pool.acquire().await?, event, origin).await?)
    }

    /// What is recorded of an account, newest first.
    pub async fn list_audit_of(
        &self,
        user_id: UserId,
        page: &Page<AuditKey>,
    ) -> Result<Vec<Recorded>, Error> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT audit_event_id, occurred_at, act, outcome, actor_kind, actor_id, user_id, subject_id,
                    address, user_agent, request_id, details
             FROM audit_event
             WHERE user_id = $1 AND ($2::timestamptz IS NULL OR (occurred_at, audit_event_id) < ($2, $3))
             ORDER BY occurred_at DESC, audit_event_id DESC
             LIMIT $4 OFFSET $5",
        )
        .bind(user_id.0)
        .bind(page.after.map(|(occurred_at, _)| occurred_at))
        .bind(page.after.map(|(_, id)| id))
        .bind(page.limit)
        .bind(page.skip)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Recorded::from).collect())
    }
}
