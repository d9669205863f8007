//! The queries. Every one that serves a user asks for the owner, and every list pages by key.

mod deletion;
mod description;
mod embedding;
mod job;
mod legal;
mod named;
mod page;
mod postings;
mod search;
mod vector;
mod words;

use chrono::{DateTime, Utc};
use elenchus_durable::Queue;
use elenchus_proto::pb::analytics::v1::DocumentUploaded;
use elenchus_proto::pb::analytics::v1::event::What;
use elenchus_rpc::UserId;
use elenchus_rpc::page::Page;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use uuid::Uuid;

pub use self::deletion::Deletion;
pub use self::description::Undescribed;
pub use self::embedding::Coverage;
pub use self::job::{Bare, Says, Vectors};
pub use self::named::Named;
pub use self::postings::{Postings, WordHash, hash};
pub use self::search::{Filters, FoundPassage, Scope};
pub use self::vector::StoredVectors;
pub use self::words::{Candidate, Candidates};
use crate::domain::{Document, Error, Labels, Passage};

/// The service's tables. Those of the outbox have their own.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// What a page of documents is continued from.
pub type DocumentKey = (DateTime<Utc>, Uuid);

/// What follows SELECT or RETURNING to fill a [`Document`].
macro_rules! columns {
    () => {
        "document_id, user_id, filename, original_filename, file_type, file_size, content_hash, storage_key,
         status, stage, progress, error, error_code, warning, reader, page_count, char_count, chunk_count, category,
         jurisdiction, practice_area, keywords, edited, detected, embedded_by, created_at,
         updated_at"
    };
}
pub(crate) use columns;

/// Documents and passages in PostgreSQL.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    queue: Queue,
    deletions: Queue,
    embeddings: Queue,
    descriptions: Queue,
}

/// The queues of what is done with documents.
#[derive(Debug, Clone)]
pub struct Queues {
    /// Of those that are to be read.
    pub readings: Queue,
    /// Of those that are to be cleared away.
    pub deletions: Queue,
    /// Of those that lack vectors.
    pub embeddings: Queue,
    /// Of those that a model is to describe.
    pub descriptions: Queue,
}

/// A file whose bytes are kept.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Its id.
    pub document_id: Uuid,
    /// The name that it came with.
    pub filename: String,
    /// The format that its name says.
    pub file_type: &'static str,
    /// Bytes.
    pub file_size: i64,
    /// SHA-256 of the bytes, in hex.
    pub content_hash: String,
    /// Where its bytes are.
    pub storage_key: String,
    /// What its owner says of it.
    pub labels: Labels,
}

/// Which documents are listed.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Conditions on what the owner says.
    pub filters: Filters,
    /// Only in this status.
    pub status: String,
    /// Only where the name holds this.
    pub name: String,
    /// Only those that cite this, as citations are looked for.
    pub cites: String,
}

/// What of a document is to change. None stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The name to show.
    pub filename: Option<String>,
    /// What it is.
    pub category: Option<String>,
    /// Whose law it is about.
    pub jurisdiction: Option<String>,
    /// The field of law.
    pub practice_area: Option<String>,
    /// Words to find it by; none keeps those that it has.
    pub keywords: Vec<String>,
}

impl Change {
    /// The fields of a lawyer's that the owner says something of.
    fn said(&self) -> Vec<&'static str> {
        let fields = [
            ("document_category", self.category.is_some()),
            ("jurisdiction", self.jurisdiction.is_some()),
            ("practice_area", self.practice_area.is_some()),
            ("keywords", !self.keywords.is_empty()),
        ];
        fields.into_iter().filter(|(_, is_said)| *is_said).map(|(field, _)| field).collect()
    }
}

impl Store {
    /// Over a pool whose sessions work in this service's schema.
    pub fn new(pool: PgPool, queues: Queues) -> Self {
        let Queues { readings, deletions, embeddings, descriptions } = queues;
        Self { pool, queue: readings, deletions, embeddings, descriptions }
    }

