//! Answers whose check is still to be told as scores: a row each, written with the answer's end and gone
//! once it was told.

use std::time::Duration;

use elenchus_durable::{Lease, Queue, Terms};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::Store;
use crate::domain::{CitationReport, MessageId};

/// The table, and the channel on which its wakes are heard.
pub(crate) const SCORES: &str = "citation_score";

/// What is away is tried for about a day.
const TERMS: Terms = Terms {
    lease: Duration::from_secs(30),
    heartbeat: Duration::from_secs(10),
    poll: Duration::from_secs(5),
    drain: Duration::from_secs(5),
    backoff: Duration::from_secs(1),
    longest_backoff: Duration::from_secs(1800),
    attempts: 60,
};

/// How the check of an answer went, and the trace to tell it of.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Scored {
    pub(crate) trace_id: String,
    #[sqlx(json)]
    pub(crate) report: CitationReport,
}

impl Store {
    /// The answers that wait.
    pub(crate) fn scores(&self) -> Queue {
        Queue::new(self.pool.clone(), SCORES, "message_id", TERMS)
    }

    /// What is to be told of an answer.
    pub(crate) async fn scored(&self, answer: Uuid) -> Result<Option<Scored>, sqlx::Error> {
        sqlx::query_as("SELECT trace_id, report FROM citation_score WHERE message_id = $1")
            .bind(answer)
            .fetch_optional(&self.pool)
            .await
    }

    /// Forgets an answer that was told, or never will be.
    pub(crate) async fn forget_score(&self, lease: &Lease) -> Result<(), elenchus_durable::Error> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        sqlx::query("DELETE FROM citation_score WHERE message_id = $1")
            .bind(lease.key())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }
}

/// Writes what is to be told, in the transaction of the answer's end.
pub(super) async fn insert(
    transaction: &mut PgConnection,
    answer: MessageId,
    trace_id: &str,
    report: &CitationReport,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH told AS MATERIALIZED (SELECT pg_notify($4, $1::text))
         INSERT INTO citation_score (message_id, trace_id, report)
         SELECT $1, $2, $3 FROM told
         ON CONFLICT DO NOTHING",
    )
    .bind(answer.0)
    .bind(trace_id)
    .bind(Json(report))
    .bind(SCORES)
    .execute(transaction)
    .await?;
    Ok(())
}
