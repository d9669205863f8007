//! The queries. Every one that serves a user asks for the owner, and every list pages by key.

mod abandoned;
mod answer;
mod conversation;
mod ending;
mod event;
mod feedback;
mod line;
mod message;
mod score;
mod search;
mod work;

use elenchus_sealed::Sealer;
use sqlx::migrate::Migrator;
use sqlx::{PgConnection, PgPool};

use crate::domain::{ConversationId, Error};
use elenchus_rpc::UserId;

pub use self::abandoned::{Abandoned, Handover};
pub use self::answer::{Asked, Context, Kept};
pub use self::conversation::ConversationKey;
pub use self::ending::Ending;
pub(crate) use self::event::{EVENTS, STARTS, STOPS};
pub use self::line::{Line, Turn};
pub(crate) use self::score::{SCORES, Scored};

/// The tables of this service. Those of the outbox have their own.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// Conversations and messages in PostgreSQL.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    sealer: Sealer,
}

impl Store {
    /// Over a pool whose sessions work in this service's schema.
    pub fn new(pool: PgPool, sealer: Sealer) -> Self {
        Self { pool, sealer }
    }

    /// Whether the database answers.
    pub async fn is_reachable(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A value in the store that the code does not know.
fn unknown(what: &str, value: &str) -> Error {
    Error::Corrupt(format!("the store holds the {what} {value:?}").into())
}

/// Makes this transaction the only one that changes the conversation. False when there is none.
async fn lock(
    transaction: &mut PgConnection,
    owner: UserId,
    id: ConversationId,
) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar::<_, i32>(
        "SELECT 1 FROM conversation WHERE conversation_id = $1 AND user_id = $2 FOR UPDATE",
    )
    .bind(id.0)
    .bind(owner.0)
    .fetch_optional(transaction)
    .await?;
    Ok(found.is_some())
}
