//! Requests in, answers out.

mod content;
mod convert;
mod image;
mod stream;

use std::ops::RangeInclusive;

use elenchus_durable::Notices;
use elenchus_proto::google::api::HttpBody;
use elenchus_proto::pb::document::v1 as pb;
use elenchus_proto::pb::document::v1::document_service_server::DocumentService;
use elenchus_rpc::idempotency::Keyed;
use elenchus_rpc::page::{Page, respond};
use elenchus_rpc::status::{from_error, invalid};
use elenchus_rpc::{Caller, UserId};
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use self::stream::Answers;
use crate::domain::{Document, Error, Labels, check_text};
use crate::legal::normalized;
use crate::search::{Method, Search};
use crate::storage::Files;
use crate::store::{Change, Filters, Listing, Scope, Store};
use crate::upload::Uploads;
use crate::viewer::Viewer;

const DEFAULT_PAGE: i32 = 50;
const DEFAULT_RESULTS: i32 = 10;
const MAX_RESULTS: i32 = 50;
const MAX_QUERY_CHARS: usize = 4_000;
const MAX_CITATION_CHARS: usize = 200;
/// Pixels. Wider shows no more of a page that was scanned.
const WIDTHS: RangeInclusive<i32> = 50..=2400;
const DEFAULT_WIDTH: i32 = 1200;
const MAX_LOCATED_CHARS: i32 = 50_000;
const STATUSES: [&str; 4] = ["pending", "processing", "completed", "failed"];

/// The service behind the protos.
pub(crate) struct DocumentRpc {
    pub(crate) store: Store,
    pub(crate) files: Files,
    pub(crate) uploads: Uploads,
    pub(crate) search: Search,
    pub(crate) viewer: Viewer,
    pub(crate) notices: Notices,
}

impl DocumentRpc {
    async fn document(&self, owner: UserId, raw: &str) -> Result<Document, Status> {
        // Ids are opaque to clients: one that cannot be read names nothing.
        let id = raw.parse().map_err(|_| from_error(Error::NotFound))?;
        let found = self.store.find(owner, id).await.map_err(from_error)?;
        found.ok_or_else(|| from_error(Error::NotFound))
    }
}

#[tonic::async_trait]
impl DocumentService for DocumentRpc {
    async fn upload_document(
        &self,
        request: Request<Streaming<pb::UploadDocumentRequest>>,
    ) -> Result<Response<pb::UploadDocumentResponse>, Status> {
        let (owner, keyed) = (Caller::of(&request)?.user_id, Keyed::of(&request));
        let document = self.uploads.take(owner, keyed, request.into_inner()).await?;
        Ok(Response::new(pb::UploadDocumentResponse { document: Some(document.into()) }))
    }

