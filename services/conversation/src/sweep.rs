//! Finishes the answers whose maker has died, whichever replica that was, and forgets what is old.

use std::time::Duration;

use elenchus_rpc::Shutdown;

use crate::answer::Answers;
use crate::domain::Error;
use crate::generation::Generations;
use crate::store::Store;

/// Sweeps between two in which old events are forgotten.
const FORGET_EVERY: u32 = 60;

/// What is swept, and who does it.
pub(crate) struct Sweep {
    pub(crate) store: Store,
    pub(crate) answers: Answers,
    pub(crate) generations: Generations,
    pub(crate) every: Duration,
}

impl Sweep {
    /// Sweeps until the stop, and as soon as somebody waits for it.
    pub(crate) fn spawn(self, shutdown: &Shutdown) {
        let stopping = shutdown.clone();
        shutdown.spawn(async move {
            for round in (0..FORGET_EVERY).cycle() {
                if let Err(error) = self.sweep(round == 0).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "abandoned answers were not looked for"
                    );
                }
                tokio::select! {
                    () = tokio::time::sleep(self.every) => {}
                    () = self.generations.overdue() => {}
                    () = stopping.stopping() => return,
                }
            }
        });
    }

    async fn sweep(&self, forgets: bool) -> Result<(), Error> {
        let finished = self.answers.finish_abandoned().await?;
        if finished > 0 {
            tracing::info!(count = finished, "finished answers whose maker had died");
        }
        if forgets {
            self.store.forget_events().await?;
            self.store.forget_handovers().await?;
        }
        Ok(())
    }
}
