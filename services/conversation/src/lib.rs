//! The conversation service: questions, and answers made from the user's sources. It alone asks
//! models; the other services ask it.

pub mod answer;
mod assistant;
mod citation;
pub mod domain;
pub mod generation;
mod grpc;
mod outbox;
mod personal_data;
mod score;
pub mod store;
mod sweep;

use elenchus_llm::Models;
use elenchus_outbox::Relay;
use elenchus_personal_data::PersonalData;
use elenchus_postgres::{Database, DatabaseSettings};
use elenchus_process::{Process, Role, StartError};
use elenchus_proto::pb::conversation::v1::assistant_service_server::AssistantServiceServer;
use elenchus_proto::pb::conversation::v1::conversation_service_server::ConversationServiceServer;
use elenchus_proto::pb::conversation::v1::message_service_server::MessageServiceServer;
use elenchus_proto::pb::document::v1::document_service_client::DocumentServiceClient;
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::{Server, Shutdown, Transport};
use elenchus_sealed::Sealer;
use sqlx::PgPool;

use self::answer::{Answers, Pace, Retriever};
use self::assistant::Assistant;
pub use self::citation::Lookups;
use self::generation::Generations;
use self::grpc::{AssistantRpc, ConversationRpc, MessageRpc};
pub use self::personal_data::PERSONAL_DATA;
pub use self::score::Scores;
use self::store::{MIGRATOR, Store};
use self::sweep::Sweep;

/// The service's name, and that of its schema.
pub const NAME: &str = "conversation";

/// Why the service could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The table of events that wait for analytics.
    #[error("the outbox of the conversation service cannot be migrated")]
    Outbox(#[from] sqlx::migrate::MigrateError),
    /// The table of calls with an `Idempotency-Key`.
    #[error(transparent)]
    Ledger(#[from] elenchus_idempotency::Unopened),
    /// The server around the service.
    #[error("the conversation service cannot be served")]
    Server(#[from] elenchus_rpc::server::Error),
}

/// The services that this one calls, each signed for.
pub struct Peers {
    /// Finds passages.
    pub documents: Transport,
    /// Is told what was asked and answered.
    pub analytics: Transport,
}

/// Whom the check of answers asks and tells besides.
#[derive(Clone)]
pub struct Checks {
    /// Says whether the decisions that are cited exist.
    pub lookups: Lookups,
    /// Is told how each check went.
    pub scores: Scores,
}

/// What the service is built with.
pub struct Settings {
    /// Who answers.
    pub models: Models,
    /// Whom the check of answers asks and tells besides.
    pub checks: Checks,
    /// Leave to act for users is stored sealed with this.
    pub sealer: Sealer,
    /// How soon the death of a process is seen.
    pub pace: Pace,
}

/// Starts the service as a role of a process.
pub async fn start(process: &Process) -> Result<Server, StartError> {
    let models = Models::from_settings(&elenchus_llm::Settings::from_env(&process.env)?)?;
    let database = DatabaseSettings::from_env(&process.env, "CONVERSATION")?;
    let pool = Database::open(&database, NAME, &MIGRATOR).await?;
    let peers = Peers {
        documents: process.peer(NAME, Role::Document)?,
        analytics: process.peer(NAME, Role::Analytics)?,
    };
    let checks = Checks {
        lookups: Lookups::from_env(&process.env, process.cache.clone(), Lookups::BUDGET)?,
        scores: Scores::from_env(&process.env)?,
    };
    let sessions = process.sessions(NAME)?;
    let guard = Guard { service: NAME, keys: process.keys.clone(), sessions };
    let sealer = Sealer::from_env(&process.env)?;
    let settings = Settings { models, checks, sealer, pace: Pace::default() };
    Ok(build(settings, pool, peers, guard, &process.shutdown).await?)
}

/// Builds the service over its database.
pub async fn build(
    settings: Settings,
    pool: PgPool,
    peers: Peers,
    guard: Guard,
    shutdown: &Shutdown,
) -> Result<Server, BuildError> {
    let Settings { models, checks, sealer, pace } = settings;
    elenchus_outbox::migrate(&pool).await?;
    Relay::spawn(&pool, peers.analytics, shutdown);
    let ledger = elenchus_idempotency::open(&pool, shutdown).await?;
    let store = Store::new(pool.clone(), sealer);
    checks.scores.clone().spawn(&pool, &store, shutdown);

    let generations = Generations::new(&pool, store.clone(), shutdown.clone());
    let retriever = Retriever::new(peers.documents.clone());
    let assistant = Assistant {
        store: store.clone(),
        models: models.clone(),
        retriever: retriever.clone(),
        lookups: checks.lookups.clone(),
        shutdown: shutdown.clone(),
    };
    let answers = Answers::new(
        store.clone(),
        models,
        generations.clone(),
        retriever,
        checks,
        pace,
        shutdown.clone(),
    );
    let sweep = Sweep {
        store: store.clone(),
        answers: answers.clone(),
        generations: generations.clone(),
        every: pace.sweep_every,
    };
    sweep.spawn(shutdown);
    let conversations = ConversationRpc {
        store: store.clone(),
        answers: answers.clone(),
        generations: generations.clone(),
        documents: DocumentServiceClient::new(peers.documents),
    };
    let personal_data = PersonalData::new(pool, PERSONAL_DATA, shutdown.clone());
    let server = Server::builder(guard)
        .ledger(ledger)
        .service(ConversationServiceServer::new(conversations))
        .service(MessageServiceServer::new(MessageRpc {
            store: store.clone(),
            answers: answers.clone(),
            generations,
        }))
        .service(AssistantServiceServer::new(AssistantRpc { answers, assistant }))
        .service(personal_data.into_service())
        .healthy_while(move || {
            let store = store.clone();
            async move { store.is_reachable().await }
        })
        .build(shutdown)?;
    Ok(server)
}
