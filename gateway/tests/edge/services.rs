//! Services of ours with real server code, that record what they get.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use elenchus_proto::google::api::HttpBody;
use elenchus_proto::pb::auth::v1 as auth;
use elenchus_proto::pb::auth::v1::auth_service_server::{AuthService, AuthServiceServer};
use elenchus_proto::pb::conversation::v1 as chat;
use elenchus_proto::pb::conversation::v1::conversation_service_server::{
    ConversationService, ConversationServiceServer,
};
use elenchus_proto::pb::document::v1 as document;
use elenchus_proto::pb::document::v1::document_service_server::{
    DocumentService, DocumentServiceServer,
};
use elenchus_proto::pb::document::v1::upload_document_request::Part;
use elenchus_rpc::Shutdown;
use elenchus_rpc::status::{invalid, not_found, with_reason};
use elenchus_rpc::transport::{local, remote};
use futures_util::FutureExt;
use http::HeaderMap;
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt};
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt};

use elenchus_gateway::Peers;
use elenchus_proto::DESCRIPTORS;

use crate::support::{Edge, everywhere, fields, nobody, problem, settings};

type Events<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Our services in this process, and what they got.
#[derive(Clone, Default)]
pub(crate) struct Fakes {
    pub(crate) metadata: Arc<Mutex<Vec<HeaderMap>>>,
    pub(crate) logins: Arc<Mutex<Vec<auth::LoginRequest>>>,
    pub(crate) uploads: Arc<Mutex<Vec<(document::UploadMetadata, usize)>>>,
    /// Bytes of the upload under way.
    pub(crate) received: Arc<AtomicUsize>,
    /// Streams that have been dropped by their reader.
    pub(crate) abandoned: Arc<AtomicUsize>,
}

impl Fakes {
    fn routes(&self) -> Routes {
        let (reporter, health) = tonic_health::server::health_reporter();
        let name = "elenchus.document.v1.DocumentService";
        let serving = reporter.set_service_status(name, tonic_health::ServingStatus::Serving);
        serving.now_or_never().expect("nobody else holds the lock");
        let mut routes = Routes::new(ConversationServiceServer::new(self.clone()));
        routes = routes.add_service(DocumentServiceServer::new(self.clone()));
        routes = routes.add_service(AuthServiceServer::new(self.clone()));
        routes.add_service(health).prepare()
    }

    /// A gateway whose services are reached over the network.
    pub(crate) async fn far_edge(&self) -> Edge {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let shutdown = Shutdown::new();
        let server = tonic::transport::Server::builder().add_routes(self.routes());
        shutdown.spawn(
            server.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))),
        );
        let transport = remote(&address, &shutdown).unwrap();
        let edge = Edge::of_mesh(settings(), everywhere(&transport)).await;
        while edge.get("/api/v1/conversations").send().await.unwrap().status() == 503 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        edge
    }

    pub(crate) async fn edge(&self) -> Edge {
        Edge::of_mesh(settings(), self.peers()).await
    }

    pub(crate) fn peers(&self) -> Peers {
        let transport = local(self.routes());
        ["auth", "conversation", "document"].into_iter().fold(
            everywhere(&nobody()),
            |peers, name| {
                peers.with_package(&DESCRIPTORS, &format!("elenchus.{name}.v1"), &transport)
            },
        )
    }

    fn note<T>(&self, request: &Request<T>) {
        self.metadata.lock().unwrap().push(request.metadata().clone().into_headers());
    }
}

fn nothing<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not in this test"))
}

#[tonic::async_trait]
impl ConversationService for Fakes {
    async fn create_conversation(
        &self,
        request: Request<chat::CreateConversationRequest>,
    ) -> Result<Response<chat::CreateConversationResponse>, Status> {
        self.note(&request);
        let request = request.into_inner();
        if request.title.is_empty() {
            return Err(invalid("title", "must have 1 to 200 characters"));
        }
        let conversation = chat::Conversation {
            title: request.title,
            metadata: request.metadata,
            ..Default::default()
        };
        Ok(Response::new(chat::CreateConversationResponse { conversation: Some(conversation) }))
    }

    async fn list_conversations(
        &self,
        request: Request<chat::ListConversationsRequest>,
    ) -> Result<Response<chat::ListConversationsResponse>, Status> {
        self.note(&request);
        let mut response = Response::new(chat::ListConversationsResponse::default());
        response.metadata_mut().insert("x-next-page-token", "next".parse().unwrap());
        response.metadata_mut().insert("x-internal", "hidden".parse().unwrap());
        Ok(response)
    }

