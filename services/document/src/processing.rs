//! The job of a document: read its text in the jail, recognise its scanned pages, cut it into passages,
//! embed them. Each step is kept as it is done: a job that is begun again goes on where it stopped.

use std::fs::File;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use elenchus_durable::{Failure as JobFailure, Handler, Lease};
use elenchus_embedding::Embedder;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::chunk::{Heading, chunks, sections, title};
use crate::domain::{Document, PageText, Passage};
use crate::embedding::{Stop, embed_next};
use crate::extract::{BlockKind, Extracted, Extractor, Failure, PAGE_BREAK, Source, has_words};
use crate::legal::{Cited, authorities, cited, detect};
use crate::recognize::Recognizer;
use crate::storage::{Files, NotCopied, local_copy};
use crate::store::{Says, Store, Vectors};

/// The table whose rows are the jobs, and the channel of their wakes.
pub(crate) const QUEUE_TABLE: &str = "document";
/// When to look again for files that cannot be reached.
const FILES_PAUSE: Duration = Duration::from_secs(5);
/// Percent done once the file was read, once its scans were recognised, and once all was embedded.
const READ: f32 = 10.0;
const RECOGNIZED: f32 = 60.0;
const EMBEDDED: f32 = 100.0;

/// Reads documents.
pub(crate) struct Processing {
    pub(crate) store: Store,
    pub(crate) files: Files,
    pub(crate) extractor: Extractor,
    pub(crate) recognizer: Option<Recognizer>,
    pub(crate) embedder: Option<Embedder>,
    /// Whether a model is asked about documents once they were read.
    pub(crate) is_described: bool,
}

/// Why a job ends here.
enum End {
    /// The file is to blame.
    File(Failure),
    /// This try is.
    Try(JobFailure),
    /// The bytes cannot be had right now.
    Files(object_store::Error),
}

impl<E: Into<JobFailure>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Try(error.into())
    }
}

#[async_trait]
impl Handler for Processing {
    async fn run(&self, lease: &Lease) -> Result<(), JobFailure> {
        let Some(document) = self.store.of_job(lease).await? else { return Err(JobFailure::Lost) };
        let began = Instant::now();
        match self.process(lease, &document).await {
            Ok(vectors) => {
                let took = began.elapsed();
                Ok(self.store.complete(lease, &document, vectors, self.is_described, took).await?)
            }
            Err(End::File(failure)) => {
                Ok(self.store.fail(lease, &document, &failure, began.elapsed()).await?)
            }
            Err(End::Try(failure)) => Err(failure),
            Err(End::Files(object_store::Error::NotFound { .. })) => {
                let lost = Failure::lost();
                Ok(self.store.fail(lease, &document, &lost, began.elapsed()).await?)
            }
            Err(End::Files(error)) => {
                tracing::warn!(%error, "a document waits for the files to be reached again");
                Ok(lease.postpone(FILES_PAUSE).await?)
            }
        }
    }

    async fn give_up(&self, lease: &Lease) -> Result<(), JobFailure> {
        let Some(document) = self.store.of_job(lease).await? else { return Err(JobFailure::Lost) };
        Ok(self.store.fail(lease, &document, &Failure::crashed(), Duration::ZERO).await?)
    }
}

