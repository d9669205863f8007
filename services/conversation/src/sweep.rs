//! Ends the answers whose maker has died, whichever replica that was, and forgets old events.

use std::time::Duration;

use elenchus_rpc::Shutdown;

use crate::domain::Error;
use crate::store::Store;

/// Sweeps between two in which old events are forgotten.
const FORGET_EVERY: u32 = 60;

/// Sweeps until the stop.
pub(crate) fn spawn(store: Store, every: Duration, shutdown: &Shutdown) {
    let stopping = shutdown.clone();
    shutdown.spawn(async move {
        for round in (0..FORGET_EVERY).cycle() {
            if let Err(error) = sweep(&store, round == 0).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "abandoned answers were not looked for"
                );
            }
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = stopping.stopping() => return,
            }
        }
    });
}

async fn sweep(store: &Store, forgets: bool) -> Result<(), Error> {
    let ended = store.end_abandoned().await?;
    if ended > 0 {
        tracing::info!(count = ended, "ended answers whose maker had died");
    }
    if forgets {
        store.forget_events().await?;
    }
    Ok(())
}
