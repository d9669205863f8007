//! The job of a document: read its text in the jail, cut it into passages, embed them, keep them.
//! Doing it again after a crash gives the same.

use std::time::Instant;

use async_trait::async_trait;
use elenchus_durable::{Failure as JobFailure, Handler, Lease};
use elenchus_embedding::Embedder;
use futures_util::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use tokio_util::io::StreamReader;
use uuid::Uuid;

use crate::chunk::chunks;
use crate::domain::{Document, Passage};
use crate::extract::{Extractor, Failure};
use crate::store::{Reading, Store, Written};

/// The table whose rows are the jobs, and the channel of their wakes.
pub(crate) const QUEUE_TABLE: &str = "document";
/// Passages that are embedded at once, between two signs of progress.
const BATCH: usize = 32;
/// Percent done once the text was read; the rest is embedding.
const READ: f32 = 40.0;

/// Reads documents.
pub(crate) struct Processing {
    pub(crate) store: Store,
    pub(crate) files: std::sync::Arc<LocalFileSystem>,
    pub(crate) extractor: Extractor,
    pub(crate) embedder: Option<Embedder>,
}

#[async_trait]
impl Handler for Processing {
    async fn run(&self, lease: &Lease) -> Result<(), JobFailure> {
        let Some(document) = self.store.of_job(lease).await? else { return Err(JobFailure::Lost) };
        let began = Instant::now();
        self.store.advance(lease, "extract", 0.0).await?;
        let reading = match self.read(&document).await? {
            Ok(reading) => reading,
            Err(failure) => {
                return Ok(self.store.fail(lease, &document, &failure, began.elapsed()).await?);
            }
        };
        let passages = self.embed(lease, passages(document.document_id, &reading)).await?;
        self.store.complete(lease, &document, &reading, &passages, began.elapsed()).await?;
        Ok(())
    }

    async fn give_up(&self, lease: &Lease) -> Result<(), JobFailure> {
        let Some(document) = self.store.of_job(lease).await? else { return Err(JobFailure::Lost) };
        Ok(self
            .store
            .fail(lease, &document, &Failure::crashed(), std::time::Duration::ZERO)
            .await?)
    }
}

impl Processing {
    async fn read(&self, document: &Document) -> Result<Result<Reading, Failure>, JobFailure> {
        let bytes =
            self.files.get(&Path::from(document.storage_key.as_str())).await.map_err(passing)?;
        let file = StreamReader::new(bytes.into_stream().map_err(std::io::Error::other));
        let extracted =
            self.extractor.extract(file, &document.extension()).await.map_err(passing)?;
        Ok(extracted.map(|extracted| Reading {
            file_type: extracted.file_type.as_str(),
            reader: extracted.reader,
            page_count: extracted.page_count,
            text: extracted.text,
        }))
    }

    async fn embed(
        &self,
        lease: &Lease,
        passages: Vec<Passage>,
    ) -> Result<Vec<Written>, JobFailure> {
        let Some(embedder) = &self.embedder else {
            return Ok(passages
                .into_iter()
                .map(|passage| Written { passage, embedding: None })
                .collect());
        };
        let total = passages.len().max(1) as f32;
        let mut written = Vec::with_capacity(passages.len());
        for batch in passages.chunks(BATCH) {
            let done = READ + (100.0 - READ) * written.len() as f32 / total;
            self.store.advance(lease, "embed", done).await?;
            let texts = batch.iter().map(|passage| passage.content.clone()).collect();
            let vectors = embedder.embed_passages(texts).await.map_err(passing)?;
            written.extend(batch.iter().zip(vectors).map(|(passage, vector)| Written {
                passage: passage.clone(),
                embedding: Some(vector),
            }));
        }
        Ok(written)
    }
}

fn passages(document_id: Uuid, reading: &Reading) -> Vec<Passage> {
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    chunks(&reading.text)
        .into_iter()
        .enumerate()
        .map(|(index, chunk)| Passage {
            chunk_id: Uuid::now_v7(),
            document_id,
            chunk_index: number(index),
            content: chunk.content.to_owned(),
            page: reading.page_count.and_then(|_| i32::try_from(chunk.page).ok()),
            start_char: number(chunk.start_char),
            end_char: number(chunk.end_char),
            heading: chunk.heading.unwrap_or_default().to_owned(),
        })
        .collect()
}

fn passing(error: impl std::error::Error + Send + Sync + 'static) -> JobFailure {
    JobFailure::Passing(error.into())
}
