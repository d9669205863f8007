//! The passages that a question is answered from: of the texts sent with it, and of the user's
//! documents through the document service.

use std::time::Duration;

use elenchus_proto::pb::document::v1 as pb;
use elenchus_proto::pb::document::v1::document_service_client::DocumentServiceClient;
use elenchus_rpc::caller::{Grant, on_behalf_of};
use elenchus_rpc::page::NEXT_PAGE_TOKEN;
use elenchus_rpc::{Caller, Transport};
use futures_util::future::join_all;
use tokio::time::timeout;
use tonic::{Code, Status};
use uuid::Uuid;

use super::source;
use crate::domain::{Error, Passage, Question};
use crate::generation::Failure;

const MOST_PASSAGES: usize = 8;
const BUDGET: Duration = Duration::from_secs(15);
/// What reading whole documents, after an answer, may take.
const WHOLE_BUDGET: Duration = Duration::from_secs(10);
/// Chunks that are asked for at once, and the most that a document may have to be read whole.
const CHUNKS_AT_ONCE: i32 = 200;
const MOST_CHUNKS: usize = 4_000;
/// The longest query that the document service takes.
const MAX_QUERY_CHARS: usize = 4_000;

/// Finds passages.
#[derive(Clone)]
pub(crate) struct Retriever {
    documents: DocumentServiceClient<Transport>,
}

impl Retriever {
    pub(crate) fn new(documents: Transport) -> Self {
        Self { documents: DocumentServiceClient::new(documents) }
    }

    /// The best first. Documents that were named are searched, or else those attached; the whole
    /// library only where the question brings no text of its own.
    pub(super) async fn passages(
        &self,
        caller: &Caller,
        question: &Question,
        attached: &[Uuid],
    ) -> Result<Vec<Passage>, Failure> {
        let mut passages =
            source::passages(&question.sources, question.content.as_str(), MOST_PASSAGES);
        let named =
            if question.document_ids.is_empty() { attached } else { &question.document_ids };
        if !named.is_empty() || question.sources.is_empty() {
            passages.extend(self.search(caller, question.content.as_str(), named).await?);
        }
        Ok(passages)
    }

    /// All that the sources of an answer hold, the documents as their chunks. Each document by itself: one
    /// that cannot be had takes nothing from the others.
    pub(super) async fn documents(
        &self,
        leave: Option<&Grant>,
        passages: &[Passage],
    ) -> Vec<(Uuid, Option<Vec<pb::Chunk>>)> {
        let mut ids: Vec<Uuid> =
            passages.iter().filter_map(|passage| passage.document_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let whole = ids.into_iter().map(async |id| {
            let chunks = match leave {
                Some(leave) => timeout(WHOLE_BUDGET, self.whole(leave, id)).await.ok().flatten(),
                None => None,
            };
            if chunks.is_none() {
                tracing::warn!("a document could not be had whole");
            }
            (id, chunks)
        });
        join_all(whole).await
    }

    async fn whole(&self, leave: &Grant, id: Uuid) -> Option<Vec<pb::Chunk>> {
        let mut chunks = Vec::new();
        while chunks.len() < MOST_CHUNKS {
            let request = pb::ListChunksRequest {
                document_id: id.to_string(),
                skip: i32::try_from(chunks.len()).ok()?,
                limit: Some(CHUNKS_AT_ONCE),
                page_token: String::new(),
            };
            let request = on_behalf_of(leave, WHOLE_BUDGET, request);
            let page = self.documents.clone().list_chunks(request).await.ok()?.into_inner().chunks;
            let is_last = page.len() < usize::try_from(CHUNKS_AT_ONCE).ok()?;
            chunks.extend(page);
            if is_last {
                return Some(chunks);
            }
        }
        None
    }

    /// Refuses a document that is not the caller's.
    pub(crate) async fn look_up(&self, caller: &Caller, id: Uuid) -> Result<(), Error> {
        let request = pb::GetDocumentRequest { document_id: id.to_string() };
        let found = self.documents.clone().get_document(caller.request(request)).await;
        match found {
            Err(status) if status.code() == Code::NotFound => Err(Error::DocumentNotFound),
            // What else is wrong is told once it is read.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// A document's name and all of its chunks, however many.
    pub(crate) async fn document(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<(String, Vec<pb::Chunk>), Failure> {
        let request = pb::GetDocumentRequest { document_id: id.to_string() };
        let request = caller.request_within(BUDGET, request);
        let found = self.documents.clone().get_document(request).await.map_err(failure)?;
        let document = found.into_inner().document.unwrap_or_default();
        if document.processing_status != "completed" {
            return Err(Failure::UNREAD);
        }
        let (mut chunks, mut next) = (Vec::new(), Some(String::new()));
        while let Some(page_token) = next {
            let request = pb::ListChunksRequest {
                document_id: id.to_string(),
                limit: Some(CHUNKS_AT_ONCE),
                page_token,
                ..pb::ListChunksRequest::default()
            };
            let request = caller.request_within(BUDGET, request);
            let page = self.documents.clone().list_chunks(request).await.map_err(failure)?;
            let token = page.metadata().get(NEXT_PAGE_TOKEN);
            next = token.and_then(|token| token.to_str().ok()).map(str::to_owned);
            chunks.extend(page.into_inner().chunks);
        }
        Ok((document.filename, chunks))
    }

    async fn search(
        &self,
        caller: &Caller,
        query: &str,
        named: &[Uuid],
    ) -> Result<Vec<Passage>, Failure> {
        let request = pb::SearchDocumentsRequest {
            query: query.chars().take(MAX_QUERY_CHARS).collect(),
            limit: i32::try_from(MOST_PASSAGES).ok(),
            document_ids: named.iter().map(Uuid::to_string).collect(),
            filters: None,
            method: String::new(),
        };
        let found =
            self.documents.clone().search_documents(caller.request_within(BUDGET, request)).await;
        let found = found.map_err(failure)?;
        Ok(found.into_inner().results.into_iter().map(passage).collect())
    }
}

fn failure(status: Status) -> Failure {
    if status.code() == Code::NotFound {
        return Failure::DOCUMENT;
    }
    if status.code() == Code::PermissionDenied {
        return Failure::SCOPE;
    }
    tracing::warn!(code = ?status.code(), "the documents could not be searched");
    Failure::DOCUMENTS
}

fn passage(result: pb::SearchResult) -> Passage {
    Passage {
        document_id: result.document_id.parse().ok(),
        chunk_id: result.chunk_id.parse().ok(),
        filename: result.filename,
        content: result.content,
        page: result.page,
        start_char: result.start_char,
        end_char: result.end_char,
        score: result.score,
        is_recovered: result.is_recovered,
    }
}
