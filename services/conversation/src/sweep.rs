//! Ends the answers whose maker has died, whichever replica that was.

use std::time::Duration;

use elenchus_rpc::Shutdown;

use crate::store::Store;

const EVERY: Duration = Duration::from_secs(10);

/// Sweeps until the stop.
pub(crate) fn spawn(store: Store, shutdown: &Shutdown) {
    let stopping = shutdown.clone();
    shutdown.spawn(async move {
        loop {
            match store.end_abandoned().await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "ended answers whose maker had died"),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "abandoned answers were not looked for"
                    );
                }
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stopping.stopping() => return,
            }
        }
    });
}
