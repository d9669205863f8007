//! Looks at the vector of every permitted passage. Documents do not change once they were read, so their
//! vectors are remembered.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use elenchus_embedding::similarity;
use moka::sync::Cache;
use uuid::Uuid;

use super::{Best, Near, Nearest};
use crate::domain::Error;
use crate::store::{Scope, Store, StoredVectors};

/// Documents whose vectors are read at once.
const BATCH: usize = 64;

/// A document as it was at a moment, and the model.
type Key = (Uuid, DateTime<Utc>, Arc<str>);

/// The exact search.
#[derive(Clone)]
pub(crate) struct ExactScan {
    store: Store,
    remembered: Cache<Key, Arc<StoredVectors>>,
}

impl ExactScan {
    /// Remembers at most so many bytes of vectors.
    pub(crate) fn new(store: Store, memory: u64) -> Self {
        let remembered = Cache::builder()
            .max_capacity(memory)
            .weigher(|_, vectors: &Arc<StoredVectors>| {
                u32::try_from(vectors.size()).unwrap_or(u32::MAX)
            })
            .build();
        Self { store, remembered }
    }

    async fn vectors(&self, keys: &[Key], model: &str) -> Result<Vec<Arc<StoredVectors>>, Error> {
        let known: Vec<_> = keys.iter().map(|key| (key, self.remembered.get(key))).collect();
        let unknown: Vec<Uuid> =
            known.iter().filter(|(_, vectors)| vectors.is_none()).map(|(key, _)| key.0).collect();
        let mut read = match unknown.is_empty() {
            true => Default::default(),
            false => self.store.vectors(&unknown, model).await?,
        };
        let vectors = known.into_iter().map(|(key, vectors)| {
            vectors.unwrap_or_else(|| {
                let vectors = Arc::new(read.remove(&key.0).unwrap_or_default());
                self.remembered.insert(key.clone(), Arc::clone(&vectors));
                vectors
            })
        });
        Ok(vectors.collect())
    }
}

#[async_trait]
impl Nearest for ExactScan {
    async fn nearest(
        &self,
        scope: &Scope,
        model: &str,
        wanted: &[f32],
        most: usize,
    ) -> Result<Vec<Near>, Error> {
        let name: Arc<str> = model.into();
        let keys: Vec<Key> = self
            .store
            .permitted(scope)
            .await?
            .into_iter()
            .map(|(document, updated_at)| (document, updated_at, Arc::clone(&name)))
            .collect();
        let mut best = Best::new(most);
        for batch in keys.chunks(BATCH) {
            for vectors in self.vectors(batch, model).await? {
                // A provider may come to give vectors of another length under the same name.
                for (id, vector) in vectors.iter().filter(|(_, v)| v.len() == wanted.len()) {
                    best.show((id, f64::from(similarity(vector, wanted))));
                }
            }
            // A large scope must not hold its thread for long.
            tokio::task::yield_now().await;
        }
        Ok(best.finish())
    }
}
