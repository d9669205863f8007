//! Which passages are nearest in meaning: by looking at each, or by pgvector's index where the database
//! has it. Both look at the permitted passages alone, and rank by the same exact cosine.

mod exact;
mod hnsw;
mod index;

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::Error;
use crate::store::Scope;

pub(crate) use self::exact::ExactScan;
pub(crate) use self::hnsw::Hnsw;
pub(crate) use self::index::{Expression, Index};

/// When each passage is looked at, and how much of that is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Up to so many permitted passages each is looked at, also where there is an index: it costs less than
    /// the index asked with a filter, and misses nothing.
    pub exact_up_to: i64,
    /// Bytes of vectors that are kept in memory.
    pub memory: u64,
    /// Passages that are ranked by words at most, where more are permitted.
    pub candidates: i64,
}

impl Default for Effort {
    fn default() -> Self {
        Self { exact_up_to: 50_000, memory: 256 << 20, candidates: 20_000 }
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

/// Keeps the best of what it is shown.
struct Best {
    most: usize,
    kept: Vec<Near>,
}

impl Best {
    fn new(most: usize) -> Self {
        Self { most, kept: Vec::with_capacity(8 * most) }
    }

    fn show(&mut self, near: Near) {
        self.kept.push(near);
        if self.kept.len() == self.kept.capacity() {
            self.cut();
        }
    }

    /// What is equally near stands in the order of ids, so that a ranking is always the same.
    fn cut(&mut self) {
        self.kept.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        self.kept.truncate(self.most);
    }

    fn finish(mut self) -> Vec<Near> {
        self.cut();
        self.kept
    }
}
