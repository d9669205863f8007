//! What a service holds of a user, said once, table by table: from that it is handed out and erased,
//! and a table that nobody thought of is found. It knows no service's tables.

mod erase;
mod export;
mod inventory;
mod rpc;

use async_trait::async_trait;
use elenchus_postgres::Failure;
use elenchus_rpc::UserId;
use futures_util::stream::BoxStream;
use serde_json::Value;

pub use self::inventory::{Erase, Export, IDEMPOTENCY_KEY, Inventory, OUTBOX, Table};
pub use self::rpc::PersonalData;

/// Why personal data could not be handed out or erased.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Failure),
    /// What is kept beside the database failed.
    #[error("the files cannot be reached")]
    Files(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a service keeps of a user beside its database.
#[async_trait]
pub trait Files: Send + Sync + 'static {
    /// Everything that is kept of the user, as rows of an export.
    fn export(&self, user: UserId) -> BoxStream<'_, Result<Value, Error>>;

    /// Deletes everything that is kept of the user.
    async fn erase(&self, user: UserId) -> Result<(), Error>;
}