    /// The id says how to fail.
    async fn get_conversation(
        &self,
        request: Request<chat::GetConversationRequest>,
    ) -> Result<Response<chat::GetConversationResponse>, Status> {
        Err(match request.get_ref().conversation_id.as_str() {
            "absent" => not_found("conversation"),
            "panic" => panic!("the handler panicked"),
            "slow" => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                Status::ok("")
            }
            "busy" => {
                let mut details = ErrorDetails::with_error_info("OVERLOADED", "elenchus", []);
                details.set_retry_info(Some(Duration::from_millis(6500)));
                Status::with_error_details(Code::Unavailable, "the service is overloaded", details)
            }
            "limited" => {
                let mut status = Status::resource_exhausted("too many questions");
                status.metadata_mut().insert("retry-after", "9".parse().unwrap());
                status
            }
            code => match code.parse::<i32>() {
                Ok(code) => Status::new(Code::from(code), "SELECT secret FROM table"),
                Err(_) => with_reason(
                    Code::InvalidArgument,
                    "EMAIL_ALREADY_REGISTERED",
                    "already registered",
                ),
            },
        })
    }

    async fn update_conversation(
        &self,
        _: Request<chat::UpdateConversationRequest>,
    ) -> Result<Response<chat::UpdateConversationResponse>, Status> {
        nothing()
    }

    async fn delete_conversation(
        &self,
        _: Request<chat::DeleteConversationRequest>,
    ) -> Result<Response<chat::DeleteConversationResponse>, Status> {
        nothing()
    }

    async fn list_messages(
        &self,
        _: Request<chat::ListMessagesRequest>,
    ) -> Result<Response<chat::ListMessagesResponse>, Status> {
        nothing()
    }

    async fn attach_document(
        &self,
        _: Request<chat::AttachDocumentRequest>,
    ) -> Result<Response<chat::AttachDocumentResponse>, Status> {
        nothing()
    }

    async fn detach_document(
        &self,
        _: Request<chat::DetachDocumentRequest>,
    ) -> Result<Response<chat::DetachDocumentResponse>, Status> {
        nothing()
    }

    async fn forget_document(
        &self,
        _: Request<chat::ForgetDocumentRequest>,
    ) -> Result<Response<chat::ForgetDocumentResponse>, Status> {
        nothing()
    }

    async fn chat(
        &self,
        _: Request<chat::ChatRequest>,
    ) -> Result<Response<chat::ChatResponse>, Status> {
        nothing()
    }

    type StreamChatStream = Events<chat::StreamChatResponse>;

    /// The question says what happens.
    async fn stream_chat(
        &self,
        request: Request<chat::StreamChatRequest>,
    ) -> Result<Response<Self::StreamChatStream>, Status> {
        let question = request.into_inner().content;
        let delta = |seq: i32, text: &str| {
            let payload = chat::chat_event::Payload::Delta(chat::Delta { text: text.to_owned() });
            let event = chat::ChatEvent {
                seq,
                r#type: "delta".to_owned(),
                payload: Some(payload),
                generation_id: "generation".to_owned(),
            };
            Ok(chat::StreamChatResponse { event: Some(event) })
        };
        let events: Self::StreamChatStream = match question.as_str() {
            "refuse" => return Err(not_found("conversation")),
            "refuse late" => Box::pin(tokio_stream::once(Err(not_found("conversation")))),
            "break" => {
                let broken = Err(Status::unavailable("connection to 10.0.0.7 lost"));
                Box::pin(tokio_stream::iter([delta(1, "one"), broken]))
            }
            "for ever" => {
                let guard = Abandoned(Arc::clone(&self.abandoned));
                let ticks = tokio_stream::iter(1..).throttle(Duration::from_millis(20));
                Box::pin(ticks.map(move |seq| {
                    let _guard = &guard;
                    delta(seq, "tick")
                }))
            }
            "silence" => Box::pin(tokio_stream::pending()),
            _ => Box::pin(tokio_stream::iter([delta(1, "line\nbreak"), delta(2, "two")])),
        };
        Ok(Response::new(events))
    }

    type WatchGenerationStream = Events<chat::WatchGenerationResponse>;

    async fn watch_generation(
        &self,
        _: Request<chat::WatchGenerationRequest>,
    ) -> Result<Response<Self::WatchGenerationStream>, Status> {
        nothing()
    }

    async fn stop_generation(
        &self,
        _: Request<chat::StopGenerationRequest>,
    ) -> Result<Response<chat::StopGenerationResponse>, Status> {
        nothing()
    }

    type WatchConversationStream = Events<chat::WatchConversationResponse>;

    async fn watch_conversation(
        &self,
        _: Request<chat::WatchConversationRequest>,
    ) -> Result<Response<Self::WatchConversationStream>, Status> {
        nothing()
    }
}

