//! Hybrid search: BM25 over words and cosine over meaning, each over the permitted passages alone,
//! fused by reciprocal ranks.

mod copies;
mod ranking;
mod words;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use elenchus_embedding::{Embedder, similarity};
use uuid::Uuid;

use crate::domain::{Error, Passage};
use crate::store::{Coverage, FoundPassage, Scope, Store};
use crate::vector::{Effort, Near, Nearest};

use self::copies::copies;
pub use self::ranking::{DEPTH, RANK_DAMPING};
use self::ranking::{fused, places};
use self::words::Words;

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
pub struct Search {
    store: Store,
    by_model: Option<ByModel>,
    words: Words,
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
    pub(crate) fn new(store: Store, by_model: Option<ByModel>, effort: Effort) -> Self {
        Self { words: Words::new(store.clone(), effort), store, by_model }
    }

    /// The best passages of the scope, the best first.
    pub async fn find(
        &self,
        scope: &Scope,
        query: &str,
        method: Method,
        limit: usize,
    ) -> Result<Found, Error> {
        self.check_named(scope).await?;
        let by_meaning = async {
            match method {
                Method::Meaning | Method::Fusion => self.by_meaning(scope, query).await,
                Method::Words => Ok(None),
            }
        };
        let by_words = self.words.ask(scope, query);
        let (words, meaning) = tokio::try_join!(by_words, by_meaning)?;
        let by_words = match method {
            Method::Words | Method::Fusion => places(words.best.iter().copied()),
            Method::Meaning => Vec::new(),
        };
        let by_meaning = places(meaning.iter().flat_map(|meaning| meaning.near.iter().copied()));
        let scores = fused(&[by_words, by_meaning]);
        let found = self.store.found(&scores.keys().copied().collect::<Vec<_>>()).await?;
        let found = ordered(found, &scores, limit);

        let near = self.nearness(&found, meaning.as_ref()).await?;
        let relevance = |one: &FoundPassage| match near.get(&one.passage.chunk_id) {
            _ if meaning.is_none() => words.held(one),
            near => (words.held(one) + near.copied().unwrap_or_default().max(0.0)) / 2.0,
        };
        let hit = |one: FoundPassage| Hit {
            score: scores.get(&one.passage.chunk_id).copied().unwrap_or_default(),
            relevance: relevance(&one),
            passage: one.passage,
            filename: one.filename,
        };
        let hits = found.into_iter().map(hit).collect();
        let (model, coverage) = match meaning {
            Some(ByMeaning { model, coverage, .. }) => (Some(model), coverage),
            None => (None, Coverage { embedded: 0, ..self.store.coverage(scope, "").await? }),
        };
        Ok(Found { hits, model, coverage })
    }

    /// Whether the documents that are named are the owner's.
    async fn check_named(&self, scope: &Scope) -> Result<(), Error> {
        let mut named = scope.documents.clone();
        named.sort_unstable();
        named.dedup();
        match self.store.count_owned(scope.owner, &named).await? < named.len() {
            true => Err(Error::NotFound),
            false => Ok(()),
        }
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
        found: &[FoundPassage],
        meaning: Option<&ByMeaning>,
    ) -> Result<HashMap<Uuid, f64>, Error> {
        let Some(ByMeaning { model, wanted, near, .. }) = meaning else {
            return Ok(HashMap::new());
        };
        let mut nearness: HashMap<Uuid, f64> = near.iter().copied().collect();
        let ids = found.iter().map(|one| one.passage.chunk_id);
        let further: Vec<Uuid> = ids.filter(|id| !nearness.contains_key(id)).collect();
        if !further.is_empty() {
            let vectors = self.store.vectors_of(&further, model).await?;
            let further = vectors.into_iter();
            nearness
                .extend(further.map(|(id, vector)| (id, f64::from(similarity(&vector, wanted)))));
        }
        Ok(nearness)
    }
}

/// The first of what was found, the best first; what says the same as a better one stands behind all others.
fn ordered(
    mut found: Vec<FoundPassage>,
    scores: &HashMap<Uuid, f64>,
    limit: usize,
) -> Vec<FoundPassage> {
    let score = |one: &FoundPassage| scores.get(&one.passage.chunk_id).copied().unwrap_or_default();
    // What scores alike, such as two copies of one form: the newest document first, as in every list.
    let place = |one: &FoundPassage| {
        (Reverse((one.created_at, one.passage.document_id)), one.passage.chunk_index)
    };
    found.sort_by(|a, b| score(b).total_cmp(&score(a)).then_with(|| place(a).cmp(&place(b))));
    let texts = found.iter().map(|one| (one.passage.document_id, one.passage.content.as_str()));
    let mut copies = copies(texts).into_iter();
    let (copied, mut ordered): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|_| copies.next().unwrap_or_default());
    ordered.extend(copied);
    ordered.truncate(limit);
    ordered
}
