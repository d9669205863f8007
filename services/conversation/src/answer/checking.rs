//! After an answer: its quotes and citations are held against the whole of its sources.

use std::sync::Arc;

use elenchus_rpc::caller::Grant;

use super::retrieve::Retriever;
use crate::citation::{self, BUDGET, Found, Lookups, Material};
use crate::domain::{Passage, Source};

/// What a check needs besides the answer.
pub(super) struct Checking {
    /// By whose leave documents are read. Without it they stay closed.
    pub(super) leave: Option<Grant>,
    pub(super) sources: Vec<Source>,
    pub(super) retriever: Retriever,
    pub(super) lookups: Lookups,
}

impl Checking {
    /// Checks what was said.
    pub(super) async fn check(&self, answer: &str, passages: &[Passage]) -> Found {
        let mut found = self.hold(answer, passages).await;
        self.lookups.complete(&mut found).await;
        found
    }

    /// Holds it against the sources. Documents are read whole only for an answer that quotes or cites.
    async fn hold(&self, answer: &str, passages: &[Passage]) -> Found {
        let material = Arc::new(Material::of(&self.sources, passages));
        let found = citation::check(answer, &material, BUDGET).await;
        if !material.has_documents() || !found.depends_on_sources() {
            return found;
        }
        let documents = self.retriever.documents(self.leave.as_ref(), passages).await;
        let whole = Arc::new(Material::whole(&self.sources, passages, documents));
        citation::check(answer, &whole, BUDGET).await
    }
}