struct Abandoned(Arc<AtomicUsize>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tonic::async_trait]
impl DocumentService for Fakes {
    async fn upload_document(
        &self,
        request: Request<Streaming<document::UploadDocumentRequest>>,
    ) -> Result<Response<document::UploadDocumentResponse>, Status> {
        self.note(&request);
        let mut parts = request.into_inner();
        let mut metadata = None;
        let mut size = 0;
        while let Some(message) = parts.message().await? {
            match message.part {
                Some(Part::Metadata(given)) if given.filename == "refused.exe" => {
                    let refusal = "only documents can be uploaded";
                    return Err(with_reason(
                        Code::InvalidArgument,
                        "UNSUPPORTED_FILE_TYPE",
                        refusal,
                    ));
                }
                Some(Part::Metadata(given)) => metadata = Some(given),
                Some(Part::Data(bytes)) => {
                    assert!(bytes.len() <= 1 << 20);
                    size += bytes.len();
                    self.received.store(size, Ordering::SeqCst);
                    if size > 3 << 20 {
                        let refusal = "the file is larger than 3 MiB";
                        return Err(with_reason(
                            Code::ResourceExhausted,
                            "FILE_TOO_LARGE",
                            refusal,
                        ));
                    }
                }
                None => {}
            }
        }
        let metadata = metadata.ok_or_else(|| Status::internal("no metadata"))?;
        self.uploads.lock().unwrap().push((metadata.clone(), size));
        let document = document::Document {
            filename: metadata.filename,
            file_size: size as i32,
            ..Default::default()
        };
        Ok(Response::new(document::UploadDocumentResponse { document: Some(document) }))
    }

    async fn list_documents(
        &self,
        _: Request<document::ListDocumentsRequest>,
    ) -> Result<Response<document::ListDocumentsResponse>, Status> {
        nothing()
    }

    async fn get_document(
        &self,
        _: Request<document::GetDocumentRequest>,
    ) -> Result<Response<document::GetDocumentResponse>, Status> {
        nothing()
    }

    async fn update_document(
        &self,
        _: Request<document::UpdateDocumentRequest>,
    ) -> Result<Response<document::UpdateDocumentResponse>, Status> {
        nothing()
    }

    async fn delete_document(
        &self,
        _: Request<document::DeleteDocumentRequest>,
    ) -> Result<Response<document::DeleteDocumentResponse>, Status> {
        nothing()
    }

    type DownloadDocumentStream = Events<HttpBody>;

    async fn download_document(
        &self,
        request: Request<document::DownloadDocumentRequest>,
    ) -> Result<Response<Self::DownloadDocumentStream>, Status> {
        let part = |data: &[u8]| {
            Ok(HttpBody {
                content_type: "text/html".to_owned(),
                data: data.to_vec(),
                ..Default::default()
            })
        };
        let parts = [part(b"<b>"), part(b"bold"), part(b"</b>")];
        let asked = request.metadata().get("range").map(|range| range.to_str().unwrap().to_owned());
        let (range, shown) = match asked.as_deref() {
            None => (None, 0..3),
            Some("bytes=3-6") => (Some("bytes 3-6/11"), 1..2),
            Some(_) => {
                let reason = "RANGE_NOT_SATISFIABLE";
                let mut status = with_reason(Code::OutOfRange, reason, "beyond the end");
                status.metadata_mut().insert("content-range", "bytes */11".parse().unwrap());
                return Err(status);
            }
        };
        let length = if range.is_some() { "4" } else { "11" };
        let parts: Vec<_> = parts.into_iter().skip(shown.start).take(shown.len()).collect();
        let body: Self::DownloadDocumentStream = Box::pin(tokio_stream::iter(parts));
        let mut response = Response::new(body);
        let metadata = response.metadata_mut();
        metadata.insert("accept-ranges", "bytes".parse().unwrap());
        metadata.insert("etag", "\"v1\"".parse().unwrap());
        metadata.insert("x-content-length", length.parse().unwrap());
        if let Some(range) = range {
            metadata.insert("content-range", range.parse().unwrap());
        }
        Ok(response)
    }