impl Processing {
    async fn process(&self, lease: &Lease, document: &Document) -> Result<Vectors<'_>, End> {
        let id = document.document_id;
        let mut pages = self.store.pages(id).await?;
        if pages.is_empty() {
            self.store.advance(lease, "extract", 0.0).await?;
            let read = self.extract(document).await?.map_err(End::File)?;
            self.store.keep_pages(lease, &read).await?;
            pages = self.store.pages(id).await?;
        }
        if pages.iter().any(|page| page.source == Source::Scan.as_str()) {
            self.recognize(lease, document, &pages).await?;
            pages = self.store.pages(id).await?;
        }
        if !pages.iter().any(|page| has_words(&page.content)) {
            let is_unread = |page: &PageText| page.source == Source::NotCheckable.as_str();
            return Err(End::File(match pages.iter().any(is_unread) {
                true => Failure::not_recognized(),
                false => Failure::no_text(),
            }));
        }
        if !self.store.is_cut(id).await? {
            self.store.advance(lease, "chunk", RECOGNIZED).await?;
            let (text, headings) = (text(&pages), headings(&pages));
            let count = self.store.page_count(id).await?;
            // A long text takes seconds, which calls must not wait for.
            let cut = spawn_blocking(move || {
                let says = Says { detected: detect(&text), citations: cited(&text) };
                let passages = passages(id, &text, &headings, count, &says.citations);
                (text.chars().count(), passages, says)
            });
            let (length, passages, says) = cut.await.map_err(passing)?;
            self.store.keep_passages(lease, length, &passages, &says).await?;
        }
        Ok(self.embed(lease, id).await?)
    }

    async fn extract(&self, document: &Document) -> Result<Result<Extracted, Failure>, End> {
        // Whole before it is read: the reader's time is not spent waiting for a store.
        let file = self.local_copy(document).await?;
        Ok(self.extractor.extract(file, &document.extension()).await.map_err(passing)?)
    }

    /// Recognises the scanned pages one by one, and says how far that is.
    async fn recognize(
        &self,
        lease: &Lease,
        document: &Document,
        pages: &[PageText],
    ) -> Result<(), End> {
        let Some(recognizer) = &self.recognizer else {
            return Ok(self.store.leave_scans(lease).await?);
        };
        let pdf = self.local_copy(document).await?;
        let total = pages.len();
        let scans = pages.iter().filter(|page| page.source == Source::Scan.as_str());
        for page in scans {
            let number = page.page_number;
            let done = READ + (RECOGNIZED - READ) * (number - 1) as f32 / total as f32;
            let stage = format!("recognize page {number} of {total}");
            self.store.advance(lease, &stage, done).await?;
            let found = recognizer.recognize(&pdf, number).await.map_err(passing)?;
            self.store.keep_recognized(lease, number, &found).await?;
        }
        Ok(())
    }

    async fn local_copy(&self, document: &Document) -> Result<File, End> {
        let copy = local_copy(&*self.files, &document.storage_key).await;
        copy.map_err(|error| match error {
            NotCopied::Files(error) => End::Files(error),
            NotCopied::Local(error) => End::Try(passing(error)),
        })
    }

    /// Gives the passages that have none a vector of the model in use. Where its provider cannot, that is
    /// done later, and the document is found by its words until then.
    async fn embed(&self, lease: &Lease, document: Uuid) -> Result<Vectors<'_>, JobFailure> {
        let Some(embedder) = &self.embedder else { return Ok(Vectors::Unwanted) };
        let mut total = None;
        loop {
            let share = total.map_or(0.0, |(total, left)| 1.0 - left as f32 / total as f32);
            let done = RECOGNIZED + (EMBEDDED - RECOGNIZED) * share;
            self.store.advance(lease, "embed", done).await?;
            match embed_next(&self.store, embedder, lease, document).await {
                Ok(0) => return Ok(Vectors::Of(embedder.model())),
                Ok(left) => total = Some((total.map_or(left, |(total, _)| total), left)),
                Err(Stop::Try(failure)) => return Err(failure),
                Err(Stop::Provider(error)) => {
                    tracing::warn!(%error, "a document has no vectors yet, and is found by words alone");
                    return Ok(Vectors::Later(embedder.model()));
                }
            }
        }
    }
}

fn text(pages: &[PageText]) -> String {
    let pages: Vec<&str> = pages.iter().map(|page| page.content.as_str()).collect();
    pages.join(&PAGE_BREAK.to_string())
}

/// The headings that the file names, at their places in the whole text.
fn headings(pages: &[PageText]) -> Vec<Heading> {
    let number = |number: i32| usize::try_from(number).unwrap_or_default();
    let of_page = |page: &PageText| {
        let start = number(page.start_char);
        let named = page.blocks.iter().filter(|block| block.kind == BlockKind::Heading);
        let headings = named.map(move |block| Heading {
            start_char: start + number(block.start),
            level: block.level.unsigned_abs(),
        });
        headings.collect::<Vec<_>>()
    };
    pages.iter().flat_map(of_page).collect()
}

/// The passages of a text whose first pages are those of the file.
fn passages(
    document_id: Uuid,
    text: &str,
    headings: &[Heading],
    pages: i32,
    cited: &[Cited],
) -> Vec<Passage> {
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let title = title(text);
    chunks(text, headings)
        .into_iter()
        .enumerate()
        .map(|(index, chunk)| {
            let (start_char, end_char) = (number(chunk.start_char), number(chunk.end_char));
            let within =
                cited.iter().filter(|one| start_char <= one.start_char && one.end_char <= end_char);
            Passage {
                chunk_id: Uuid::now_v7(),
                document_id,
                chunk_index: number(index),
                content: chunk.content.to_owned(),
                page: i32::try_from(chunk.page).ok().filter(|page| *page <= pages),
                start_char,
                end_char,
                line: i32::try_from(chunk.line).unwrap_or(i32::MAX),
                section: chunk.section.iter().map(|name| (*name).to_owned()).collect(),
                heading: chunk.section.last().copied().unwrap_or_default().to_owned(),
                title: title.clone(),
                citations: [sections(chunk.content), authorities(within)].concat(),
                // The document says it.
                is_recovered: false,
            }
        })
        .collect()
}

fn passing(error: impl std::error::Error + Send + Sync + 'static) -> JobFailure {
    JobFailure::Passing(error.into())
}
