//! Deleted documents whose traces outside the database are still to be cleared away.

use elenchus_durable::{Error as Lost, Lease};
use elenchus_rpc::UserId;
use uuid::Uuid;

use super::Store;
use crate::domain::Error;

/// What is left of a deleted document.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Deletion {
    /// Its id.
    pub document_id: Uuid,
    /// Whose it was.
    pub user_id: Uuid,
    /// Where its bytes are.
    pub storage_key: String,
}

impl Store {
    /// Deletes a document's row, text and passages, and queues the deletion of the rest. False when the
    /// owner has no such document.
    pub async fn delete(&self, owner: UserId, id: Uuid) -> Result<bool, Error> {
        let mut transaction = self.pool.begin().await?;
        let deleted = sqlx::query(
            "WITH gone AS (
                 DELETE FROM document WHERE document_id = $1 AND user_id = $2
                 RETURNING document_id, user_id, storage_key)
             INSERT INTO deletion (document_id, user_id, storage_key) SELECT * FROM gone",
        )
        .bind(id)
        .bind(owner.0)
        .execute(&mut *transaction)
        .await?;
        // Whoever reads it or watches is told too.
        self.queue.wake(&mut transaction, id).await?;
        self.deletions.wake(&mut transaction, id).await?;
        transaction.commit().await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// The deletion that a job is about.
    pub async fn deletion(&self, lease: &Lease) -> Result<Option<Deletion>, sqlx::Error> {
        sqlx::query_as(
            "SELECT document_id, user_id, storage_key FROM deletion WHERE document_id = $1",
        )
        .bind(lease.key())
        .fetch_optional(&self.pool)
        .await
    }

    /// Forgets a deletion that is done.
    pub async fn end_deletion(&self, lease: &Lease) -> Result<(), Lost> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        sqlx::query("DELETE FROM deletion WHERE document_id = $1")
            .bind(lease.key())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Those of these places that no document has.
    pub async fn unknown_files(&self, keys: &[String]) -> Result<Vec<String>, Error> {
        let unknown = sqlx::query_scalar(
            "SELECT key FROM unnest($1::text[]) AS key
             WHERE NOT EXISTS (SELECT FROM document WHERE storage_key = key)",
        )
        .bind(keys)
        .fetch_all(&self.pool)
        .await?;
        Ok(unknown)
    }
}