    async fn list_chunks(
        &self,
        _: Request<document::ListChunksRequest>,
    ) -> Result<Response<document::ListChunksResponse>, Status> {
        nothing()
    }

    type DrawPageStream = Events<HttpBody>;

    /// A picture that nobody draws for whoever has it.
    async fn draw_page(
        &self,
        request: Request<document::DrawPageRequest>,
    ) -> Result<Response<Self::DrawPageStream>, Status> {
        let asked = request.get_ref();
        let tag = format!("\"{}-{}\"", asked.page, asked.width.unwrap_or_default());
        let is_known = request.metadata().get("if-none-match").is_some_and(|known| *known == *tag);
        let data = if is_known { b"" } else { &b"picture"[..] }.to_vec();
        let content_type = "image/png".to_owned();
        let body: Self::DrawPageStream = Box::pin(tokio_stream::iter([Ok(HttpBody {
            content_type,
            data,
            ..Default::default()
        })]));
        let mut response = Response::new(body);
        response.metadata_mut().insert("etag", tag.parse().unwrap());
        response.metadata_mut().insert("cache-control", "private, no-cache".parse().unwrap());
        Ok(response)
    }

    async fn locate_text(
        &self,
        _: Request<document::LocateTextRequest>,
    ) -> Result<Response<document::LocateTextResponse>, Status> {
        nothing()
    }

    async fn list_pages(
        &self,
        _: Request<document::ListPagesRequest>,
    ) -> Result<Response<document::ListPagesResponse>, Status> {
        nothing()
    }

    async fn list_citations(
        &self,
        _: Request<document::ListCitationsRequest>,
    ) -> Result<Response<document::ListCitationsResponse>, Status> {
        nothing()
    }

    async fn retry_document(
        &self,
        _: Request<document::RetryDocumentRequest>,
    ) -> Result<Response<document::RetryDocumentResponse>, Status> {
        nothing()
    }

    type WatchDocumentStream = Events<document::WatchDocumentResponse>;

    async fn watch_document(
        &self,
        _: Request<document::WatchDocumentRequest>,
    ) -> Result<Response<Self::WatchDocumentStream>, Status> {
        nothing()
    }

    async fn search_documents(
        &self,
        _: Request<document::SearchDocumentsRequest>,
    ) -> Result<Response<document::SearchDocumentsResponse>, Status> {
        nothing()
    }
}

#[tonic::async_trait]
impl AuthService for Fakes {
    async fn register(
        &self,
        _: Request<auth::RegisterRequest>,
    ) -> Result<Response<auth::RegisterResponse>, Status> {
        nothing()
    }

    async fn login(
        &self,
        request: Request<auth::LoginRequest>,
    ) -> Result<Response<auth::LoginResponse>, Status> {
        self.logins.lock().unwrap().push(request.into_inner());
        Ok(Response::new(auth::LoginResponse {
            token_type: "bearer".to_owned(),
            refresh_token: "first".to_owned(),
            ..Default::default()
        }))
    }

    async fn refresh(
        &self,
        request: Request<auth::RefreshRequest>,
    ) -> Result<Response<auth::RefreshResponse>, Status> {
        let refresh_token = format!("after-{}", request.get_ref().refresh_token);
        Ok(Response::new(auth::RefreshResponse { refresh_token, ..Default::default() }))
    }

    async fn logout(
        &self,
        _: Request<auth::LogoutRequest>,
    ) -> Result<Response<auth::LogoutResponse>, Status> {
        Ok(Response::new(auth::LogoutResponse::default()))
    }

    async fn get_me(
        &self,
        request: Request<auth::GetMeRequest>,
    ) -> Result<Response<auth::GetMeResponse>, Status> {
        self.note(&request);
        Err(with_reason(Code::Unauthenticated, "TOKEN_INVALID", "the access token is not valid"))
    }

    async fn get_key_set(
        &self,
        _: Request<auth::GetKeySetRequest>,
    ) -> Result<Response<auth::GetKeySetResponse>, Status> {
        Ok(Response::new(auth::GetKeySetResponse::default()))
    }

