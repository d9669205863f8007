//! The loop that claims jobs, has them done some at a time, keeps their leases alive, and hands back
//! what it cannot finish.

use std::error::Error as StdError;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use elenchus_rpc::Shutdown;
use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument;
use uuid::Uuid;

use crate::lease::Lease;
use crate::notice::{Notices, Subscription};
use crate::queue::Queue;
use crate::{Error, queue};

/// Why a job did not end this time.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Another worker has it, or it was withdrawn.
    #[error("the lease of the job is lost")]
    Lost,
    /// Trying again may help.
    #[error("the job could not be done this time")]
    Passing(#[source] Box<dyn StdError + Send + Sync>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Lost => Self::Lost,
            Error::Store(error) => error.into(),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Passing(error.into())
    }
}

/// What is done with a job. It may be done twice, and may be dropped at any await.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Does the job, and records its outcome together with [`Lease::finish`].
    async fn run(&self, lease: &Lease) -> Result<(), Failure>;

    /// Records, together with [`Lease::finish`], that the job failed too often.
    async fn give_up(&self, lease: &Lease) -> Result<(), Failure>;
}

/// Drains a queue.
pub struct Worker<H> {
    /// Never used again, so that no lease can be taken for another life's.
    id: Uuid,
    queue: Queue,
    concurrency: usize,
    handler: Arc<H>,
    notices: Notices,
    shutdown: Shutdown,
}

impl<H: Handler> Worker<H> {
    /// Does at most `concurrency` jobs at once until the stop; then finishes or hands back its jobs.
    ///
    /// `notices` has to hear the queue's table.
    pub async fn run(
        queue: Queue,
        concurrency: usize,
        handler: H,
        notices: Notices,
        shutdown: Shutdown,
    ) {
        let id = Uuid::now_v7();
        let handler = Arc::new(handler);
        Self { id, queue, concurrency, handler, notices, shutdown }.drain_queue().await;
    }

    async fn drain_queue(self) {
        let mut wakes = self.notices.subscribe(self.queue.table());
        // Owned: a worker that is dropped drops its jobs too, as a crash would.
        let mut jobs = JoinSet::new();
        while !self.shutdown.is_stopping() {
            let free = self.concurrency.saturating_sub(jobs.len());
            for lease in self.claim(free).await {
                jobs.spawn(self.job(lease));
            }
            tokio::select! {
                () = self.shutdown.stopping() => {}
                Some(_) = jobs.join_next() => {}
                () = wakes.any(self.queue.terms().poll) => {}
            }
        }
        while jobs.join_next().await.is_some() {}
    }

    async fn claim(&self, most: usize) -> Vec<Lease> {
        if most == 0 {
            return Vec::new();
        }
        self.queue.claim(self.id, most).await.unwrap_or_else(|error| {
            tracing::warn!(table = self.queue.table(), %error, "cannot claim jobs");
            Vec::new()
        })
    }

    fn job(&self, lease: Lease) -> impl Future<Output = ()> + Send + use<H> {
        let span = tracing::info_span!(
            parent: None, "durable.job", job.table = lease.table(), job.id = %lease.key(), job.attempt = lease.attempt(),
        );
        let wakes = self.notices.subscribe(lease.table());
        work(lease, Arc::clone(&self.handler), wakes, self.shutdown.clone()).instrument(span)
    }
}

/// Does one job while its lease holds.
async fn work<H: Handler>(lease: Lease, handler: Arc<H>, wakes: Subscription, shutdown: Shutdown) {
    let done = tokio::select! {
        done = attempt(&lease, &*handler) => done,
        () = keep(&lease, wakes) => Err(Failure::Lost),
        () = out_of_time(&shutdown, lease.terms()) => lease.release().await.map_err(Failure::from),
    };
    match done {
        Ok(()) => {}
        Err(Failure::Lost) => tracing::info!("the job was withdrawn or went to another worker"),
        Err(Failure::Passing(error)) => {
            tracing::warn!(error = &*error as &dyn StdError, "the job failed this time");
            if let Err(error) = put_off(&lease, &*handler).await {
                tracing::warn!(
                    error = &error as &dyn StdError,
                    "the job waits for its lease to run out"
                );
            }
        }
    }
}

/// Tries the job, unless it killed its workers too often.
async fn attempt<H: Handler>(lease: &Lease, handler: &H) -> Result<(), Failure> {
    if lease.attempt() > lease.terms().attempts {
        return handler.give_up(lease).await;
    }
    AssertUnwindSafe(handler.run(lease))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Failure::Passing("the handler panicked".into())))
}

async fn put_off<H: Handler>(lease: &Lease, handler: &H) -> Result<(), Failure> {
    if lease.attempt() >= lease.terms().attempts {
        return handler.give_up(lease).await;
    }
    let doublings = u32::try_from(lease.attempt() - 1).unwrap_or(0);
    let pause = lease.terms().backoff.saturating_mul(2_u32.saturating_pow(doublings));
    Ok(lease.retry_after(pause.min(lease.terms().longest_backoff)).await?)
}

/// Keeps the lease alive; returns once it is lost, or must be taken for lost.
async fn keep(lease: &Lease, mut wakes: Subscription) {
    let terms = lease.terms();
    let mut held_until = Instant::now() + terms.lease;
    loop {
        wakes.about(lease.key(), terms.heartbeat).await;
        let asked_at = Instant::now();
        match timeout_at(held_until, lease.heartbeat()).await {
            Ok(Ok(())) => held_until = asked_at + terms.lease,
            Ok(Err(Error::Store(error))) if Instant::now() < held_until => {
                tracing::warn!(%error, "cannot keep the lease alive");
            }
            Ok(Err(Error::Lost | Error::Store(_))) | Err(_) => return,
        }
    }
}

async fn out_of_time(shutdown: &Shutdown, terms: &queue::Terms) {
    shutdown.stopping().await;
    sleep(terms.drain).await;
}
