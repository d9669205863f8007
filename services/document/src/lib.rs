//! Files in, exact passages out: stores what users upload, reads its text in a jailed process, cuts it
//! into passages with exact places, and finds them by words and by meaning.

mod bbox;
mod best;
pub mod chunk;
mod confined;
mod deletion;
mod description;
pub mod domain;
mod embedding;
pub mod extract;
mod grpc;
pub mod legal;
mod personal_data;
mod processing;
mod range;
pub mod recognize;
mod remembered;
pub mod search;
mod settings;
mod storage;
pub mod store;
mod upload;
mod vector;
mod viewer;

use std::sync::Arc;

use elenchus_durable::{Notices, Queue, Worker};
use elenchus_embedding::Embedder;
use elenchus_outbox::Relay;
use elenchus_personal_data::PersonalData;
use elenchus_postgres::{Database, DatabaseSettings};
use elenchus_process::{Process, Role, StartError};
use elenchus_proto::pb::conversation::v1::assistant_service_client::AssistantServiceClient;
use elenchus_proto::pb::conversation::v1::conversation_service_client::ConversationServiceClient;
use elenchus_proto::pb::document::v1::document_service_server::DocumentServiceServer;
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::{Server, Shutdown, Transport};
use sqlx::PgPool;

pub use self::confined::{CONFINE_ARGUMENT, run_confined};
pub use self::extract::{
    EXTRACT_ARGUMENT, PROBE_ARGUMENT, probe_jails, run_extractor, run_jail_probe,
};
pub use self::personal_data::PERSONAL_DATA;
pub use self::settings::Settings;
pub use self::storage::{Place, S3, SweepPace, probe_files};
pub use self::vector::Effort;

use self::deletion::{DELETION_TABLE, Deletions};
use self::description::{DESCRIPTION_TABLE, Descriptions};
use self::embedding::{EMBEDDING_TABLE, Embeddings};
use self::extract::{Extractor, Limits};
use self::grpc::DocumentRpc;
use self::personal_data::StoredFiles;
use self::processing::{Processing, QUEUE_TABLE};
use self::recognize::Recognizer;
use self::search::{ByModel, Search};
use self::storage::Sweep;
use self::store::{MIGRATOR, Queues, Store};
use self::upload::Uploads;
use self::vector::{ExactScan, Hnsw, Index};
use self::viewer::Viewer;

/// The service's name, and that of its schema.
pub const NAME: &str = "document";

/// Files that are read at once.
const CONCURRENCY: usize = 2;

