//! Events written in a service's own transaction and delivered to analytics at least once. It does
//! not know what the events mean; analytics counts each once, by its id.

mod backoff;
mod batch;
mod relay;

use std::time::SystemTime;

use elenchus_proto::pb::analytics::v1::Event;
use elenchus_proto::pb::analytics::v1::event::What;
use elenchus_rpc::UserId;
use prost::Message;
use sqlx::migrate::MigrateError;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

pub use self::relay::Relay;

/// Apart from the service's own, because both live in the service's schema.
const MIGRATION_TABLE: &str = "_outbox_migration";

/// Brings the table `outbox` in the service's schema up to date.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    let mut migrator = sqlx::migrate!();
    migrator.dangerous_set_table_name(MIGRATION_TABLE);
    migrator.run(pool).await
}

/// An event of this moment, with an id of its own.
pub fn event(user_id: UserId, what: What) -> Event {
    Event {
        id: Uuid::now_v7().to_string(),
        user_id: user_id.to_string(),
        occurred_at: Some(SystemTime::now().into()),
        what: Some(what),
    }
}

/// Writes an event in the transaction of the change that it tells of: both are kept or neither.
/// Writing the same event again changes nothing.
pub async fn record(transaction: &mut PgConnection, event: &Event) -> Result<(), sqlx::Error> {
    let event_id = Uuid::try_parse(&event.id).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query("INSERT INTO outbox (event_id, event) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(event_id)
        .bind(event.encode_to_vec())
        .execute(transaction)
        .await?;
    Ok(())
}

/// Deletes the events of a user that wait. Those in the hands of a relay are delivered first.
pub async fn forget(pool: &PgPool, user_id: UserId) -> Result<(), sqlx::Error> {
    // The user stands in the encoded event as text.
    sqlx::query("DELETE FROM outbox WHERE position(convert_to($1, 'UTF8') IN event) > 0")
        .bind(user_id.to_string())
        .execute(pool)
        .await?;
    Ok(())
}
