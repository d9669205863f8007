//! Which calls with an `Idempotency-Key` were made in the last day, and what they answered, in a table of
//! each service's schema. It knows no service and no method.

mod effect;
mod prune;
mod store;

use std::sync::Arc;

use elenchus_rpc::Shutdown;
use elenchus_rpc::idempotency::SharedLedger;
use sqlx::PgPool;
use sqlx::migrate::MigrateError;

pub use self::effect::{Unusable, find, keep};
use self::store::Store;

/// Apart from the service's own, because both live in the service's schema.
const MIGRATION_TABLE: &str = "_idempotency_migration";

/// The table could not be brought up to date.
#[derive(Debug, thiserror::Error)]
#[error("the table of calls with an Idempotency-Key cannot be migrated")]
pub struct Unopened(#[from] MigrateError);

/// Brings the table `idempotency_key` in the service's schema up to date, and deletes what is older than a
/// day until the stop.
pub async fn open(pool: &PgPool, shutdown: &Shutdown) -> Result<SharedLedger, Unopened> {
    let mut migrator = sqlx::migrate!();
    migrator.dangerous_set_table_name(MIGRATION_TABLE);
    migrator.run(pool).await?;
    prune::spawn(pool.clone(), shutdown);
    Ok(Arc::new(Store { pool: pool.clone() }))
}