    async fn check_session(
        &self,
        _: Request<auth::CheckSessionRequest>,
    ) -> Result<Response<auth::CheckSessionResponse>, Status> {
        Ok(Response::new(auth::CheckSessionResponse::default()))
    }
}

#[tokio::test]
async fn a_status_becomes_the_right_problem() {
    let edge = Fakes::default().edge().await;
    for (id, status, detail, retry_after) in [
        ("absent", 404, "conversation not found", None),
        ("taken", 400, "already registered", None),
        ("busy", 503, "the service is overloaded", Some("7")),
        ("limited", 429, "too many questions", Some("9")),
        ("panic", 500, "something went wrong on our side", None),
        ("1", 499, "the request was cancelled", None),
        ("2", 500, "something went wrong on our side", None),
        ("3", 400, "SELECT secret FROM table", None),
        ("4", 504, "the answer took too long; try again", None),
        ("6", 409, "SELECT secret FROM table", None),
        ("7", 403, "SELECT secret FROM table", None),
        ("8", 429, "SELECT secret FROM table", Some("1")),
        ("9", 400, "SELECT secret FROM table", None),
        ("12", 501, "this is not offered here", None),
        ("13", 500, "something went wrong on our side", None),
        ("14", 503, "a service is not available at the moment; try again", Some("1")),
        ("15", 500, "something went wrong on our side", None),
    ] {
        let response = edge.get(&format!("/api/v1/chat/conversations/{id}")).send().await.unwrap();
        let told =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let (got, problem) = problem(response).await;
        assert_eq!(
            (got, problem["detail"].as_str().unwrap(), told.as_deref()),
            (status, detail, retry_after),
            "{id}"
        );
    }
    let (_, problem) = problem(edge.get("/api/v1/conversations/taken").send().await.unwrap()).await;
    assert_eq!(problem["reason"], "EMAIL_ALREADY_REGISTERED");
}

#[tokio::test]
async fn field_violations_of_a_service_are_422_with_their_fields() {
    let edge = Fakes::default().edge().await;
    let (status, problem) =
        problem(edge.post("/api/v1/conversations", "{}").send().await.unwrap()).await;
    assert_eq!((status, fields(&problem)), (422, vec!["title"]));
    assert_eq!(problem["errors"][0]["message"], "must have 1 to 200 characters");
}

#[tokio::test]
async fn a_refused_token_is_401_with_a_challenge() {
    let response = Fakes::default().edge().await.get("/api/v1/auth/me").send().await.unwrap();
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(problem(response).await.0, 401);
}

#[tokio::test]
async fn a_service_that_takes_too_long_is_cut_off() {
    let fakes = Fakes::default();
    let mut settings = settings();
    settings.limits.request = Duration::from_millis(200);
    let edge = Edge::of_mesh(settings, fakes.peers()).await;
    let began = std::time::Instant::now();
    let response = edge.get("/api/v1/conversations/slow").send().await.unwrap();
    assert_eq!(problem(response).await.0, 504);
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn metadata_is_passed_on_and_cannot_be_forged() {
    let fakes = Fakes::default();
    let edge = fakes.edge().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let response = edge
        .get("/api/v1/conversations")
        .header("authorization", "Bearer token")
        .header("x-request-id", "mine-1")
        .header("traceparent", trace)
        .header("idempotency-key", "key")
        .header("x-elenchus-service", "forged")
        .header("x-user-id", "forged")
        .header("grpc-metadata-authorization", "forged")
        .header("x-forwarded-for", "8.8.8.8")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["x-request-id"], "mine-1");
    assert_eq!(response.headers()["traceparent"], trace);
    assert_eq!(response.headers()["x-next-page-token"], "next");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(!response.headers().contains_key("x-internal"));
    assert_eq!(response.text().await.unwrap(), "[]");

    let metadata = fakes.metadata.lock().unwrap()[0].clone();
    for (name, value) in [
        ("authorization", "Bearer token"),
        ("x-request-id", "mine-1"),
        ("traceparent", trace),
        ("idempotency-key", "key"),
        ("x-forwarded-for", "127.0.0.1"),
        ("grpc-timeout", "30000m"),
    ] {
        assert_eq!(metadata[name], value, "{name}");
    }
    assert!(metadata.values().all(|value| value != "forged"));

    let made =
        edge.get("/api/v1/conversations").header("x-request-id", "a b").send().await.unwrap();
    assert_eq!(made.headers()["x-request-id"].len(), 36);
}
