//! Documents that a language model is asked about.

use elenchus_durable::{Error as Lost, Lease};
use elenchus_rpc::UserId;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::Store;
use super::legal::write_labels;
use crate::legal::{Detected, joined};

/// A document as a model is shown it.
#[derive(Debug, Clone)]
pub struct Undescribed {
    /// Whose it is.
    pub owner: UserId,
    /// The beginning of its text.
    pub text: String,
}

impl Store {
    /// Queues a document that was just read.
    pub(super) async fn queue_description(
        &self,
        transaction: &mut PgConnection,
        document: Uuid,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO description_job (document_id) VALUES ($1)
             ON CONFLICT (document_id) DO UPDATE SET due_at = now()",
        )
        .bind(document)
        .execute(&mut *transaction)
        .await?;
        self.descriptions.wake(transaction, document).await
    }

    /// The document of a job, with at most so many characters of its text. None when it was deleted.
    pub async fn undescribed(
        &self,
        lease: &Lease,
        most: i32,
    ) -> Result<Option<Undescribed>, sqlx::Error> {
        let found: Option<(Uuid, String)> = sqlx::query_as(
            "SELECT user_id,
                    (SELECT left(string_agg(left(content, $2), E'\\f' ORDER BY page_number), $2) FROM page
                     WHERE page.document_id = document.document_id)
             FROM document WHERE document_id = $1",
        )
        .bind(lease.key())
        .bind(most)
        .fetch_optional(&self.pool)
        .await?;
        Ok(found.map(|(owner, text)| Undescribed { owner: UserId(owner), text }))
    }

    /// Keeps what a model says beside what the rules say, and forgets the job.
    pub async fn end_description(&self, lease: &Lease, said: Vec<Detected>) -> Result<(), Lost> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        if !said.is_empty() {
            let detected: Option<Json<Vec<Detected>>> = sqlx::query_scalar(
                "SELECT detected FROM document WHERE document_id = $1 FOR UPDATE",
            )
            .bind(lease.key())
            .fetch_optional(&mut *transaction)
            .await?;
            let detected =
                joined(detected.map(|Json(detected)| detected).unwrap_or_default(), said);
            write_labels(&mut transaction, lease.key(), &detected).await?;
        }
        sqlx::query("DELETE FROM description_job WHERE document_id = $1")
            .bind(lease.key())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }
}
