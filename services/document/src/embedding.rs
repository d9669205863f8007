//! Gives passages their vectors: batch by batch, each kept as it is made, when a document is read or later.
//! What is later waits in a queue of its own: a document is found by its words meanwhile.

use std::time::Duration;

use async_trait::async_trait;
use elenchus_durable::{Failure, Handler, Lease, Terms};
use elenchus_embedding::Embedder;
use elenchus_rpc::Shutdown;
use uuid::Uuid;

use crate::store::{Bare, Store};
use crate::vector::Index;

/// The table whose rows are the jobs, and the channel of their wakes.
pub(crate) const EMBEDDING_TABLE: &str = "embedding_job";

/// Passages that are embedded at once, between two signs of progress.
const BATCH: i64 = 64;
/// How often it is looked for documents that another model embedded: an older process may still read some.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// Embeds what was not embedded when it was read.
pub(crate) struct Embeddings {
    pub(crate) store: Store,
    pub(crate) embedder: Embedder,
    /// What holds the vectors, and those of models before.
    pub(crate) index: Index,
    /// How long a provider is left alone that cannot be reached.
    pub(crate) pause: Duration,
}

/// Why passages stay without vectors this time.
pub(crate) enum Stop {
    /// The provider is to blame, and nobody here.
    Provider(elenchus_embedding::Error),
    /// This try is.
    Try(Failure),
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Try(error.into())
    }
}

/// A job is tried until it is done: nobody could mend one that was given up.
pub(crate) fn terms(terms: Terms) -> Terms {
    Terms { attempts: i32::MAX, ..terms }
}

/// Gives the next passages of a document that have none a vector. How many then still lack one.
pub(crate) async fn embed_next(
    store: &Store,
    embedder: &Embedder,
    lease: &Lease,
    document: Uuid,
) -> Result<i64, Stop> {
    let model = embedder.model();
    let (bare, lacking) = store.bare_passages(document, model, BATCH).await?;
    if bare.is_empty() {
        return Ok(0);
    }
    let texts = bare.iter().map(Bare::in_context).collect();
    let vectors = match embedder.embed_passages(texts).await {
        Ok(vectors) => vectors,
        Err(error) if error.is_of_provider() => return Err(Stop::Provider(error)),
        Err(error) => return Err(Stop::Try(Failure::Passing(error.into()))),
    };
    store.keep_vectors(lease, model, &bare, vectors).await?;
    Ok(lacking - i64::try_from(bare.len()).unwrap_or(lacking))
}

impl Embeddings {
    async fn embed(&self, lease: &Lease) -> Result<(), Stop> {
        while embed_next(&self.store, &self.embedder, lease, lease.key()).await? > 0 {}
        if self.store.end_embedding(lease, self.embedder.model()).await? {
            self.index.look_again();
        }
        Ok(())
    }
}

#[async_trait]
impl Handler for Embeddings {
    async fn run(&self, lease: &Lease) -> Result<(), Failure> {
        let Some(model) = self.store.embedding_job(lease).await? else { return Err(Failure::Lost) };
        if model != self.embedder.model() {
            return Ok(lease.postpone(self.pause).await?);
        }
        match self.embed(lease).await {
            Ok(()) => Ok(()),
            Err(Stop::Try(failure)) => Err(failure),
            Err(Stop::Provider(error)) => {
                tracing::warn!(%error, "a document waits for its vectors, and is found by words alone");
                Ok(lease.postpone(error.retry_after().unwrap_or(self.pause)).await?)
            }
        }
    }

    async fn give_up(&self, lease: &Lease) -> Result<(), Failure> {
        Ok(lease.retry_after(Terms::default().longest_backoff).await?)
    }
}

/// Queues what another model embedded, at start and now and then, until the stop.
pub(crate) async fn keep_queued(store: Store, model: String, shutdown: Shutdown) {
    loop {
        match store.queue_embeddings(&model).await {
            Ok(0) => {}
            Ok(count) => {
                tracing::info!(count, model, "documents are embedded anew in the background")
            }
            Err(error) => tracing::warn!(%error, "it is unknown which documents lack vectors"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = shutdown.stopping() => return,
        }
    }
}
