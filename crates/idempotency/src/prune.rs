//! Deletes keys that are older than a day.

use std::time::Duration;

use elenchus_rpc::Shutdown;
use sqlx::PgPool;

const EVERY: Duration = Duration::from_secs(3600);
/// Rows in one statement, so that no lock is held for long.
const BATCH: i64 = 1000;

/// Prunes once an hour until the stop. Any number of replicas may.
pub(crate) fn spawn(pool: PgPool, shutdown: &Shutdown) {
    let stopping = shutdown.clone();
    shutdown.spawn(async move {
        while !stopping.is_stopping() {
            if let Err(error) = prune(&pool).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "old idempotency keys were not deleted");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stopping.stopping() => {}
            }
        }
    });
}

async fn prune(pool: &PgPool) -> Result<(), sqlx::Error> {
    loop {
        let deleted = sqlx::query(
            "DELETE FROM idempotency_key WHERE ctid IN (
                 SELECT ctid FROM idempotency_key WHERE created_at < now() - interval '24 hours'
                 LIMIT $1 FOR UPDATE SKIP LOCKED)",
        )
        .bind(BATCH)
        .execute(pool)
        .await?;
        if deleted.rows_affected() < BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}
