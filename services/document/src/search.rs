//! Hybrid search: BM25 over words and cosine over meaning, each over the permitted passages alone,
//! fused by reciprocal ranks.

use std::collections::HashMap;
use std::sync::Arc;

use elenchus_embedding::{Embedder, similarity};
use uuid::Uuid;

use crate::domain::{Error, Passage};
use crate::store::{Candidates, Coverage, Scope, Store};
use crate::vector::{Near, Nearest};

/// How soon more of the same word stops counting, and how much length counts against a passage.
const SATURATION: f64 = 1.2;
const LENGTH_WEIGHT: f64 = 0.75;
/// What tempers the lead of the first ranks when two rankings are fused.
pub const RANK_DAMPING: f64 = 10.0;
/// Places of each ranking that are fused.
pub const DEPTH: usize = 50;

/// What a search goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The words of the query.
    Words,
    /// Its meaning.
    Meaning,
    /// Both, fused.
    Fusion,
}

impl Method {
    /// The method that a request names.
    pub fn parse(name: &str) -> Result<Self, Error> {
        match name {
            "" => Ok(Self::Fusion),
            "words" => Ok(Self::Words),
            "meaning" => Ok(Self::Meaning),
            _ => Err(Error::invalid("method", "must be words, meaning, or absent for both")),
        }
    }
}

/// A passage that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The passage.
    pub passage: Passage,
    /// Its document's name.
    pub filename: String,
    /// How well it fits; higher is better.
    pub score: f64,
    /// How much of the query it bears on, from 0 to 1: the share of the query's words that it holds, and
    /// how near its meaning is, in equal parts. Comparable across answers.
    pub relevance: f64,
}

/// What was found, and by what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The best first.
    pub hits: Vec<Hit>,
    /// The model that the query's meaning was compared by. None where words alone decided.
    pub model: Option<String>,
    /// How much of the scope that model bears on; the rest was searched by words alone.
    pub coverage: Coverage,
}

/// Finds passages.
#[derive(Clone)]
pub struct Search {
    store: Store,
    by_model: Option<ByModel>,
    /// Passages that are ranked by words at most, where more are permitted.
    most_candidates: i64,
}

/// What says how near meanings are.
#[derive(Clone)]
pub(crate) struct ByModel {
    pub(crate) embedder: Embedder,
    pub(crate) nearest: Arc<dyn Nearest>,
}

/// What the meaning of a query says.
struct ByMeaning {
    model: String,
    coverage: Coverage,
    wanted: Vec<f32>,
    /// The nearest first.
    near: Vec<Near>,
}

impl Search {
    /// By words, and by meaning where a model is in use.
    pub(crate) fn new(store: Store, by_model: Option<ByModel>, most_candidates: i64) -> Self {
        Self { store, by_model, most_candidates }
    }

    /// The best passages of the scope, the best first.
    pub async fn find(
        &self,
        scope: &Scope,
        query: &str,
        method: Method,
        limit: usize,
    ) -> Result<Found, Error> {
        let mut named = scope.documents.clone();
        named.sort_unstable();
        named.dedup();
        if self.store.count_owned(scope.owner, &named).await? < named.len() {
            return Err(Error::NotFound);
        }
        let by_meaning = async {
            match method {
                Method::Meaning | Method::Fusion => self.by_meaning(scope, query).await,
                Method::Words => Ok(None),
            }
        };
        let candidates = self.store.candidates(scope, query, self.most_candidates);
        let (candidates, meaning) = tokio::try_join!(candidates, by_meaning)?;
        let words = bm25(&candidates);
        let by_words = match method {
            Method::Words | Method::Fusion => ranked(&words.scores),
            Method::Meaning => Vec::new(),
        };
        let by_meaning = meaning.iter().flat_map(|meaning| &meaning.near).map(|near| near.0);
        let by_meaning = by_meaning.collect();
        let fused = fuse(&[by_words, by_meaning], limit);

        let ids: Vec<Uuid> = fused.iter().map(|(id, _)| *id).collect();
        let mut found: HashMap<Uuid, (Passage, String)> = self
            .store
            .found(&ids)
            .await?
            .into_iter()
            .map(|(passage, filename)| (passage.chunk_id, (passage, filename)))
            .collect();
        let near = self.nearness(&ids, meaning.as_ref()).await?;
        let hit = |(id, score)| {
            let (passage, filename) = found.remove(&id)?;
            let held = words.held.get(&id).copied().unwrap_or_default();
            let relevance = match meaning {
                Some(_) => (held + near.get(&id).copied().unwrap_or_default().max(0.0)) / 2.0,
                None => held,
            };
            Some(Hit { passage, filename, score, relevance })
        };
        let hits = fused.into_iter().filter_map(hit).collect();
        let (model, coverage) = match meaning {
            Some(ByMeaning { model, coverage, .. }) => (Some(model), coverage),
            None => (None, Coverage { embedded: 0, ..self.store.coverage(scope, "").await? }),
        };
        Ok(Found { hits, model, coverage })
    }

