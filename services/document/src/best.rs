//! The best of many.

use uuid::Uuid;

/// Keeps the best of the passages that it is shown.
pub(crate) struct Best {
    most: usize,
    kept: Vec<(Uuid, f64)>,
}

impl Best {
    /// So many of them.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Vec::with_capacity(8 * most) }
    }

    /// Shows it a passage with its score; higher is better.
    pub(crate) fn show(&mut self, scored: (Uuid, f64)) {
        self.kept.push(scored);
        if self.kept.len() == self.kept.capacity() {
            self.cut();
        }
    }

    /// What is equally good stands in the order of ids, so that a ranking is always the same.
    fn cut(&mut self) {
        self.kept.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        self.kept.truncate(self.most);
    }

    /// The best ones, the best first.
    pub(crate) fn finish(mut self) -> Vec<(Uuid, f64)> {
        self.cut();
        self.kept
    }
}
