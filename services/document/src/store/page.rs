//! The pages of a document's text.

use std::ops::Range;

use elenchus_durable::{Error as Lost, Lease};
use elenchus_rpc::page::Page as Slice;
use sqlx::types::Json;
use uuid::Uuid;

use super::Store;
use crate::domain::{Error, PageText};
use crate::extract::{Block, Extracted, Page, Source};
use crate::recognize::Recognized;

macro_rules! columns {
    () => {
        "SELECT page_number, content, source, width, height, words, blocks,
                (sum(char_length(content) + 1) OVER (ORDER BY page_number) - char_length(content) - 1)::integer
                    AS start_char
         FROM page WHERE document_id = $1"
    };
}

impl Store {
    /// All pages of a document, in order.
    pub async fn pages(&self, document: Uuid) -> Result<Vec<PageText>, sqlx::Error> {
        sqlx::query_as(concat!(columns!(), " ORDER BY page_number"))
            .bind(document)
            .fetch_all(&self.pool)
            .await
    }

    /// How many pages the file has; none where its format has none.
    pub async fn page_count(&self, document: Uuid) -> Result<i32, sqlx::Error> {
        sqlx::query_scalar("SELECT page_count FROM document WHERE document_id = $1")
            .bind(document)
            .fetch_one(&self.pool)
            .await
    }

    /// Some pages of a document. The slice's key is a page's number.
    pub async fn list_pages(
        &self,
        document: Uuid,
        slice: &Slice<i32>,
    ) -> Result<Vec<PageText>, Error> {
        // The offsets count over all pages, so the slice is cut from the outside.
        let found = sqlx::query_as(concat!(
            "SELECT * FROM (",
            columns!(),
            ") page WHERE page_number > $2 ORDER BY page_number LIMIT $3 OFFSET $4"
        ))
        .bind(document)
        .bind(slice.after.unwrap_or(0))
        .bind(slice.limit)
        .bind(slice.skip)
        .fetch_all(&self.pool)
        .await?;
        Ok(found)
    }

    /// The pages that a part of a document's text stands on.
    pub(crate) async fn pages_of(
        &self,
        document: Uuid,
        part: &Range<i32>,
    ) -> Result<Vec<PageText>, sqlx::Error> {
        sqlx::query_as(concat!(
            "SELECT * FROM (",
            columns!(),
            ") page WHERE start_char < $3 AND $2 < start_char + char_length(content) ORDER BY page_number"
        ))
        .bind(document)
        .bind(part.start)
        .bind(part.end)
        .fetch_all(&self.pool)
        .await
    }

    /// Keeps what was read from a file.
    pub async fn keep_pages(&self, lease: &Lease, read: &Extracted) -> Result<(), Lost> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        let texts: Vec<&str> = read.pages.iter().map(|page| page.text.as_str()).collect();
        let sources: Vec<&str> = read.pages.iter().map(|page| page.source.as_str()).collect();
        let blocks: Vec<Json<&[Block]>> =
            read.pages.iter().map(|page| Json(page.blocks.as_slice())).collect();
        sqlx::query(
            "INSERT INTO page (document_id, page_number, content, source, blocks)
             SELECT $1, number, content, source, blocks
             FROM unnest($2::text[], $3::text[], $4::jsonb[])
                 WITH ORDINALITY AS read (content, source, blocks, number)",
        )
        .bind(lease.key())
        .bind(texts)
        .bind(sources)
        .bind(blocks)
        .execute(&mut *transaction)
        .await?;
        let is_page = |page: &&Page| read.is_paged && page.source != Source::Form;
        let pages = read.pages.iter().filter(is_page).count();
        sqlx::query(
            "UPDATE document SET file_type = $2, reader = $3, page_count = $4, warning = $5,
                 updated_at = clock_timestamp()
             WHERE document_id = $1",
        )
        .bind(lease.key())
        .bind(read.file_type.as_str())
        .bind(&read.reader)
        .bind(i32::try_from(pages).unwrap_or(i32::MAX))
        .bind(&read.warning)
        .execute(&mut *transaction)
        .await?;
        lease.progress(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Keeps what was recognised on a scanned page.
    pub async fn keep_recognized(
        &self,
        lease: &Lease,
        page: i32,
        found: &Recognized,
    ) -> Result<(), Lost> {
        let words: Vec<i32> = found
            .words
            .iter()
            .flat_map(|word| {
                let [left, top, right, bottom] = word.at;
                [word.start, word.end, left, top, right, bottom, word.confidence]
            })
            .collect();
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        sqlx::query(
            // A picture without words leaves the words that stand on it.
            "UPDATE page SET width = $5, height = $6, words = $7,
                 content = CASE WHEN $3 = '' THEN content ELSE $3 END,
                 source = CASE WHEN $3 = '' AND content <> '' THEN $8 ELSE $4 END
             WHERE document_id = $1 AND page_number = $2",
        )
        .bind(lease.key())
        .bind(page)
        .bind(&found.text)
        .bind(Source::Ocr.as_str())
        .bind(found.width)
        .bind(found.height)
        .bind(words)
        .bind(Source::Text.as_str())
        .execute(&mut *transaction)
        .await?;
        lease.progress(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Says of the scanned pages that nothing can recognise them.
    pub async fn leave_scans(&self, lease: &Lease) -> Result<(), Lost> {
        let mut transaction = self.pool.begin().await?;
        lease.hold(&mut transaction).await?;
        sqlx::query("UPDATE page SET source = $2 WHERE document_id = $1 AND source = $3")
            .bind(lease.key())
            .bind(Source::NotCheckable.as_str())
            .bind(Source::Scan.as_str())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }
}
