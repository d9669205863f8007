//! Forgets sessions and mails that ended long ago, so that the tables do not grow for ever.

use std::time::Duration;

use elenchus_rpc::Shutdown;

use crate::domain::Error;
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(3600);
/// Sessions in one statement, so that no lock is held for long.
const BATCH: i64 = 1000;

/// Sweeps once an hour until the stop. Any number of replicas may.
pub(crate) fn spawn(store: Store, shutdown: &Shutdown) {
    let stopping = shutdown.clone();
    shutdown.spawn(async move {
        while !stopping.is_stopping() {
            if let Err(error) = sweep(&store).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "old sessions and mails were not deleted"
                );
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stopping.stopping() => {}
            }
        }
    });
}

async fn sweep(store: &Store) -> Result<(), Error> {
    while store.delete_old_sessions(BATCH).await? == BATCH.unsigned_abs() {}
    store.delete_ended_tokens().await?;
    while store.delete_old_mails(BATCH).await? == BATCH.unsigned_abs() {}
    Ok(())
}
