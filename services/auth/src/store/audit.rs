//! The audit record: written in the transaction of the change that it tells of, read by page.

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use elenchus_rpc::page::Page;
use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::Store;
use crate::domain::Error;
use crate::domain::audit::{Event, Filter, Origin, Recorded};

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
    .bind(origin.address_text())
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

    /// What is recorded, newest first.
    pub async fn list_audit(
        &self,
        filter: &Filter,
        page: &Page<AuditKey>,
    ) -> Result<Vec<Recorded>, Error> {
        let mut query = QueryBuilder::new(
            "SELECT audit_event_id, occurred_at, act, outcome, actor_kind, actor_id, user_id, subject_id,
                    address, user_agent, request_id, details
             FROM audit_event WHERE true",
        );
        narrow(&mut query, filter);
        if let Some((occurred_at, id)) = page.after {
            query.push(" AND (occurred_at, audit_event_id) < (").push_bind(occurred_at);
            query.push(", ").push_bind(id).push(")");
        }
        query.push(" ORDER BY occurred_at DESC, audit_event_id DESC LIMIT ").push_bind(page.limit);
        query.push(" OFFSET ").push_bind(page.skip);
        let rows: Vec<Row> = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(Recorded::from).collect())
    }
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    let Filter { user_id, actor_id, act, outcome, since, until } = filter.clone();
    if let Some(user_id) = user_id {
        query.push(" AND user_id = ").push_bind(user_id.0);
    }
    if let Some(actor_id) = actor_id {
        query.push(" AND actor_id = ").push_bind(actor_id.0);
    }
    if let Some(act) = act {
        query.push(" AND act = ").push_bind(act);
    }
    if let Some(outcome) = outcome {
        query.push(" AND outcome = ").push_bind(outcome);
    }
    if let Some(since) = since {
        query.push(" AND occurred_at >= ").push_bind(since);
    }
    if let Some(until) = until {
        query.push(" AND occurred_at < ").push_bind(until);
    }
}
