//! The life of a document's reading: under way, then ended once. Everything is written under the
//! fence of the job's lease.

use std::time::Duration;

use elenchus_durable::{Error as Lost, Lease};
use elenchus_proto::pb::analytics::v1::DocumentProcessed;
use elenchus_proto::pb::analytics::v1::event::What;
use elenchus_rpc::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Store, columns};
use crate::domain::{Document, Passage};
use crate::extract::Failure;

/// What was read from a file.
#[derive(Debug, Clone)]
pub struct Reading {
    /// By content.
    pub file_type: &'static str,
    /// Which reader read it.
    pub reader: String,
    /// Pages, where the format has them.
    pub page_count: Option<u32>,
    /// The whole text.
    pub text: String,
}

/// A passage that is to be kept.
#[derive(Debug, Clone)]
pub struct Written {
    /// The passage.
    pub passage: Passage,
    /// Its meaning, where a model is installed.
    pub embedding: Option<Vec<f32>>,
}

impl Store {
    /// The document that a job is about. None when it was deleted.
    pub async fn of_job(&self, lease: &Lease) -> Result<Option<Document>, Lost> {
        let found =
            sqlx::query_as(concat!("SELECT ", columns!(), " FROM document WHERE document_id = $1"))
                .bind(lease.key())
                .fetch_optional(&self.pool)
                .await?;
        Ok(found)
    }

    /// Says how far a job has come, to whoever watches.
    pub async fn advance(&self, lease: &Lease, stage: &str, progress: f32) -> Result<(), Lost> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        sqlx::query(
            "UPDATE document
             SET status = 'processing', stage = $2, progress = $3, updated_at = clock_timestamp()
             WHERE document_id = $1",
        )
        .bind(lease.key())
        .bind(stage)
        .bind(progress)
        .execute(&mut *transaction)
        .await?;
        self.queue.wake(&mut transaction, lease.key()).await?;
        Ok(transaction.commit().await?)
    }

    /// Keeps a document's text and passages, and ends its job.
    pub async fn complete(
        &self,
        lease: &Lease,
        document: &Document,
        reading: &Reading,
        passages: &[Written],
        took: Duration,
    ) -> Result<(), Lost> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        write_passages(&mut transaction, document.document_id, passages).await?;
        sqlx::query(
            "UPDATE document
             SET status = 'completed', stage = '', progress = 100, error = '', error_code = '', file_type = $2,
                 reader = $3, page_count = $4, char_count = $5, chunk_count = $6, content = $7,
                 updated_at = clock_timestamp()
             WHERE document_id = $1",
        )
        .bind(document.document_id)
        .bind(reading.file_type)
        .bind(&reading.reader)
        .bind(reading.page_count.and_then(|count| i32::try_from(count).ok()).unwrap_or(0))
        .bind(i32::try_from(reading.text.chars().count()).unwrap_or(i32::MAX))
        .bind(i32::try_from(passages.len()).unwrap_or(i32::MAX))
        .bind(&reading.text)
        .execute(&mut *transaction)
        .await?;
        self.settle(transaction, lease, document, "completed", took).await
    }

    /// Says why a document cannot be read, and ends its job.
    pub async fn fail(
        &self,
        lease: &Lease,
        document: &Document,
        failure: &Failure,
        took: Duration,
    ) -> Result<(), Lost> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        sqlx::query(
            "UPDATE document
             SET status = 'failed', stage = '', error = $2, error_code = $3, updated_at = clock_timestamp()
             WHERE document_id = $1",
        )
        .bind(document.document_id)
        .bind(&failure.message)
        .bind(failure.code.as_str())
        .execute(&mut *transaction)
        .await?;
        self.settle(transaction, lease, document, "failed", took).await
    }

    async fn settle(
        &self,
        mut transaction: sqlx::PgTransaction<'_>,
        lease: &Lease,
        document: &Document,
        status: &str,
        took: Duration,
    ) -> Result<(), Lost> {
        let processed = DocumentProcessed {
            document_id: document.document_id.to_string(),
            filename: document.filename.clone(),
            status: status.to_owned(),
            duration_seconds: took.as_secs_f64(),
        };
        let event =
            elenchus_outbox::event(UserId(document.user_id), What::DocumentProcessed(processed));
        elenchus_outbox::record(&mut transaction, &event).await?;
        lease.finish(&mut transaction).await?;
        self.queue.wake(&mut transaction, lease.key()).await?;
        Ok(transaction.commit().await?)
    }
}

/// Replaces the passages of a document.
async fn write_passages(
    transaction: &mut PgConnection,
    document: Uuid,
    passages: &[Written],
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM chunk WHERE document_id = $1")
        .bind(document)
        .execute(&mut *transaction)
        .await?;
    for Written { passage, embedding } in passages {
        let model = embedding.as_ref().map(|_| elenchus_embedding::MODEL_NAME);
        sqlx::query(
            "INSERT INTO chunk (chunk_id, document_id, chunk_index, content, page, start_char, end_char, heading,
                 word_count, embedding, embedding_model)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(passage.chunk_id)
        .bind(document)
        .bind(passage.chunk_index)
        .bind(&passage.content)
        .bind(passage.page)
        .bind(passage.start_char)
        .bind(passage.end_char)
        .bind(&passage.heading)
        .bind(i32::try_from(passage.content.split_whitespace().count()).unwrap_or(i32::MAX))
        .bind(embedding)
        .bind(model)
        .execute(&mut *transaction)
        .await?;
    }
    Ok(())
}
