//! The service on a database and a folder, as often as a test starts it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use elenchus_document::Settings;
use elenchus_document::store::MIGRATOR;
use elenchus_durable::Terms;
use elenchus_proto::pb::document::v1 as pb;
use elenchus_proto::pb::document::v1::document_service_client::DocumentServiceClient;
use elenchus_proto::pb::document::v1::upload_document_request::Part;
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::session::{Authority, Credential, Sessions};
use elenchus_rpc::token::Keys;
use elenchus_rpc::transport::{Identity, Late};
use elenchus_rpc::{Shutdown, Transport, UserId};
use elenchus_settings::Env;
use elenchus_testkit::postgres::{TestDatabase, database};
use futures_util::stream;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep};
use tonic::{Request, Status};
use uuid::Uuid;

const BUDGET: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(120);

/// Nobody signs out here, and sessions are named after their users.
struct AllAlive;

#[async_trait]
impl Sessions for AllAlive {
    async fn authority(&self, credential: Credential) -> Result<Option<Authority>, Status> {
        let Credential::Session(session) = credential else { return Ok(None) };
        Ok(Some(Authority::of_user(UserId(session))))
    }
}

/// What outlives a process of the service.
pub(crate) struct Ground {
    pub(crate) database: TestDatabase,
    pub(crate) folder: TempDir,
    pub(crate) user: UserId,
    keys: Keys,
}

/// One process of the service, on a runtime of its own that can be killed.
pub(crate) struct Node {
    runtime: Option<Runtime>,
    transport: Transport,
    keys: Keys,
    pub(crate) user: UserId,
}

impl Ground {
    pub(crate) async fn new() -> Self {
        let (database, _) = database(elenchus_document::NAME, &MIGRATOR).await;
        let keys =
            Keys::from_secret(&SecretString::from("9f86d081884c7d659a2feaa0c55ad015")).unwrap();
        let folder = TempDir::new().unwrap();
        Self { database, folder, user: UserId(Uuid::now_v7()), keys }
    }

    /// Starts a process that has the programs of this machine.
    pub(crate) async fn node(&self) -> Node {
        self.node_with_path(Env::of_process().unwrap().text("PATH").unwrap_or_default()).await
    }

    /// Starts a process that looks for programs there.
    pub(crate) async fn node_with_path(&self, path: &str) -> Node {
        let env = Env::of_pairs([
            ("ELENCHUS_EXTRACTOR", env!("CARGO_BIN_EXE_elenchus-document")),
            ("UPLOAD_DIR", self.folder.path().to_str().unwrap()),
            ("PATH", path),
        ]);
        let mut settings = Settings::from_env(&env).unwrap();
        // Words alone: what the model adds is not promised here.
        settings.embedding.folder = None;
        settings.terms = Terms {
            lease: Duration::from_secs(2),
            heartbeat: Duration::from_millis(500),
            poll: Duration::from_millis(200),
            attempts: 100,
            ..Terms::default()
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let guard = Guard {
            service: elenchus_document::NAME,
            keys: self.keys.clone(),
            sessions: Arc::new(AllAlive),
        };
        let database = self.database.settings();
        let build = async move {
            let pool =
                elenchus_postgres::Database::open(&database, elenchus_document::NAME, &MIGRATOR)
                    .await
                    .unwrap();
            // Never bound: events stay in the outbox.
            let analytics = Late::default().transport();
            elenchus_document::build(settings, pool, analytics, guard, &Shutdown::new())
                .await
                .unwrap()
        };
        let server = runtime.spawn(build).await.unwrap();
        let transport = Identity::new("gateway", self.keys.clone())
            .to(elenchus_document::NAME, server.transport());
        Node { runtime: Some(runtime), transport, keys: self.keys.clone(), user: self.user }
    }
}

impl Node {
    pub(crate) fn client(&self) -> DocumentServiceClient<Transport> {
        DocumentServiceClient::new(self.transport.clone())
    }

    /// A request of the test's user.
    pub(crate) fn of_user<T>(&self, message: T) -> Request<T> {
        let token = self.keys.issue_access(self.user.0, self.user.0, BUDGET).unwrap();
        let mut request = Request::new(message);
        request.set_timeout(BUDGET);
        let credential = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", credential);
        request
    }

    /// Uploads a file as the test's user.
    pub(crate) async fn upload(&self, name: &str, bytes: &[u8]) -> Result<pb::Document, Status> {
        let metadata = pb::UploadMetadata { filename: name.to_owned(), ..Default::default() };
        let data = bytes.chunks(64 << 10).map(|data| Part::Data(data.to_vec()));
        let parts: Vec<_> = [Part::Metadata(metadata)]
            .into_iter()
            .chain(data)
            .map(|part| pb::UploadDocumentRequest { part: Some(part) })
            .collect();
        let answer = self.client().upload_document(self.of_user(stream::iter(parts))).await?;
        Ok(answer.into_inner().document.unwrap())
    }

    pub(crate) async fn get(&self, id: &str) -> pb::Document {
        let message = pb::GetDocumentRequest { document_id: id.to_owned() };
        let answer = self.client().get_document(self.of_user(message)).await.unwrap();
        answer.into_inner().document.unwrap()
    }

    /// The document once its processing has ended.
    pub(crate) async fn settled(&self, id: &str) -> pb::Document {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let document = self.get(id).await;
            if matches!(document.processing_status.as_str(), "completed" | "failed") {
                return document;
            }
            assert!(Instant::now() < deadline, "the document stays {document:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Uploads a file and waits until it was read.
    pub(crate) async fn read(&self, name: &str, bytes: &[u8]) -> pb::Document {
        let document = self.upload(name, bytes).await.unwrap();
        self.settled(&document.id).await
    }

    pub(crate) async fn pages(&self, id: &str) -> Vec<pb::Page> {
        let message = pb::ListPagesRequest { document_id: id.to_owned(), ..Default::default() };
        self.client().list_pages(self.of_user(message)).await.unwrap().into_inner().pages
    }

    pub(crate) async fn chunks(&self, id: &str) -> Vec<pb::Chunk> {
        let message = pb::ListChunksRequest {
            document_id: id.to_owned(),
            limit: Some(200),
            ..Default::default()
        };
        self.client().list_chunks(self.of_user(message)).await.unwrap().into_inner().chunks
    }

    pub(crate) async fn retry(&self, id: &str) -> Result<pb::Document, Status> {
        let message = pb::RetryDocumentRequest { document_id: id.to_owned() };
        let answer = self.client().retry_document(self.of_user(message)).await?;
        Ok(answer.into_inner().document.unwrap())
    }

    /// Ends the process as kill -9 would: nothing is handed back or said.
    pub(crate) fn crash(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
