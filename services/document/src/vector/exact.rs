//! Looks at the vector of every permitted passage.

use std::sync::Arc;

use async_trait::async_trait;
use elenchus_embedding::similarity;

use super::{Near, Nearest};
use crate::best::Best;
use crate::domain::Error;
use crate::remembered::{Key, Remembered};
use crate::store::{Scope, Store, StoredVectors};

/// Documents whose vectors are read at once.
const BATCH: usize = 64;

/// The exact search.
pub(crate) struct ExactScan {
    store: Store,
    remembered: Remembered<StoredVectors>,
}

impl ExactScan {
    /// Remembers at most so many bytes of vectors.
    pub(crate) fn new(store: Store, memory: u64) -> Self {
        Self { store, remembered: Remembered::up_to(memory) }
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
        let permitted = self.store.permitted(scope).await?.into_iter();
        let keys: Vec<Key> =
            permitted.map(|(document, changed)| (document, changed, Arc::clone(&name))).collect();
        let mut best = Best::new(most);
        for batch in keys.chunks(BATCH) {
            let read = async |documents: Vec<_>| self.store.vectors(&documents, model).await;
            for vectors in self.remembered.of(batch, read).await? {
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
