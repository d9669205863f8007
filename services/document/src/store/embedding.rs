//! Which documents lack vectors of the model in use, and the jobs that give them some.

use elenchus_durable::{Error as Lost, Lease};
use sqlx::PgConnection;
use uuid::Uuid;

use super::search::{bind_scope, permitted};
use super::{Scope, Store};
use crate::domain::Error;

/// How much of a scope can be searched by meaning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Coverage {
    /// All permitted passages.
    pub passages: i64,
    /// Those of documents that the model embedded as a whole.
    pub embedded: i64,
}

impl Store {
    /// Queues the documents that another model embedded, or none. How many were not queued yet.
    pub async fn queue_embeddings(&self, model: &str) -> Result<u64, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        let queued = sqlx::query(
            "INSERT INTO embedding_job (document_id, model)
             SELECT document_id, $1 FROM document WHERE status = 'completed' AND embedded_by <> $1
             ON CONFLICT (document_id) DO UPDATE SET model = $1, due_at = now()
             WHERE embedding_job.model <> $1",
        )
        .bind(model)
        .execute(&mut *transaction)
        .await?;
        if queued.rows_affected() > 0 {
            self.embeddings.wake(&mut transaction, Uuid::nil()).await?;
        }
        transaction.commit().await?;
        Ok(queued.rows_affected())
    }

    /// Queues a document that was just read.
    pub(super) async fn queue_embedding(
        &self,
        transaction: &mut PgConnection,
        document: Uuid,
        model: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO embedding_job (document_id, model) VALUES ($1, $2)
             ON CONFLICT (document_id) DO UPDATE SET model = $2, due_at = now()",
        )
        .bind(document)
        .bind(model)
        .execute(&mut *transaction)
        .await?;
        self.embeddings.wake(transaction, document).await
    }

    /// The model that a job wants vectors of.
    pub async fn embedding_job(&self, lease: &Lease) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar("SELECT model FROM embedding_job WHERE document_id = $1")
            .bind(lease.key())
            .fetch_optional(&self.pool)
            .await
    }

    /// Lets a document be found by meaning as a whole, and forgets its job. Whether that was the last one.
    pub async fn end_embedding(&self, lease: &Lease, model: &str) -> Result<bool, Lost> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        sqlx::query(
            "UPDATE document SET embedded_by = $2, updated_at = clock_timestamp()
             WHERE document_id = $1",
        )
        .bind(lease.key())
        .bind(model)
        .execute(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM embedding_job WHERE document_id = $1")
            .bind(lease.key())
            .execute(&mut *transaction)
            .await?;
        let was_last = sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM embedding_job)")
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(was_last)
    }

    /// How much of the scope can be searched by this model.
    pub async fn coverage(&self, scope: &Scope, model: &str) -> Result<Coverage, Error> {
        let statement = concat!(
            "SELECT coalesce(sum(chunk_count), 0) AS passages,
                    coalesce(sum(chunk_count) FILTER (WHERE embedded_by = $6), 0) AS embedded
             FROM document WHERE ",
            permitted!()
        );
        let coverage = bind_scope!(sqlx::query_as(statement), scope).bind(model);
        Ok(coverage.fetch_one(&self.pool).await?)
    }
}
