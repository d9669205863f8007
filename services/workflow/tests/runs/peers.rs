//! The document and the conversation service, played: one contract that can be searched, and an
//! assistant that quotes the first sentence of each passage.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use elenchus_proto::google::api::HttpBody;
use elenchus_proto::pb::conversation::v1 as conversation;
use elenchus_proto::pb::conversation::v1::assistant_service_server::AssistantService;
use elenchus_proto::pb::document::v1 as pb;
use elenchus_proto::pb::document::v1::document_service_server::DocumentService;
use elenchus_rpc::{Caller, UserId};
use tokio::sync::Semaphore;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

/// A contract without a word on assignment.
pub(crate) const CONTRACT: [&str; 5] = [
    "Termination. Either party may terminate this agreement on thirty days' written notice. Notice is by post.",
    "Liability. The supplier's aggregate liability shall not exceed 50,000 euros in any year.",
    "Payment. Invoices are due within 30 days. Late sums bear interest from 1 March.",
    "Confidentiality. The parties keep the terms secret for two years after the contract's expiry.",
    "Governing law. The laws of Ireland govern this agreement and its courts decide.",
];
pub(crate) const FILENAME: &str = "supply agreement.pdf";

/// The text that offsets count in.
pub(crate) fn text() -> String {
    CONTRACT.join("\n")
}

/// A call as a peer saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) user_id: UserId,
    pub(crate) key: String,
}

impl Seen {
    fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let key = request.metadata().get("idempotency-key").and_then(|key| key.to_str().ok());
        let key = key.ok_or_else(|| Status::internal("no idempotency key"))?.to_owned();
        Ok(Self { user_id: Caller::of(request)?.user_id, key })
    }
}

/// The state of a document, by its id.
type Library = HashMap<String, &'static str>;

#[derive(Default)]
pub(crate) struct Documents {
    pub(crate) is_down: AtomicBool,
    pub(crate) seen: Mutex<Vec<Seen>>,
    library: Mutex<Library>,
}

impl Documents {
    pub(crate) fn put(&self, id: &str, processing_status: &'static str) {
        self.library.lock().unwrap().insert(id.to_owned(), processing_status);
    }

    fn note<T>(&self, request: &Request<T>) -> Result<(), Status> {
        self.seen.lock().unwrap().push(Seen::of(request)?);
        if self.is_down.load(Ordering::SeqCst) {
            return Err(Status::unavailable("down"));
        }
        Ok(())
    }

    fn status_of(&self, id: &str) -> Result<&'static str, Status> {
        let status = self.library.lock().unwrap().get(id).copied();
        status.ok_or_else(|| Status::not_found("document not found"))
    }
}

fn result(document_id: &str, number: usize) -> pb::SearchResult {
    let start: usize = CONTRACT[..number].iter().map(|part| part.chars().count() + 1).sum();
    let chars = |n: usize| i32::try_from(n).unwrap();
    pb::SearchResult {
        document_id: document_id.to_owned(),
        chunk_id: format!("chunk-{number}"),
        filename: FILENAME.to_owned(),
        content: CONTRACT[number].to_owned(),
        page: Some(chars(number + 1)),
        start_char: chars(start),
        end_char: chars(start + CONTRACT[number].chars().count()),
        score: 1.0,
        relevance: 1.0,
        is_recovered: false,
    }
}

#[tonic::async_trait]
impl DocumentService for Documents {
    type DownloadDocumentStream = ReceiverStream<Result<HttpBody, Status>>;
    type DrawPageStream = ReceiverStream<Result<HttpBody, Status>>;
    type WatchDocumentStream = ReceiverStream<Result<pb::WatchDocumentResponse, Status>>;

    async fn get_document(
        &self,
        request: Request<pb::GetDocumentRequest>,
    ) -> Result<Response<pb::GetDocumentResponse>, Status> {
        self.note(&request)?;
        let id = request.into_inner().document_id;
        let document = pb::Document {
            processing_status: self.status_of(&id)?.to_owned(),
            processing_error: "it is encrypted".to_owned(),
            filename: FILENAME.to_owned(),
            file_type: "pdf".to_owned(),
            page_count: 5,
            id,
            ..pb::Document::default()
        };
        Ok(Response::new(pb::GetDocumentResponse { document: Some(document) }))
    }