    /// Whether the database answers.
    pub async fn is_reachable(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }

    /// Keeps a document and queues its reading. None when the owner has the same bytes already.
    pub async fn insert(
        &self,
        owner: UserId,
        new: &NewDocument,
        named: Option<&Named>,
    ) -> Result<Option<Document>, Error> {
        let mut transaction = self.pool.begin().await?;
        let document: Option<Document> = sqlx::query_as(concat!(
            "INSERT INTO document (document_id, user_id, filename, original_filename, file_type, file_size,
                 content_hash, storage_key, category, jurisdiction, practice_area, keywords, edited, due_at)
             VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                 -- Smaller files go first, but overtake by ten minutes at most: none waits for ever.
                 clock_timestamp() - interval '10 minutes' / (1 + $5 / 1048576.0))
             ON CONFLICT (user_id, content_hash) DO NOTHING
             RETURNING ",
            columns!()
        ))
        .bind(new.document_id)
        .bind(owner.0)
        .bind(&new.filename)
        .bind(new.file_type)
        .bind(new.file_size)
        .bind(&new.content_hash)
        .bind(&new.storage_key)
        .bind(&new.labels.category)
        .bind(&new.labels.jurisdiction)
        .bind(&new.labels.practice_area)
        .bind(&new.labels.keywords)
        .bind(new.labels.said())
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(document) = &document {
            let uploaded = DocumentUploaded {
                document_id: document.document_id.to_string(),
                filename: document.filename.clone(),
                file_size: i32::try_from(document.file_size).unwrap_or(i32::MAX),
            };
            let event = elenchus_outbox::event(owner, What::DocumentUploaded(uploaded));
            elenchus_outbox::record(&mut transaction, &event).await?;
            self.queue.wake(&mut transaction, document.document_id).await?;
            if let Some(named) = named {
                named.keep(&mut transaction, document.document_id).await?;
            }
        }
        transaction.commit().await?;
        Ok(document)
    }

    /// The owner's document with these bytes.
    pub async fn find_by_hash(&self, owner: UserId, hash: &str) -> Result<Option<Document>, Error> {
        let found = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM document WHERE user_id = $1 AND content_hash = $2"
        ))
        .bind(owner.0)
        .bind(hash)
        .fetch_optional(&self.pool)
        .await?;
        Ok(found)
    }

    /// Queues a failed document's reading once more. With a file, all is read anew, as the file that
    /// now came says; without, from where it failed. None when it has not failed.
    pub async fn restart(
        &self,
        owner: UserId,
        id: Uuid,
        anew: Option<&NewDocument>,
    ) -> Result<Option<Document>, Error> {
        let mut transaction = self.pool.begin().await?;
        let document: Option<Document> = sqlx::query_as(concat!(
            "UPDATE document
             SET status = 'pending', stage = '', progress = 0, error = '', error_code = '', attempt = 0,
                 due_at = clock_timestamp(), filename = coalesce($3, filename),
                 original_filename = coalesce($3, original_filename), file_type = coalesce($4, file_type),
                 storage_key = coalesce($5, storage_key), updated_at = clock_timestamp()
             WHERE document_id = $1 AND user_id = $2 AND status = 'failed'
             RETURNING ",
            columns!()
        ))
        .bind(id)
        .bind(owner.0)
        .bind(anew.map(|new| &new.filename))
        .bind(anew.map(|new| new.file_type))
        .bind(anew.map(|new| &new.storage_key))
        .fetch_optional(&mut *transaction)
        .await?;
        if document.is_some() {
            let statements: &[&str] = match anew {
                Some(_) => &[
                    "DELETE FROM page WHERE document_id = $1",
                    "DELETE FROM chunk WHERE document_id = $1",
                ],
                // What recognises words may have been installed since.
                None => &["UPDATE page SET source = 'scan'
                           WHERE document_id = $1 AND source = 'not_checkable'"],
            };
            for statement in statements {
                sqlx::query(*statement).bind(id).execute(&mut *transaction).await?;
            }
            self.queue.wake(&mut transaction, id).await?;
        }
        transaction.commit().await?;
        Ok(document)
    }

    /// One document of the owner.
    pub async fn find(&self, owner: UserId, id: Uuid) -> Result<Option<Document>, Error> {
        let found = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM document WHERE document_id = $1 AND user_id = $2"
        ))
        .bind(id)
        .bind(owner.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(found)
    }

    /// The owner's documents, newest first.
    pub async fn list(
        &self,
        owner: UserId,
        page: &Page<DocumentKey>,
        listing: &Listing,
    ) -> Result<Vec<Document>, Error> {
        let found = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM document
              WHERE user_id = $1
                AND ($2::timestamptz IS NULL OR (created_at, document_id) < ($2, $3))
                AND ($4 = '' OR category = $4) AND ($5 = '' OR jurisdiction = $5)
                AND ($6 = '' OR practice_area = $6) AND ($7 = '' OR status = $7)
                AND ($8 = '' OR strpos(lower(filename), lower($8)) > 0)
                AND ($9 = '' OR EXISTS (
                    SELECT FROM legal_citation cited
                    WHERE cited.document_id = document.document_id AND cited.normalized = $9))
              ORDER BY created_at DESC, document_id DESC
              LIMIT $10 OFFSET $11"
        ))
        .bind(owner.0)
        .bind(page.after.map(|(created_at, _)| created_at))
        .bind(page.after.map(|(_, id)| id))
        .bind(&listing.filters.category)
        .bind(&listing.filters.jurisdiction)
        .bind(&listing.filters.practice_area)
        .bind(&listing.status)
        .bind(&listing.name)
        .bind(&listing.cites)
        .bind(page.limit)
        .bind(page.skip)
        .fetch_all(&self.pool)
        .await?;
        Ok(found)
    }

    /// Changes what the owner says of a document.
    pub async fn update(
        &self,
        owner: UserId,
        id: Uuid,
        change: &Change,
    ) -> Result<Option<Document>, Error> {
        let keywords = (!change.keywords.is_empty()).then_some(&change.keywords);
        let changed = sqlx::query_as(concat!(
            "UPDATE document
             SET filename = coalesce($3, filename), category = coalesce($4, category),
                 jurisdiction = coalesce($5, jurisdiction), practice_area = coalesce($6, practice_area),
                 keywords = coalesce($7, keywords), updated_at = clock_timestamp(),
                 edited = ARRAY(SELECT DISTINCT field FROM unnest(edited || $8::text[]) AS field ORDER BY field)
             WHERE document_id = $1 AND user_id = $2
             RETURNING ",
            columns!()
        ))
        .bind(id)
        .bind(owner.0)
        .bind(&change.filename)
        .bind(&change.category)
        .bind(&change.jurisdiction)
        .bind(&change.practice_area)
        .bind(keywords)
        .bind(change.said())
        .fetch_optional(&self.pool)
        .await?;
        Ok(changed)
    }

    /// The passages of a document, in order. The page's key is a passage's place.
    pub async fn passages(&self, document: Uuid, page: &Page<i32>) -> Result<Vec<Passage>, Error> {
        let found = sqlx::query_as(
            "SELECT chunk_id, document_id, chunk_index, chunk.content, page, start_char, end_char, line, section,
                    heading, title, citations, warning <> '' AS is_recovered
             FROM chunk JOIN document USING (document_id)
             WHERE document_id = $1 AND chunk_index > $2
             ORDER BY chunk_index
             LIMIT $3 OFFSET $4",
        )
        .bind(document)
        .bind(page.after.unwrap_or(-1))
        .bind(page.limit)
        .bind(page.skip)
        .fetch_all(&self.pool)
        .await?;
        Ok(found)
    }
}