    /// The passages whose meaning is nearest to the query's. None where no model says it.
    async fn by_meaning(&self, scope: &Scope, query: &str) -> Result<Option<ByMeaning>, Error> {
        let Some(ByModel { embedder, nearest }) = &self.by_model else { return Ok(None) };
        let wanted = match embedder.embed_query(query.to_owned()).await {
            Ok(wanted) => wanted,
            Err(error) => {
                tracing::warn!(%error, "the query could not be embedded; words alone decide");
                return Ok(None);
            }
        };
        let model = embedder.model().to_owned();
        let near = nearest.nearest(scope, &model, &wanted, DEPTH).await?;
        if near.is_empty() {
            return Ok(None);
        }
        let coverage = self.store.coverage(scope, &model).await?;
        Ok(Some(ByMeaning { model, coverage, wanted, near }))
    }

    /// How near these passages are, also where others are nearer.
    async fn nearness(
        &self,
        ids: &[Uuid],
        meaning: Option<&ByMeaning>,
    ) -> Result<HashMap<Uuid, f64>, Error> {
        let Some(ByMeaning { model, wanted, near, .. }) = meaning else {
            return Ok(HashMap::new());
        };
        let mut nearness: HashMap<Uuid, f64> = near.iter().copied().collect();
        let further: Vec<Uuid> =
            ids.iter().filter(|id| !nearness.contains_key(*id)).copied().collect();
        if !further.is_empty() {
            let vectors = self.store.vectors_of(&further, model).await?;
            let further = vectors.into_iter();
            nearness
                .extend(further.map(|(id, vector)| (id, f64::from(similarity(&vector, wanted)))));
        }
        Ok(nearness)
    }
}

/// What the words of a query say of the passages that hold any.
struct ByWords {
    /// BM25.
    scores: HashMap<Uuid, f64>,
    /// The share of the query's words that a passage holds, rare words counting more.
    held: HashMap<Uuid, f64>,
}

/// Scores passages by BM25.
fn bm25(candidates: &Candidates) -> ByWords {
    let total = candidates.total as f64;
    let rarity: HashMap<&str, f64> = candidates
        .lexemes
        .iter()
        .map(|word| {
            let holders = word.holders as f64;
            (&*word.lexeme, ((total - holders + 0.5) / (holders + 0.5)).max(0.0).ln_1p())
        })
        .collect();
    let asked: f64 = rarity.values().sum();
    let mut found = ByWords { scores: HashMap::new(), held: HashMap::new() };
    for occurrence in &candidates.occurrences {
        let rarity = rarity.get(&*occurrence.lexeme).copied().unwrap_or_default();
        let length = f64::from(occurrence.word_count) / candidates.mean_words.max(1.0);
        let count = f64::from(occurrence.count);
        let norm = SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * length);
        *found.scores.entry(occurrence.chunk_id).or_default() +=
            rarity * count * (SATURATION + 1.0) / (count + norm);
        *found.held.entry(occurrence.chunk_id).or_default() += rarity / asked;
    }
    found
}

/// The best first; what scores alike stands in the order of ids, so that a ranking is always the same.
fn ranked(scores: &HashMap<Uuid, f64>) -> Vec<Uuid> {
    let mut scores: Vec<(Uuid, f64)> = scores.iter().map(|(id, score)| (*id, *score)).collect();
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