    /// Whoever watches a document sees its reading end.
    async fn watch_document(
        &self,
        request: Request<pb::WatchDocumentRequest>,
    ) -> Result<Response<Self::WatchDocumentStream>, Status> {
        self.note(&request)?;
        self.put(&request.into_inner().document_id, "completed");
        let (_, stream) = tokio::sync::mpsc::channel(1);
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn search_documents(
        &self,
        request: Request<pb::SearchDocumentsRequest>,
    ) -> Result<Response<pb::SearchDocumentsResponse>, Status> {
        self.note(&request)?;
        let asked = request.into_inner();
        let [id] = asked.document_ids.as_slice() else {
            return Err(Status::invalid_argument("one document is expected"));
        };
        let results = (0..CONTRACT.len()).map(|number| result(id, number)).collect();
        Ok(Response::new(pb::SearchDocumentsResponse { results, ..Default::default() }))
    }

    async fn upload_document(
        &self,
        _: Request<Streaming<pb::UploadDocumentRequest>>,
    ) -> Result<Response<pb::UploadDocumentResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn list_documents(
        &self,
        _: Request<pb::ListDocumentsRequest>,
    ) -> Result<Response<pb::ListDocumentsResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn update_document(
        &self,
        _: Request<pb::UpdateDocumentRequest>,
    ) -> Result<Response<pb::UpdateDocumentResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn delete_document(
        &self,
        _: Request<pb::DeleteDocumentRequest>,
    ) -> Result<Response<pb::DeleteDocumentResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn download_document(
        &self,
        _: Request<pb::DownloadDocumentRequest>,
    ) -> Result<Response<Self::DownloadDocumentStream>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn list_chunks(
        &self,
        _: Request<pb::ListChunksRequest>,
    ) -> Result<Response<pb::ListChunksResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn draw_page(
        &self,
        _: Request<pb::DrawPageRequest>,
    ) -> Result<Response<Self::DrawPageStream>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn locate_text(
        &self,
        _: Request<pb::LocateTextRequest>,
    ) -> Result<Response<pb::LocateTextResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn list_pages(
        &self,
        _: Request<pb::ListPagesRequest>,
    ) -> Result<Response<pb::ListPagesResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn list_citations(
        &self,
        _: Request<pb::ListCitationsRequest>,
    ) -> Result<Response<pb::ListCitationsResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn retry_document(
        &self,
        _: Request<pb::RetryDocumentRequest>,
    ) -> Result<Response<pb::RetryDocumentResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }
}

/// Answers as often as it is let.
pub(crate) struct Assistant {
    /// How many more answers it gives before it keeps its callers waiting.
    pub(crate) permits: Semaphore,
    /// Calls that wait.
    pub(crate) in_flight: Arc<AtomicUsize>,
    /// Calls that were answered.
    pub(crate) answered: Mutex<Vec<Seen>>,
}

impl Assistant {
    pub(crate) fn that_answers(times: usize) -> Self {
        Self {
            permits: Semaphore::new(times),
            in_flight: Arc::default(),
            answered: Mutex::default(),
        }
    }
}

/// Notices when its caller has left.
struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tonic::async_trait]
impl AssistantService for Assistant {
    async fn answer(
        &self,
        request: Request<conversation::AnswerRequest>,
    ) -> Result<Response<conversation::AnswerResponse>, Status> {
        let seen = Seen::of(&request)?;
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let _in_flight = InFlight(Arc::clone(&self.in_flight));
        self.permits.acquire().await.unwrap().forget();
        self.answered.lock().unwrap().push(seen);

        let passages = request.into_inner().passages;
        let citations = passages.into_iter().map(cite).collect();
        let usage = conversation::Usage {
            prompt_tokens: 10,
            completion_tokens: 5,
            total_tokens: 15,
            cost_microusd: 3,
            ..conversation::Usage::default()
        };
        Ok(Response::new(conversation::AnswerResponse {
            text: "It is so [1].".to_owned(),
            model: "scripted".to_owned(),
            usage: Some(usage),
            citations,
            ..conversation::AnswerResponse::default()
        }))
    }

    async fn describe_document(
        &self,
        _: Request<conversation::DescribeDocumentRequest>,
    ) -> Result<Response<conversation::DescribeDocumentResponse>, Status> {
        Err(Status::unimplemented("not played"))
    }

    type AnalyzeDocumentStream =
        ReceiverStream<Result<conversation::AnalyzeDocumentResponse, Status>>;
    type GenerateBriefStream = ReceiverStream<Result<conversation::GenerateBriefResponse, Status>>;

    async fn analyze_document(
        &self,
        _: Request<conversation::AnalyzeDocumentRequest>,
    ) -> Result<Response<Self::AnalyzeDocumentStream>, Status> {
        Err(Status::unimplemented("not played"))
    }

    async fn generate_brief(
        &self,
        _: Request<conversation::GenerateBriefRequest>,
    ) -> Result<Response<Self::GenerateBriefStream>, Status> {
        Err(Status::unimplemented("not played"))
    }
}

fn cite(passage: conversation::Passage) -> conversation::Citation {
    let quote = passage.content.split_inclusive('.').nth(1).unwrap().trim().to_owned();
    let before = passage.content.find(&quote).unwrap();
    let start =
        passage.start_char + i32::try_from(passage.content[..before].chars().count()).unwrap();
    conversation::Citation {
        marker: "[1]".to_owned(),
        end_char: start + i32::try_from(quote.chars().count()).unwrap(),
        quote,
        document_id: passage.document_id,
        chunk_id: passage.chunk_id,
        filename: passage.filename,
        page: passage.page,
        start_char: start,
        kind: "quote".to_owned(),
        status: "verbatim".to_owned(),
        ..conversation::Citation::default()
    }
}
