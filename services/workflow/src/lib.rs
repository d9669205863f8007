//! The workflow service: what can be run over documents, and runs that survive whatever stops the
//! process. It knows the document and the conversation service only by their protos.

mod definition;
mod domain;
mod grant;
mod grpc;
mod input;
mod personal_data;
mod run;
mod settings;
mod shipped;
mod store;

use elenchus_durable::{Notices, Queue, Worker};
use elenchus_outbox::Relay;
use elenchus_personal_data::PersonalData;
use elenchus_postgres::{Database, DatabaseSettings};
use elenchus_process::{Process, Role, StartError};
use elenchus_proto::pb::workflow::v1::workflow_service_server::WorkflowServiceServer;
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::session::SharedSessions;
use elenchus_rpc::{Server, Shutdown, Transport};
use sqlx::PgPool;

use self::grant::Grants;
use self::grpc::WorkflowRpc;
use self::run::{Activities, Runner};
use self::store::{EVENTS, RUNS, Store};

pub use self::personal_data::PERSONAL_DATA;
pub use self::settings::{Retry, Settings};
pub use self::shipped::Unusable;
pub use self::store::MIGRATOR;

/// The service's name, and that of its schema.
pub const NAME: &str = "workflow";

/// Why the service could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The table of events that wait for analytics.
    #[error("the outbox of the workflow service cannot be migrated")]
    Outbox(#[from] sqlx::migrate::MigrateError),
    /// The table of calls with an `Idempotency-Key`.
    #[error(transparent)]
    Ledger(#[from] elenchus_idempotency::Unopened),
    /// A workflow that comes with the service.
    #[error(transparent)]
    Template(#[from] Unusable),
    /// The shipped workflows could not be stored.
    #[error("the templates cannot be stored")]
    Publish(#[source] sqlx::Error),
    /// The server around the service.
    #[error("the workflow service cannot be served")]
    Server(#[from] elenchus_rpc::server::Error),
}

/// The ways to the services that this one calls. They sign as this service.
#[derive(Clone)]
pub struct Peers {
    /// Gives leave to act for users.
    pub auth: Transport,
    /// Documents are looked up and searched there.
    pub document: Transport,
    /// The assistant answers there.
    pub conversation: Transport,
    /// Events go there.
    pub analytics: Transport,
}

/// Starts the service with what the process has.
pub async fn start(process: &Process) -> Result<Server, StartError> {
    let settings = Settings::from_env(&process.env, process.keys.clone())?;
    let pool = open(&DatabaseSettings::from_env(&process.env, "WORKFLOW")?).await?;
    let peers = Peers {
        auth: process.peer(NAME, Role::Auth)?,
        document: process.peer(NAME, Role::Document)?,
        conversation: process.peer(NAME, Role::Conversation)?,
        analytics: process.peer(NAME, Role::Analytics)?,
    };
    let sessions = process.sessions(NAME)?;
    Ok(build(settings, pool, peers, sessions, &process.shutdown).await?)
}

/// Opens the service's database and brings its tables up to date.
pub async fn open(settings: &DatabaseSettings) -> Result<PgPool, elenchus_postgres::Error> {
    Database::open(settings, NAME, &MIGRATOR).await
}

/// Builds the service over its database and begins to work on runs.
pub async fn build(
    settings: Settings,
    pool: PgPool,
    peers: Peers,
    sessions: SharedSessions,
    shutdown: &Shutdown,
) -> Result<Server, BuildError> {
    elenchus_outbox::migrate(&pool).await?;
    Relay::spawn(&pool, peers.analytics, shutdown);
    let ledger = elenchus_idempotency::open(&pool, shutdown).await?;

    let queue = Queue::new(pool.clone(), RUNS, "workflow_execution_id", settings.terms);
    let store = Store::new(pool.clone(), queue.clone(), settings.sealer);
    let personal_data = PersonalData::new(pool.clone(), PERSONAL_DATA, shutdown.clone());
    shipped::publish(&store, &shipped::read()?).await.map_err(BuildError::Publish)?;

    let notices = Notices::listen(&pool, &[RUNS, EVENTS], shutdown);
    let runner = Runner {
        store: store.clone(),
        activities: Activities::new(peers.document, peers.conversation),
        retry: settings.retry,
    };
    let worker =
        Worker::run(queue, settings.concurrency, runner, notices.clone(), shutdown.clone());
    shutdown.spawn(worker);

    let poll = settings.terms.poll;
    let grants = Grants::new(peers.auth);
    let service =
        WorkflowRpc { store: store.clone(), grants, notices, poll, shutdown: shutdown.clone() };
    let server = Server::builder(Guard { service: NAME, keys: settings.keys, sessions })
        .ledger(ledger)
        .service(WorkflowServiceServer::new(service))
        .service(personal_data.into_service())
        .healthy_while(move || {
            let store = store.clone();
            async move { store.is_reachable().await }
        })
        .build(shutdown)?;
    Ok(server)
}
