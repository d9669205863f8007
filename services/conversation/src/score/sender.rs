//! The worker that sends what waits to be scored.

use async_trait::async_trait;
use elenchus_durable::{Failure, Handler, Lease, Notices, Worker};
use elenchus_rpc::Shutdown;

use super::langfuse::{self, Langfuse};
use crate::store::Store;

/// Answers whose scores are sent at once.
const CONCURRENCY: usize = 2;

struct Sender {
    langfuse: Langfuse,
    store: Store,
}

/// Begins to send, and goes on until the stop.
pub(super) fn spawn(langfuse: Langfuse, store: Store, notices: Notices, shutdown: &Shutdown) {
    let queue = store.scores();
    let sender = Sender { langfuse, store };
    shutdown.spawn(Worker::run(queue, CONCURRENCY, sender, notices, shutdown.clone()));
}

#[async_trait]
impl Handler for Sender {
    async fn run(&self, lease: &Lease) -> Result<(), Failure> {
        let Some(scored) = self.store.scored(lease.key()).await? else {
            return self.give_up(lease).await;
        };
        match self.langfuse.send(lease.key(), &scored).await {
            Ok(()) => Ok(self.store.forget_score(lease).await?),
            Err(failure @ langfuse::Failure::Refused(_)) => {
                tracing::error!(%failure, "scores were given up");
                Ok(self.store.forget_score(lease).await?)
            }
            Err(failure @ langfuse::Failure::Passing) => Err(Failure::Passing(failure.into())),
        }
    }

    async fn give_up(&self, lease: &Lease) -> Result<(), Failure> {
        tracing::error!("scores could not be sent for a day, and were given up");
        Ok(self.store.forget_score(lease).await?)
    }
}
