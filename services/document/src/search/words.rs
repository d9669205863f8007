//! What the words of a query say of the permitted passages: BM25. The words of documents searched before are
//! in memory; only in a very large library does the database propose passages by the query's rarest words.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::ranking::DEPTH;
use crate::best::Best;
use crate::domain::Error;
use crate::remembered::{Key, Remembered};
use crate::store::{Candidates, FoundPassage, Postings, Scope, Store, WordHash, hash};
use crate::vector::Effort;

/// How soon more of the same word stops counting, and how much length counts against a passage.
const SATURATION: f64 = 1.2;
const LENGTH_WEIGHT: f64 = 0.75;
/// Documents whose words are read, or looked through, at once.
const BATCH: usize = 64;

/// Finds passages by words.
pub(super) struct Words {
    store: Store,
    remembered: Remembered<Postings>,
    effort: Effort,
}

/// What a query's words say.
pub(super) struct ByWords {
    /// The passages that score highest, the best first.
    pub(super) best: Vec<(Uuid, f64)>,
    bm25: Bm25,
    held: Held,
}

/// Which passages hold which words of the query.
enum Held {
    /// Known of all permitted ones, by document.
    Everywhere { documents: HashMap<Uuid, Arc<Postings>>, words: Vec<WordHash> },
    /// Known of the candidates.
    Candidates(HashMap<Uuid, Vec<u32>>),
}

/// How much each word of a query counts, and how long passages are.
struct Bm25 {
    rarities: Vec<f64>,
    mean_words: f64,
}

impl Words {
    pub(super) fn new(store: Store, effort: Effort) -> Self {
        Self { store, remembered: Remembered::up_to(effort.word_memory), effort }
    }

    /// Ranks the permitted passages that share a word with the query.
    pub(super) async fn ask(&self, scope: &Scope, query: &str) -> Result<ByWords, Error> {
        let words = self.store.words_of(query).await?;
        let total = self.store.count_permitted(scope).await?;
        if total > self.effort.words_exact_up_to {
            let most = self.effort.candidates;
            return Ok(among(self.store.candidates(scope, &words, total, most).await?));
        }
        let documents = self.documents(scope).await?;
        let words: Vec<WordHash> = words.iter().map(|word| hash(word.as_bytes())).collect();
        let bm25 = Bm25::over(&documents, &words);
        let mut best = Best::new(DEPTH);
        for batch in documents.chunks(BATCH) {
            batch.iter().for_each(|(_, document)| bm25.score(document, &words, &mut best));
            // A large scope must not hold its thread for long.
            tokio::task::yield_now().await;
        }
        let held = Held::Everywhere { documents: documents.into_iter().collect(), words };
        Ok(ByWords { best: best.finish(), bm25, held })
    }

    async fn documents(&self, scope: &Scope) -> Result<Vec<(Uuid, Arc<Postings>)>, Error> {
        let permitted = self.store.permitted(scope).await?.into_iter();
        let none: Arc<str> = "".into();
        let keys: Vec<Key> =
            permitted.map(|(document, changed)| (document, changed, Arc::clone(&none))).collect();
        let mut documents = Vec::with_capacity(keys.len());
        for batch in keys.chunks(BATCH) {
            let read = async |unknown: Vec<_>| self.store.postings(&unknown).await;
            let found = self.remembered.of(batch, read).await?;
            documents.extend(batch.iter().map(|key| key.0).zip(found));
        }
        Ok(documents)
    }
}

/// Ranks what the database proposes.
fn among(candidates: Candidates) -> ByWords {
    let bm25 = Bm25::new(candidates.total, &candidates.holders, candidates.mean_words);
    let mut best = Best::new(DEPTH);
    for passage in &candidates.passages {
        let counts = passage.counts.iter().zip(&bm25.rarities);
        let score = counts.map(|(count, rarity)| rarity * bm25.share(*count, passage.length));
        best.show((passage.chunk_id, score.sum()));
    }
    let passages = candidates.passages.into_iter();
    let held = passages.map(|passage| (passage.chunk_id, passage.counts)).collect();
    ByWords { best: best.finish(), bm25, held: Held::Candidates(held) }
}

impl ByWords {
    /// The share of the query's words that a passage holds, rare words counting more.
    pub(super) fn held(&self, found: &FoundPassage) -> f64 {
        let is_held: Vec<bool> = match &self.held {
            Held::Everywhere { documents, words } => {
                let Some(document) = documents.get(&found.passage.document_id) else { return 0.0 };
                let mut passages = document.passages().iter();
                let Some(at) = passages.position(|(id, _)| *id == found.passage.chunk_id) else {
                    return 0.0;
                };
                words.iter().map(|word| document.of(*word).any(|(place, _)| place == at)).collect()
            }
            Held::Candidates(counts) => {
                let counts = counts.get(&found.passage.chunk_id);
                counts.into_iter().flatten().map(|count| *count > 0).collect()
            }
        };
        let rarities = is_held.iter().zip(&self.bm25.rarities);
        let held: f64 = rarities.filter(|(is_held, _)| **is_held).map(|(_, rarity)| rarity).sum();
        let asked: f64 = self.bm25.rarities.iter().sum();
        if asked > 0.0 { held / asked } else { 0.0 }
    }
}

impl Bm25 {
    fn new(total: i64, holders: &[i64], mean_words: f64) -> Self {
        let total = total as f64;
        let rarity = |holders: &i64| {
            let holders = *holders as f64;
            ((total - holders + 0.5) / (holders + 0.5)).max(0.0).ln_1p()
        };
        Self { rarities: holders.iter().map(rarity).collect(), mean_words }
    }

    /// Of these documents as a whole.
    fn over(documents: &[(Uuid, Arc<Postings>)], words: &[WordHash]) -> Self {
        let (mut total, mut length) = (0, 0.0);
        let mut holders = vec![0; words.len()];
        for (_, document) in documents {
            total += document.passages().len();
            length += document.passages().iter().map(|(_, words)| f64::from(*words)).sum::<f64>();
            for (holders, word) in holders.iter_mut().zip(words) {
                *holders += i64::try_from(document.of(*word).len()).unwrap_or(i64::MAX);
            }
        }
        let mean_words = length / total.max(1) as f64;
        Self::new(i64::try_from(total).unwrap_or(i64::MAX), &holders, mean_words)
    }

    /// Shows what the passages of a document score. Those that hold the same words as often, and are as long,
    /// score alike to the last digit.
    fn score(&self, document: &Postings, words: &[WordHash], best: &mut Best) {
        let mut scores = vec![0.0; document.passages().len()];
        for (word, rarity) in words.iter().zip(&self.rarities) {
            for (passage, count) in document.of(*word) {
                scores[passage] += rarity * self.share(count, document.passages()[passage].1);
            }
        }
        let passages = document.passages().iter().zip(scores);
        passages
            .filter(|(_, score)| *score > 0.0)
            .for_each(|((id, _), score)| best.show((*id, score)));
    }

    /// What a word that stands so often in a passage of this length adds, as a share of its rarity.
    fn share(&self, count: u32, length: u32) -> f64 {
        let length = f64::from(length) / self.mean_words.max(1.0);
        let norm = SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * length);
        let count = f64::from(count);
        count * (SATURATION + 1.0) / (count + norm)
    }
}
