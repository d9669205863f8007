//! The service on a database and a folder, as often as a test starts it.

use std::sync::Arc;
use std::time::Duration;

use elenchus_document::store::MIGRATOR;
use elenchus_document::{Peers, Settings, SweepPace};
use elenchus_durable::Terms;
use elenchus_proto::pb::document::v1 as pb;
use elenchus_proto::pb::document::v1::document_service_client::DocumentServiceClient;
use elenchus_proto::pb::document::v1::upload_document_request::Part;
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::token::Keys;
use elenchus_rpc::transport::{Identity, Late};
use elenchus_rpc::{Shutdown, Transport, UserId};
use elenchus_settings::Env;
use elenchus_testkit::caller::{self, AllAlive, request_of};
use elenchus_testkit::postgres::{TestDatabase, database};
use futures_util::stream;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep};
use tonic::{Request, Status};
use uuid::Uuid;

use crate::conversations::Conversations;

const BUDGET: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(120);

/// What outlives a process of the service.
pub(crate) struct Ground {
    pub(crate) database: TestDatabase,
    pub(crate) folder: TempDir,
    pub(crate) user: UserId,
    pub(crate) conversations: Conversations,
    /// How often a reading is tried.
    pub(crate) attempts: i32,
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
        let keys = caller::keys();
        let folder = TempDir::new().unwrap();
        let user = UserId(Uuid::now_v7());
        Self {
            database,
            folder,
            user,
            conversations: Conversations::default(),
            attempts: 100,
            keys,
        }
    }

    /// Starts a process that has the programs of this machine.
    pub(crate) async fn node(&self) -> Node {
        self.node_with(&[]).await
    }

    /// Starts a process with other settings.
    pub(crate) async fn node_with(&self, pairs: &[(&str, &str)]) -> Node {
        self.start(pairs, SweepPace::default()).await
    }

    /// Starts a process that looks for bytes without a document at this pace.
    pub(crate) async fn node_that_sweeps(&self, pace: SweepPace) -> Node {
        self.start(&[], pace).await
    }

    /// How many files are kept, wherever.
    pub(crate) fn stored(&self) -> usize {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            // A folder goes with its last file, also while we look.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() { folders.push(path) } else { files += 1 }
            }
        }
        files
    }

    async fn start(&self, pairs: &[(&str, &str)], sweep: SweepPace) -> Node {
        let path = Env::of_process().unwrap().text("PATH").unwrap_or_default().to_owned();
        let own = [
            ("ELENCHUS_EXTRACTOR", env!("CARGO_BIN_EXE_elenchus-document")),
            ("UPLOAD_DIR", self.folder.path().to_str().unwrap()),
            ("PATH", path.as_str()),
        ];
        let env = Env::of_pairs(own.iter().chain(pairs).copied());
        let mut settings = Settings::from_env(&env).unwrap();
        settings.sweep = sweep;
        // Words alone, unless a test says otherwise.
        if env.text("EMBEDDING_MODEL_DIR").is_none() {
            settings.embedding.folder = None;
        }
        settings.terms = Terms {
            lease: Duration::from_secs(2),
            heartbeat: Duration::from_millis(500),
            poll: Duration::from_millis(200),
            attempts: self.attempts,
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
        let (database, conversations) = (self.database.settings(), self.conversations.transport());
        let build = async move {
            let pool =
                elenchus_postgres::Database::open(&database, elenchus_document::NAME, &MIGRATOR)
                    .await
                    .unwrap();
            // Never bound: events stay in the outbox.
            let peers = Peers { analytics: Late::default().transport(), conversations };
            elenchus_document::build(settings, pool, peers, guard, &Shutdown::new()).await.unwrap()
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
        request_of(&self.keys, self.user, BUDGET, message)
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

    pub(crate) async fn find(&self, id: &str) -> Result<pb::Document, Status> {
        let message = pb::GetDocumentRequest { document_id: id.to_owned() };
        let answer = self.client().get_document(self.of_user(message)).await?;
        Ok(answer.into_inner().document.unwrap())
    }

    pub(crate) async fn get(&self, id: &str) -> pb::Document {
        self.find(id).await.unwrap()
    }

    pub(crate) async fn list(&self) -> Vec<pb::Document> {
        let message = pb::ListDocumentsRequest::default();
        self.client().list_documents(self.of_user(message)).await.unwrap().into_inner().documents
    }

    pub(crate) async fn delete(&self, id: &str) -> Result<(), Status> {
        let message = pb::DeleteDocumentRequest { document_id: id.to_owned() };
        self.client().delete_document(self.of_user(message)).await.map(|_| ())
    }

    /// The bytes of a file, or of a range of it.
    pub(crate) async fn download(&self, id: &str, range: Option<&str>) -> Result<Vec<u8>, Status> {
        let message = pb::DownloadDocumentRequest { document_id: id.to_owned() };
        let mut request = self.of_user(message);
        if let Some(range) = range {
            request.metadata_mut().insert("range", range.parse().unwrap());
        }
        let mut parts = self.client().download_document(request).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(part) = parts.message().await? {
            bytes.extend(part.data);
        }
        Ok(bytes)
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

    /// What is told of a document's processing until it has ended.
    pub(crate) async fn watch(&self, id: &str) -> Vec<pb::WatchDocumentResponse> {
        let message = pb::WatchDocumentRequest { document_id: id.to_owned() };
        let answer = self.client().watch_document(self.of_user(message)).await.unwrap();
        let mut stream = answer.into_inner();
        let mut events = Vec::new();
        while let Some(event) = stream.message().await.unwrap() {
            events.push(event);
        }
        events
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

/// Waits until something is so.
pub(crate) async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "it never happens that {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
