//! The analytics service: what was used and what was done, from the events that the other services
//! tell. It asks none of them anything.

pub mod domain;
mod event;
mod grpc;
mod personal_data;
pub mod store;

use elenchus_personal_data::PersonalData;
use elenchus_postgres::{Database, DatabaseSettings};
use elenchus_process::{Process, StartError};
use elenchus_proto::pb::analytics::v1::analytics_service_server::AnalyticsServiceServer;
use elenchus_rpc::layer::authenticate::Guard;
use elenchus_rpc::session::SharedSessions;
use elenchus_rpc::token::Keys;
use elenchus_rpc::{Server, Shutdown, server};
use sqlx::PgPool;

use self::grpc::AnalyticsRpc;
pub use self::personal_data::PERSONAL_DATA;
use self::store::{MIGRATOR, Store};

/// The service's name, and that of its schema.
pub const NAME: &str = "analytics";

/// Starts the service as a role of a process.
pub async fn start(process: &Process) -> Result<Server, StartError> {
    let database = DatabaseSettings::from_env(&process.env, "ANALYTICS")?;
    let pool = Database::open(&database, NAME, &MIGRATOR).await?;
    let sessions = process.sessions(NAME)?;
    Ok(build(pool, process.keys.clone(), sessions, &process.shutdown)?)
}

/// Builds the service over its database.
pub fn build(
    pool: PgPool,
    keys: Keys,
    sessions: SharedSessions,
    shutdown: &Shutdown,
) -> Result<Server, server::Error> {
    let personal_data = PersonalData::new(pool.clone(), PERSONAL_DATA, shutdown.clone());
    let store = Store::new(pool);
    let rpc = AnalyticsRpc { store: store.clone() };
    Server::builder(Guard { service: NAME, keys, sessions })
        .service(AnalyticsServiceServer::new(rpc))
        .service(personal_data.into_service())
        .healthy_while(move || {
            let store = store.clone();
            async move { store.is_reachable().await }
        })
        .build(shutdown)
}
