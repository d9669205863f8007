//! The life of a document's reading: under way, then ended once. Everything is written under the
//! fence of the job's lease.

use std::time::Duration;

use elenchus_durable::{Error as Lost, Lease};
use elenchus_proto::pb::analytics::v1::DocumentProcessed;
use elenchus_proto::pb::analytics::v1::event::What;
use elenchus_rpc::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::legal::{write_citations, write_labels};
use super::{Store, columns};
use crate::domain::{Document, Passage};
use crate::extract::Failure;
use crate::legal::{Cited, Detected};

/// What a document's text says of it.
#[derive(Debug, Clone, Default)]
pub struct Says {
    /// What it is.
    pub detected: Vec<Detected>,
    /// What it cites.
    pub citations: Vec<Cited>,
}

/// What became of the vectors of a document that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vectors<'m> {
    /// No model is in use.
    Unwanted,
    /// This model gave one to each passage.
    Of(&'m str),
    /// This model is to give them later.
    Later(&'m str),
}

/// A passage that waits for its vector.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Bare {
    /// The passage.
    pub chunk_id: Uuid,
    /// Its text.
    pub content: String,
    /// The heading that it stands under.
    pub heading: String,
    /// Its document's title.
    pub title: String,
}

impl Bare {
    /// What is embedded: a passage means little without what it is from.
    pub fn in_context(&self) -> String {
        format!("{}\n{}\n{}", self.title, self.heading, self.content)
    }
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

    /// Whether the document was cut into passages.
    pub async fn is_cut(&self, document: Uuid) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM chunk WHERE document_id = $1)")
            .bind(document)
            .fetch_one(&self.pool)
            .await
    }

    /// Keeps a document's passages and what its text says of it, in place of any others.
    pub async fn keep_passages(
        &self,
        lease: &Lease,
        char_count: usize,
        passages: &[Passage],
        says: &Says,
    ) -> Result<(), Lost> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        write_passages(&mut transaction, lease.key(), passages).await?;
        write_labels(&mut transaction, lease.key(), &says.detected).await?;
        write_citations(&mut transaction, lease.key(), &says.citations).await?;
        sqlx::query(
            "UPDATE document SET char_count = $2, chunk_count = $3, updated_at = clock_timestamp()
             WHERE document_id = $1",
        )
        .bind(lease.key())
        .bind(i32::try_from(char_count).unwrap_or(i32::MAX))
        .bind(i32::try_from(passages.len()).unwrap_or(i32::MAX))
        .execute(&mut *transaction)
        .await?;
        lease.progress(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// The next passages of a document that have no vector of this model, and how many there are.
    pub async fn bare_passages(
        &self,
        document: Uuid,
        model: &str,
        most: i64,
    ) -> Result<(Vec<Bare>, i64), sqlx::Error> {
        let bare = sqlx::query_as(
            "SELECT chunk_id, content, heading, title FROM chunk
             WHERE document_id = $1 AND embedding_model IS DISTINCT FROM $2
             ORDER BY chunk_index LIMIT $3",
        )
        .bind(document)
        .bind(model)
        .bind(most)
        .fetch_all(&self.pool)
        .await?;
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM chunk WHERE document_id = $1 AND embedding_model IS DISTINCT FROM $2",
        )
        .bind(document)
        .bind(model)
        .fetch_one(&self.pool)
        .await?;
        Ok((bare, count))
    }

    /// Keeps the vectors that a model gave to passages, in the same order.
    pub async fn keep_vectors(
        &self,
        lease: &Lease,
        model: &str,
        passages: &[Bare],
        vectors: Vec<Vec<f32>>,
    ) -> Result<(), Lost> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        let ids: Vec<Uuid> = passages.iter().map(|passage| passage.chunk_id).collect();
        let length = vectors.first().map_or(0, Vec::len);
        sqlx::query(
            "UPDATE chunk SET embedding = $2[(at - 1) * $3 + 1 : at * $3], embedding_model = $4
             FROM unnest($1::uuid[]) WITH ORDINALITY AS given (id, at)
             WHERE chunk_id = given.id",
        )
        .bind(ids)
        // One after the other: PostgreSQL has no list of lists to take apart.
        .bind(vectors.concat())
        .bind(i64::try_from(length).unwrap_or(i64::MAX))
        .bind(model)
        .execute(&mut *transaction)
        .await?;
        lease.progress(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Lets a document be found, and ends its job. Where it `is_described`, a model is asked about it next.
    pub async fn complete(
        &self,
        lease: &Lease,
        document: &Document,
        vectors: Vectors<'_>,
        is_described: bool,
        took: Duration,
    ) -> Result<(), Lost> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        sqlx::query(
            "UPDATE document
             SET status = 'completed', stage = '', progress = 100, error = '', error_code = '',
                 embedded_by = $2, updated_at = clock_timestamp()
             WHERE document_id = $1",
        )
        .bind(document.document_id)
        .bind(if let Vectors::Of(model) = vectors { model } else { "" })
        .execute(&mut *transaction)
        .await?;
        if let Vectors::Later(model) = vectors {
            self.queue_embedding(&mut transaction, document.document_id, model).await?;
        }
        if is_described {
            self.queue_description(&mut transaction, document.document_id).await?;
        }
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
    passages: &[Passage],
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM chunk WHERE document_id = $1")
        .bind(document)
        .execute(&mut *transaction)
        .await?;
    for passage in passages {
        sqlx::query(
            "INSERT INTO chunk (chunk_id, document_id, chunk_index, content, page, start_char, end_char, heading,
                 word_count, title, citations, line, section)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
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
        .bind(&passage.title)
        .bind(&passage.citations)
        .bind(passage.line)
        .bind(&passage.section)
        .execute(&mut *transaction)
        .await?;
    }
    Ok(())
}
