//! The service, called in this process.

use std::sync::Arc;
use std::time::Duration;

use elenchus_document::store::MIGRATOR;
use elenchus_document::{NAME, Peers, Settings};
use elenchus_postgres::Database;
use elenchus_proto::pb::document::v1 as pb;
use elenchus_proto::pb::document::v1::document_service_client::DocumentServiceClient;
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::token::Keys;
use elenchus_rpc::transport::{Identity, Late};
use elenchus_rpc::{Shutdown, Transport, UserId};
use elenchus_settings::Env;
use elenchus_testkit::caller::{self, AllAlive, request_of};
use elenchus_testkit::postgres::TestDatabase;
use tempfile::TempDir;
use uuid::Uuid;

use crate::Failure;

const BUDGET: Duration = Duration::from_secs(120);

/// A process of the service, as it were.
pub(crate) struct Node {
    transport: Transport,
    keys: Keys,
    owner: UserId,
    _shutdown: Shutdown,
    _folder: TempDir,
}

impl Node {
    /// Starts with the environment's settings, and these.
    pub(crate) async fn start(
        database: &TestDatabase,
        owner: UserId,
        pairs: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let folder = TempDir::new()?;
        let mut env =
            Env::of_process()?.with("UPLOAD_DIR", folder.path().to_string_lossy().into_owned());
        for (name, value) in pairs {
            env = env.with(name, *value);
        }
        let pool = Database::open(&database.settings(), NAME, &MIGRATOR).await?;
        let keys = caller::keys();
        let guard = Guard { service: NAME, keys: keys.clone(), sessions: Arc::new(AllAlive) };
        let peers = Peers {
            analytics: Late::default().transport(),
            conversations: Late::default().transport(),
        };
        let shutdown = Shutdown::new();
        let settings = Settings::from_env(&env)?;
        let server = elenchus_document::build(settings, pool, peers, guard, &shutdown).await?;
        let transport = Identity::new("gateway", keys.clone()).to(NAME, server.transport());
        Ok(Self { transport, keys, owner, _shutdown: shutdown, _folder: folder })
    }

    /// The first ten passages.
    pub(crate) async fn search(&self, query: &str, method: &str) -> Result<Vec<Uuid>, Failure> {
        let message = pb::SearchDocumentsRequest {
            query: query.to_owned(),
            method: method.to_owned(),
            limit: Some(10),
            ..Default::default()
        };
        let request = request_of(&self.keys, self.owner, BUDGET, message);
        let mut client = DocumentServiceClient::new(self.transport.clone());
        let found = client.search_documents(request).await?.into_inner().results;
        Ok(found.iter().map(|hit| hit.chunk_id.parse()).collect::<Result<_, _>>()?)
    }
}
