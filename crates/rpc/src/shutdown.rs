//! Stopping in order: take no more, finish what is in hand, leave by the deadline.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The token that says "stop" and the tasks that a stop waits for. Clones share both.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// A process's, or a test's, own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a task that a stop waits for. The task watches [`Shutdown::stopping`] itself.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Resolves once the stop has begun.
    pub async fn stopping(&self) {
        self.token.cancelled().await;
    }

    /// Whether the stop has begun.
    pub fn is_stopping(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Begins the stop.
    pub fn stop(&self) {
        self.token.cancel();
    }

    /// Begins the stop and waits for the tasks, at most for `grace`.
    pub async fn finish(&self, grace: Duration) {
        self.token.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            tracing::warn!(?grace, left = self.tasks.len(), "gave up waiting for tasks");
        }
    }

    /// Waits for SIGTERM, SIGINT or a task that asked to stop.
    pub async fn signal(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => tracing::info!("received SIGTERM"),
            _ = interrupt.recv() => tracing::info!("received SIGINT"),
            () = self.token.cancelled() => tracing::warn!("a task asked to stop"),
        }
        Ok(())
    }
}
