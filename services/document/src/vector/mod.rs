//! Which passages are nearest in meaning: by looking at each, or by pgvector's index where the database
//! has it. Both look at the permitted passages alone, and rank by the same exact cosine.

mod exact;
mod hnsw;
mod index;
mod retired;

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::Error;
use crate::store::Scope;

pub(crate) use self::exact::ExactScan;
pub(crate) use self::hnsw::Hnsw;
pub(crate) use self::index::{Expression, Index};

/// When each passage is looked at, and how much of that is remembered. Of meaning and of words alike.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Up to so many permitted passages each is looked at, also where there is an index: it costs less than
    /// the index asked with a filter, and misses nothing.
    pub exact_up_to: i64,
    /// Bytes of vectors that are kept in memory.
    pub memory: u64,
    /// Up to so many permitted passages those that share any word with a query are ranked by words.
    pub words_exact_up_to: i64,
    /// Bytes of words that are kept in memory.
    pub word_memory: u64,
    /// Passages that are ranked by words, about, where more are permitted.
    pub candidates: i64,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            exact_up_to: 50_000,
            memory: 256 << 20,
            words_exact_up_to: 200_000,
            word_memory: 128 << 20,
            candidates: 20_000,
        }
    }
}

/// A passage, and the cosine between its vector and the one that was asked with.
pub(crate) type Near = (Uuid, f64);

/// Finds the nearest passages.
#[async_trait]
pub(crate) trait Nearest: Send + Sync {
    /// The nearest of the permitted passages that have a vector of the model, the nearest first.
    async fn nearest(
        &self,
        scope: &Scope,
        model: &str,
        wanted: &[f32],
        most: usize,
    ) -> Result<Vec<Near>, Error>;
}