/// Why the service could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The table of events that wait for analytics.
    #[error("the outbox of the document service cannot be migrated")]
    Outbox(#[from] sqlx::migrate::MigrateError),
    /// The table of calls with an `Idempotency-Key`.
    #[error(transparent)]
    Ledger(#[from] elenchus_idempotency::Unopened),
    /// The store of the files.
    #[error("the files cannot be kept")]
    Files(#[from] object_store::Error),
    /// The embedding model.
    #[error("the embedding model cannot be loaded")]
    Embedding(#[from] elenchus_embedding::Error),
    /// The server around the service.
    #[error("the document service cannot be served")]
    Server(#[from] elenchus_rpc::server::Error),
}

/// Starts the service as a role of a process.
pub async fn start(process: &Process) -> Result<Server, StartError> {
    let settings = Settings::from_env(&process.env)?;
    let database = DatabaseSettings::from_env(&process.env, "DOCUMENT")?;
    let pool = Database::open(&database, NAME, &MIGRATOR).await?;
    let peers = Peers {
        analytics: process.peer(NAME, Role::Analytics)?,
        conversations: process.peer(NAME, Role::Conversation)?,
    };
    let sessions = process.sessions(NAME)?;
    let guard = Guard { service: NAME, keys: process.keys.clone(), sessions };
    Ok(build(settings, pool, peers, guard, &process.shutdown).await?)
}

/// The ways to other services, signed as this one.
pub struct Peers {
    /// Told what happens.
    pub analytics: Transport,
    /// Told which documents are no more, and asked what a document is.
    pub conversations: Transport,
}

/// Builds the service over its database.
pub async fn build(
    settings: Settings,
    pool: PgPool,
    peers: Peers,
    guard: Guard,
    shutdown: &Shutdown,
) -> Result<Server, BuildError> {
    elenchus_outbox::migrate(&pool).await?;
    Relay::spawn(&pool, peers.analytics, shutdown);
    let ledger = elenchus_idempotency::open(&pool, shutdown).await?;

    let files = storage::open(&settings.place)?;
    let embedder = Embedder::open(&settings.embedding)?;
    if embedder.is_none() {
        tracing::warn!("no embedding model is in use: documents are searched by words alone");
    }

    let (program, programs) = (settings.extractor.clone(), &settings.recognition);
    let recognizer = Recognizer::new(program.clone(), programs);
    let queue = |table, terms| Queue::new(pool.clone(), table, "document_id", terms);
    let queues = Queues {
        readings: queue(QUEUE_TABLE, settings.terms),
        deletions: queue(DELETION_TABLE, deletion::terms(settings.terms)),
        embeddings: queue(EMBEDDING_TABLE, embedding::terms(settings.terms)),
        descriptions: queue(DESCRIPTION_TABLE, description::terms(settings.terms)),
    };
    let channels = &[QUEUE_TABLE, DELETION_TABLE, EMBEDDING_TABLE, DESCRIPTION_TABLE];
    let notices = Notices::listen(&pool, channels, shutdown);
    let store = Store::new(pool.clone(), queues.clone());
    let Queues { readings, deletions, embeddings, descriptions } = queues;
    Sweep::new(store.clone(), Arc::clone(&files), &settings.place, settings.sweep).spawn(shutdown);
    let viewer = Viewer::new(store.clone(), Arc::clone(&files), program, programs);
    let processing = Processing {
        store: store.clone(),
        files: Arc::clone(&files),
        extractor: Extractor::new(settings.extractor, Limits::default())
            .with_poppler(settings.recognition.pdftotext()),
        recognizer,
        embedder: embedder.clone(),
        is_described: settings.detects_by_model,
    };
    shutdown.spawn(Worker::run(
        readings,
        CONCURRENCY,
        processing,
        notices.clone(),
        shutdown.clone(),
    ));
    let clearing = Deletions {
        store: store.clone(),
        files: Arc::clone(&files),
        conversations: ConversationServiceClient::new(peers.conversations.clone()),
    };
    let heard = notices.clone();
    shutdown.spawn(Worker::run(deletions, CONCURRENCY, clearing, heard, shutdown.clone()));
    let describing = Descriptions {
        store: store.clone(),
        assistant: AssistantServiceClient::new(peers.conversations),
    };
    let heard = notices.clone();
    shutdown.spawn(Worker::run(descriptions, CONCURRENCY, describing, heard, shutdown.clone()));

    let uploads = Uploads {
        store: store.clone(),
        files: Arc::clone(&files),
        max_file_size: settings.max_file_size,
        allowed: settings.allowed,
    };
    let by_model = embedder.map(|embedder| {
        let model = embedder.model().to_owned();
        shutdown.spawn(embedding::keep_queued(store.clone(), model, shutdown.clone()));
        let (store, pause) = (store.clone(), settings.terms.poll);
        let index = Index::keep(&pool, embedder.clone(), shutdown);
        let (embeds, kept) = (embedder.clone(), index.clone());
        let later = Embeddings { store: store.clone(), embedder: embeds, index: kept, pause };
        let heard = notices.clone();
        shutdown.spawn(Worker::run(embeddings, 1, later, heard, shutdown.clone()));
        let exact = ExactScan::new(store.clone(), settings.effort.memory);
        let nearest = Arc::new(Hnsw::new(store, index, exact, settings.effort.exact_up_to));
        ByModel { embedder, nearest }
    });
    let search = Search::new(store.clone(), by_model, settings.effort);
    let personal_data = PersonalData::new(pool, PERSONAL_DATA, shutdown.clone())
        .with_files(Arc::new(StoredFiles(Arc::clone(&files))));
    let rpc = DocumentRpc { store: store.clone(), files, uploads, search, viewer, notices };
    let server = Server::builder(guard)
        .ledger(ledger)
        .service(DocumentServiceServer::new(rpc))
        .service(personal_data.into_service())
        .healthy_while(move || {
            let store = store.clone();
            async move { store.is_reachable().await }
        })
        .build(shutdown)?;
    Ok(server)
}
