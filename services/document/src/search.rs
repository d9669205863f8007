//! Hybrid search: BM25 over words and cosine over meaning, each over the permitted passages alone,
//! fused by reciprocal ranks.

use std::collections::{HashMap, HashSet};

use elenchus_embedding::{Embedder, MODEL_NAME};
use uuid::Uuid;

use crate::domain::{Error, Passage};
use crate::store::{Candidates, Scope, Store};

/// How soon more of the same word stops counting, and how much length counts against a passage.
const SATURATION: f64 = 1.2;
const LENGTH_WEIGHT: f64 = 0.75;
/// What tempers the lead of the first ranks when two rankings are fused.
const RANK_DAMPING: f64 = 60.0;
/// Places of each ranking that are fused.
const DEPTH: usize = 50;

/// A passage that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The passage.
    pub passage: Passage,
    /// Its document's name.
    pub filename: String,
    /// How well it fits; higher is better.
    pub score: f64,
}

/// Finds passages.
#[derive(Clone)]
pub struct Search {
    store: Store,
    embedder: Option<Embedder>,
}

impl Search {
    /// By words, and by meaning where a model is installed.
    pub fn new(store: Store, embedder: Option<Embedder>) -> Self {
        Self { store, embedder }
    }

    /// The best passages of the scope, the best first.
    pub async fn find(&self, scope: &Scope, query: &str, limit: usize) -> Result<Vec<Hit>, Error> {
        let mut named = scope.documents.clone();
        named.sort_unstable();
        named.dedup();
        if self.store.count_owned(scope.owner, &named).await? < named.len() {
            return Err(Error::NotFound);
        }
        let by_words = bm25(&self.store.candidates(scope, query).await?);
        let by_meaning = self.by_meaning(scope, query).await?;
        let fused = fuse(&[by_words, by_meaning], limit);

        let ids: Vec<Uuid> = fused.iter().map(|(id, _)| *id).collect();
        let mut found: HashMap<Uuid, (Passage, String)> = self
            .store
            .found(&ids)
            .await?
            .into_iter()
            .map(|(passage, filename)| (passage.chunk_id, (passage, filename)))
            .collect();
        let hit = |(id, score)| {
            let (passage, filename) = found.remove(&id)?;
            Some(Hit { passage, filename, score })
        };
        Ok(fused.into_iter().filter_map(hit).collect())
    }

    async fn by_meaning(&self, scope: &Scope, query: &str) -> Result<Vec<Uuid>, Error> {
        let Some(embedder) = &self.embedder else { return Ok(Vec::new()) };
        let vectors = self.store.vectors(scope, MODEL_NAME).await?;
        if vectors.is_empty() {
            return Ok(Vec::new());
        }
        match embedder.embed_query(query.to_owned()).await {
            Ok(wanted) => {
                let dot =
                    |vector: &[f32]| vector.iter().zip(&wanted).map(|(a, b)| a * b).sum::<f32>();
                Ok(ranked(vectors.into_iter().map(|(id, vector)| (id, f64::from(dot(&vector))))))
            }
            Err(error) => {
                tracing::warn!(%error, "the query could not be embedded; words alone decide");
                Ok(Vec::new())
            }
        }
    }
}

/// Passages by BM25. Every passage that holds a word of the query is among the candidates, so the
/// counts over them are the counts over all.
fn bm25(candidates: &Candidates) -> Vec<Uuid> {
    let mut holding: HashMap<&str, HashSet<Uuid>> = HashMap::new();
    for occurrence in &candidates.occurrences {
        holding.entry(&occurrence.lexeme).or_default().insert(occurrence.chunk_id);
    }
    let total = candidates.total as f64;
    let mut scores: HashMap<Uuid, f64> = HashMap::new();
    for occurrence in &candidates.occurrences {
        let holders =
            holding.get(occurrence.lexeme.as_str()).map_or(0.0, |holders| holders.len() as f64);
        let rarity = ((total - holders + 0.5) / (holders + 0.5)).ln_1p();
        let length = f64::from(occurrence.word_count) / candidates.mean_words.max(1.0);
        let count = f64::from(occurrence.count);
        let norm = SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * length);
        *scores.entry(occurrence.chunk_id).or_default() +=
            rarity * count * (SATURATION + 1.0) / (count + norm);
    }
    ranked(scores)
}

/// The best first; what scores alike stands in the order of ids, so that a ranking is always the same.
fn ranked(scores: impl IntoIterator<Item = (Uuid, f64)>) -> Vec<Uuid> {
    let mut scores: Vec<(Uuid, f64)> = scores.into_iter().collect();
    scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scores.into_iter().take(DEPTH).map(|(id, _)| id).collect()
}

fn fuse(rankings: &[Vec<Uuid>], limit: usize) -> Vec<(Uuid, f64)> {
    let mut scores: HashMap<Uuid, f64> = HashMap::new();
    for ranking in rankings {
        for (rank, id) in (1_u32..).zip(ranking) {
            *scores.entry(*id).or_default() += 1.0 / (RANK_DAMPING + f64::from(rank));
        }
    }
    let mut fused: Vec<(Uuid, f64)> = scores.into_iter().collect();
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    fused.truncate(limit);
    fused
}