    async fn list_documents(
        &self,
        request: Request<pb::ListDocumentsRequest>,
    ) -> Result<Response<pb::ListDocumentsResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let page = Page::parse(request.skip, request.limit, DEFAULT_PAGE, &request.page_token)?;
        if !request.status.is_empty() && !STATUSES.contains(&request.status.as_str()) {
            return Err(invalid("status", format!("must be one of {}", STATUSES.join(", "))));
        }
        check_text("q", &request.q, 0, usize::MAX).map_err(from_error)?;
        let filters = Filters {
            category: request.category,
            jurisdiction: request.jurisdiction,
            practice_area: request.practice_area,
        };
        let listing = Listing {
            filters: filters.check().map_err(from_error)?,
            status: request.status,
            name: request.q,
            cites: match request.cites.as_str() {
                "" => String::new(),
                cites => {
                    check_text("cites", cites, 1, MAX_CITATION_CHARS).map_err(from_error)?;
                    normalized(cites)
                }
            },
        };
        let found = self.store.list(owner, &page, &listing).await.map_err(from_error)?;
        let next = found
            .last()
            .filter(|_| page.is_full(found.len()))
            .map(|last| (last.created_at, last.document_id));
        let documents = found.into_iter().map(Into::into).collect();
        respond(pb::ListDocumentsResponse { documents }, next)
    }

    async fn get_document(
        &self,
        request: Request<pb::GetDocumentRequest>,
    ) -> Result<Response<pb::GetDocumentResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let document = self.document(owner, &request.get_ref().document_id).await?;
        Ok(Response::new(pb::GetDocumentResponse { document: Some(document.into()) }))
    }

    async fn update_document(
        &self,
        request: Request<pb::UpdateDocumentRequest>,
    ) -> Result<Response<pb::UpdateDocumentResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let document = self.document(owner, &request.document_id).await?;
        let change = change(request).map_err(from_error)?;
        let changed =
            self.store.update(owner, document.document_id, &change).await.map_err(from_error)?;
        let document = changed.ok_or_else(|| from_error(Error::NotFound))?;
        Ok(Response::new(pb::UpdateDocumentResponse { document: Some(document.into()) }))
    }

    async fn delete_document(
        &self,
        request: Request<pb::DeleteDocumentRequest>,
    ) -> Result<Response<pb::DeleteDocumentResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let document = self.document(owner, &request.get_ref().document_id).await?;
        if !self.store.delete(owner, document.document_id).await.map_err(from_error)? {
            return Err(from_error(Error::NotFound));
        }
        Ok(Response::new(pb::DeleteDocumentResponse { message: "Document deleted".to_owned() }))
    }

    type DownloadDocumentStream = Answers<HttpBody>;

    async fn download_document(
        &self,
        request: Request<pb::DownloadDocumentRequest>,
    ) -> Result<Response<Self::DownloadDocumentStream>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let document = self.document(owner, &request.get_ref().document_id).await?;
        content::content(&*self.files, &document, request.metadata()).await
    }

    async fn list_chunks(
        &self,
        request: Request<pb::ListChunksRequest>,
    ) -> Result<Response<pb::ListChunksResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let page = Page::parse(request.skip, request.limit, DEFAULT_PAGE, &request.page_token)?;
        let document = self.document(owner, &request.document_id).await?;
        let found = self.store.passages(document.document_id, &page).await.map_err(from_error)?;
        let next = found.last().filter(|_| page.is_full(found.len())).map(|last| last.chunk_index);
        let chunks = found.into_iter().map(Into::into).collect();
        respond(pb::ListChunksResponse { chunks }, next)
    }

    async fn list_pages(
        &self,
        request: Request<pb::ListPagesRequest>,
    ) -> Result<Response<pb::ListPagesResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let page = Page::parse(request.skip, request.limit, DEFAULT_PAGE, &request.page_token)?;
        let document = self.document(owner, &request.document_id).await?;
        let found = self.store.list_pages(document.document_id, &page).await.map_err(from_error)?;
        let next = found.last().filter(|_| page.is_full(found.len())).map(|last| last.page_number);
        let pages = found.into_iter().map(Into::into).collect();
        respond(pb::ListPagesResponse { pages }, next)
    }

    type DrawPageStream = Answers<HttpBody>;

    async fn draw_page(
        &self,
        request: Request<pb::DrawPageRequest>,
    ) -> Result<Response<Self::DrawPageStream>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let asked = request.get_ref();
        let width = asked.width.unwrap_or(DEFAULT_WIDTH);
        if !WIDTHS.contains(&width) {
            let (least, most) = (WIDTHS.start(), WIDTHS.end());
            return Err(invalid("width", format!("must be from {least} to {most}, not {width}")));
        }
        let document = self.document(owner, &asked.document_id).await?;
        image::image(&self.viewer, &document, asked.page, width, request.metadata()).await
    }

    async fn locate_text(
        &self,
        request: Request<pb::LocateTextRequest>,
    ) -> Result<Response<pb::LocateTextResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let document = self.document(owner, &request.document_id).await?;
        let part = request.start_char..request.end_char;
        if part.start < 0 {
            return Err(invalid("start_char", format!("must be 0 or more, not {}", part.start)));
        }
        if !(1..=MAX_LOCATED_CHARS).contains(&part.end.saturating_sub(part.start)) {
            let problem = format!("must be 1 to {MAX_LOCATED_CHARS} more than start_char");
            return Err(invalid("end_char", problem));
        }
        let areas = self.viewer.locate(&document, part).await.map_err(from_error)?;
        let boxes = areas.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::LocateTextResponse { boxes }))
    }

    async fn list_citations(
        &self,
        request: Request<pb::ListCitationsRequest>,
    ) -> Result<Response<pb::ListCitationsResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        let page = Page::parse(request.skip, request.limit, DEFAULT_PAGE, &request.page_token)?;
        let document = self.document(owner, &request.document_id).await?;
        let found = self.store.citations(document.document_id, &page).await.map_err(from_error)?;
        let last = found.last().filter(|_| page.is_full(found.len()));
        let next = last.map(|last| last.citation_index);
        let citations = found.into_iter().map(Into::into).collect();
        respond(pb::ListCitationsResponse { citations }, next)
    }

    async fn retry_document(
        &self,
        request: Request<pb::RetryDocumentRequest>,
    ) -> Result<Response<pb::RetryDocumentResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let document = self.document(owner, &request.get_ref().document_id).await?;
        let restarted = self.store.restart(owner, document.document_id, None).await;
        let document =
            restarted.map_err(from_error)?.ok_or_else(|| from_error(Error::NotFailed))?;
        Ok(Response::new(pb::RetryDocumentResponse { document: Some(document.into()) }))
    }

    type WatchDocumentStream = Answers<pb::WatchDocumentResponse>;

    async fn watch_document(
        &self,
        request: Request<pb::WatchDocumentRequest>,
    ) -> Result<Response<Self::WatchDocumentStream>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let document = self.document(owner, &request.get_ref().document_id).await?;
        Ok(Response::new(stream::progress(
            self.store.clone(),
            self.notices.clone(),
            owner,
            document,
        )))
    }

    async fn search_documents(
        &self,
        request: Request<pb::SearchDocumentsRequest>,
    ) -> Result<Response<pb::SearchDocumentsResponse>, Status> {
        let owner = Caller::of(&request)?.user_id;
        let request = request.into_inner();
        check_text("query", &request.query, 1, MAX_QUERY_CHARS).map_err(from_error)?;
        let limit = request.limit.unwrap_or(DEFAULT_RESULTS);
        if !(1..=MAX_RESULTS).contains(&limit) {
            return Err(invalid("limit", format!("must be from 1 to {MAX_RESULTS}, not {limit}")));
        }
        let documents: Result<Vec<Uuid>, _> =
            request.document_ids.iter().map(|id| id.parse()).collect();
        let filters = request.filters.unwrap_or_default();
        let filters = Filters {
            category: filters.category,
            jurisdiction: filters.jurisdiction,
            practice_area: filters.practice_area,
        };
        let scope = Scope {
            owner,
            documents: documents.map_err(|_| from_error(Error::NotFound))?,
            filters: filters.check().map_err(from_error)?,
        };
        let method = Method::parse(&request.method).map_err(from_error)?;
        let found = self.search.find(&scope, &request.query, method, limit as usize).await;
        Ok(Response::new(found.map_err(from_error)?.into()))
    }
}

fn change(request: pb::UpdateDocumentRequest) -> Result<Change, Error> {
    if let Some(filename) = &request.filename {
        check_text("filename", filename, 1, 255)?;
    }
    let labels = Labels {
        category: request.document_category.clone().unwrap_or_default(),
        jurisdiction: request.jurisdiction.clone().unwrap_or_default(),
        practice_area: request.practice_area.clone().unwrap_or_default(),
        keywords: request.keywords,
    };
    let labels = labels.check()?;
    Ok(Change {
        filename: request.filename,
        category: request.document_category,
        jurisdiction: request.jurisdiction,
        practice_area: request.practice_area,
        keywords: labels.keywords,
    })
}
