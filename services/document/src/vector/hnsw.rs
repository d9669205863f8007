//! Asks pgvector's index where the scope is large. The index proposes; the exact cosine ranks.

use async_trait::async_trait;
use elenchus_embedding::similarity;

use super::{ExactScan, Index, Near, Nearest};
use crate::best::Best;
use crate::domain::Error;
use crate::store::{Scope, Store};

/// Passages that the index proposes for each that is wanted.
const PROPOSED: usize = 2;

/// The index, and the exact search where the index is not ready or not better.
pub(crate) struct Hnsw {
    store: Store,
    index: Index,
    exact: ExactScan,
    exact_up_to: i64,
}

impl Hnsw {
    /// Over an index that may not be there yet.
    pub(crate) fn new(store: Store, index: Index, exact: ExactScan, exact_up_to: i64) -> Self {
        Self { store, index, exact, exact_up_to }
    }
}

#[async_trait]
impl Nearest for Hnsw {
    async fn nearest(
        &self,
        scope: &Scope,
        model: &str,
        wanted: &[f32],
        most: usize,
    ) -> Result<Vec<Near>, Error> {
        let index = self.index.ready_expression();
        let is_large =
            index.is_some() && self.store.count_permitted(scope).await? > self.exact_up_to;
        if let Some(expression) = index.filter(|_| is_large) {
            match self.store.proposed(scope, expression, wanted, PROPOSED * most).await {
                // A filter that few pass can starve the index.
                Ok(found) if found.len() < most => {}
                Ok(found) => {
                    let mut best = Best::new(most);
                    for (id, vector) in &found {
                        best.show((*id, f64::from(similarity(vector, wanted))));
                    }
                    return Ok(best.finish());
                }
                // The extension may have been dropped a moment ago.
                Err(error) => tracing::warn!(%error, "the vector index did not answer"),
            }
        }
        self.exact.nearest(scope, model, wanted, most).await
    }
}
