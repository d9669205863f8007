//! The services in this process, behind no gateway, and a user who is signed in.

use std::time::Duration;

use elenchus_postgres::cluster::Cluster;
use elenchus_process::{Process, Role, StartError};
use elenchus_proto::pb::auth::v1 as auth;
use elenchus_proto::pb::auth::v1::auth_service_client::AuthServiceClient;
use elenchus_proto::pb::document::v1 as pb;
use elenchus_proto::pb::document::v1::document_service_client::DocumentServiceClient;
use elenchus_proto::pb::document::v1::upload_document_request::Part;
use elenchus_rpc::{Shutdown, Transport};
use elenchus_settings::Env;
use futures_util::stream;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Request, Status};

use crate::{data_dir, serve};

const EMAIL: &str = "evaluation@example.com";
const PASSWORD: &str = "correct horse battery";
/// Bytes in one message of an upload.
const PART: usize = 512 << 10;
const PAGE: i32 = 200;
const GRACE: Duration = Duration::from_secs(10);

/// A running mesh.
pub(super) struct Mesh {
    documents: DocumentServiceClient<Transport>,
    authorization: MetadataValue<Ascii>,
    env: Env,
    cluster: Option<Cluster>,
    shutdown: Shutdown,
    /// The database and the files.
    _folder: TempDir,
}

impl Mesh {
    /// Starts everything and signs a user in.
    pub(super) async fn start() -> Result<Self, StartError> {
        let folder = TempDir::new()?;
        let env = Env::of_process()?
            .with("ELENCHUS_DATA_DIR", folder.path().to_string_lossy())
            .with("SECRET_KEY", data_dir::secret_key(folder.path())?)
            .with("ACCESS_TOKEN_EXPIRE_MINUTES", "1440")
            // Always a database of its own.
            .with("DATABASE_URL", "");
        let (env, cluster) = serve::with_database(env, &Role::SERVICES, folder.path()).await?;
        let (process, documents) = run(&env).await?;
        let authorization = sign_in(process.peers.transport(Role::Auth)?).await?;
        let shutdown = process.shutdown;
        Ok(Self { documents, authorization, env, cluster, shutdown, _folder: folder })
    }

    /// The same database and files, served with another setting.
    pub(super) async fn restart(mut self, name: &str, value: &str) -> Result<Self, StartError> {
        self.shutdown.finish(GRACE).await;
        self.env = self.env.with(name, value);
        let (process, documents) = run(&self.env).await?;
        (self.documents, self.shutdown) = (documents, process.shutdown);
        Ok(self)
    }

    /// A connection to the document service's database.
    pub(super) async fn database(&self) -> Result<PgConnection, StartError> {
        let url = self.env.text("DOCUMENT_DATABASE_URL").unwrap_or_default();
        Ok(PgConnection::connect(url).await?)
    }

    /// Ends everything.
    pub(super) async fn stop(self) {
        self.shutdown.finish(GRACE).await;
        if let Some(cluster) = self.cluster {
            let _ = cluster.stop().await;
        }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.authorization.clone());
        request
    }

    /// Uploads a file and waits until it was read.
    pub(super) async fn read(&self, name: &str, bytes: &[u8]) -> Result<pb::Document, Status> {
        let metadata = pb::UploadMetadata { filename: name.to_owned(), ..Default::default() };
        let parts = [Part::Metadata(metadata)]
            .into_iter()
            .chain(bytes.chunks(PART).map(|data| Part::Data(data.to_vec())))
            .map(|part| pb::UploadDocumentRequest { part: Some(part) });
        let parts: Vec<_> = parts.collect();
        let mut documents = self.documents.clone();
        let uploaded = documents.upload_document(self.request(stream::iter(parts))).await?;
        let document_id = uploaded.into_inner().document.unwrap_or_default().id;

        let watch = pb::WatchDocumentRequest { document_id: document_id.clone() };
        let mut events = documents.watch_document(self.request(watch)).await?.into_inner();
        while events.message().await?.is_some() {}
        let get = pb::GetDocumentRequest { document_id };
        let read = documents.get_document(self.request(get)).await?.into_inner();
        Ok(read.document.unwrap_or_default())
    }

    /// The passages of a document, in order.
    pub(super) async fn passages(&self, document_id: &str) -> Result<Vec<pb::Chunk>, Status> {
        let mut passages = Vec::new();
        loop {
            let list = pb::ListChunksRequest {
                document_id: document_id.to_owned(),
                skip: i32::try_from(passages.len()).unwrap_or(i32::MAX),
                limit: Some(PAGE),
                page_token: String::new(),
            };
            let found = self.documents.clone().list_chunks(self.request(list)).await?.into_inner();
            let is_last = found.chunks.len() < PAGE as usize;
            passages.extend(found.chunks);
            if is_last {
                return Ok(passages);
            }
        }
    }

    /// What fits a query, the best first.
    pub(super) async fn search(
        &self,
        query: &str,
        method: &str,
        limit: i32,
    ) -> Result<pb::SearchDocumentsResponse, Status> {
        let search = pb::SearchDocumentsRequest {
            query: query.to_owned(),
            limit: Some(limit),
            method: method.to_owned(),
            ..Default::default()
        };
        let found = self.documents.clone().search_documents(self.request(search)).await?;
        Ok(found.into_inner())
    }
}

/// Starts every service.
async fn run(env: &Env) -> Result<(Process, DocumentServiceClient<Transport>), StartError> {
    let process = Process::new(env.clone(), &Role::SERVICES, Shutdown::new()).await?;
    for role in Role::SERVICES {
        let server = serve::build(role, &process).await?;
        process.peers.bind(role, server.transport());
    }
    let documents = DocumentServiceClient::new(process.peers.transport(Role::Document)?);
    Ok((process, documents))
}

async fn sign_in(transport: Transport) -> Result<MetadataValue<Ascii>, StartError> {
    let mut client = AuthServiceClient::new(transport);
    let account = auth::RegisterRequest {
        email: EMAIL.to_owned(),
        password: PASSWORD.to_owned(),
        full_name: "Evaluation".to_owned(),
        ..Default::default()
    };
    client.register(account).await?;
    let login = auth::LoginRequest { username: EMAIL.to_owned(), password: PASSWORD.to_owned() };
    let session = client.login(login).await?.into_inner();
    Ok(format!("Bearer {}", session.access_token).parse()?)
}
