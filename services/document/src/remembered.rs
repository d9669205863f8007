//! What was read of documents before. They do not change once they were read: when something of one does, its
//! moment of change does too.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use uuid::Uuid;

/// A document as it was at a moment, and of which model what is remembered is; of none where that is empty.
pub(crate) type Key = (Uuid, DateTime<Utc>, Arc<str>);

/// Something that takes memory.
pub(crate) trait Weigh {
    /// Bytes.
    fn size(&self) -> usize;
}

/// Remembers something of each document, the least lately used of them the shortest.
pub(crate) struct Remembered<V>(Cache<Key, Arc<V>>);

impl<V: Weigh + Default + Send + Sync + 'static> Remembered<V> {
    /// At most so many bytes.
    pub(crate) fn up_to(memory: u64) -> Self {
        let size = |_: &Key, value: &Arc<V>| u32::try_from(value.size()).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(memory).weigher(size).build())
    }

    /// What belongs to each of the documents, in their order. What is not remembered is read.
    pub(crate) async fn of<E>(
        &self,
        keys: &[Key],
        read: impl AsyncFnOnce(Vec<Uuid>) -> Result<HashMap<Uuid, V>, E>,
    ) -> Result<Vec<Arc<V>>, E> {
        let known: Vec<_> = keys.iter().map(|key| (key, self.0.get(key))).collect();
        let unknown: Vec<Uuid> =
            known.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.0).collect();
        let mut found = match unknown.is_empty() {
            true => HashMap::new(),
            false => read(unknown).await?,
        };
        let values = known.into_iter().map(|(key, value)| {
            value.unwrap_or_else(|| {
                let value = Arc::new(found.remove(&key.0).unwrap_or_default());
                self.0.insert(key.clone(), Arc::clone(&value));
                value
            })
        });
        Ok(values.collect())
    }
}
