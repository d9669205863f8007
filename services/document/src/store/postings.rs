//! The words of a document's passages as they are remembered: which passages hold each, and how often.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use futures_util::TryStreamExt;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Postgres, Type};
use uuid::Uuid;

use super::Store;
use crate::domain::Error;
use crate::remembered::Weigh;

/// A word as it is looked for. Two words hardly ever have the same.
pub type WordHash = u64;

/// Which passages of a document hold which words.
#[derive(Debug, Default)]
pub struct Postings {
    /// The passages with their lengths in words, in order.
    passages: Vec<(Uuid, u32)>,
    /// Each word of the document, in order, and where its places begin.
    words: Vec<WordHash>,
    starts: Vec<u32>,
    places: Vec<Place>,
}

/// A passage of the document that holds a word, and how often, in one number.
#[derive(Debug, Clone, Copy)]
struct Place(u32);

impl Place {
    const COUNT_BITS: u32 = 8;
    const MOST: u32 = (1 << Self::COUNT_BITS) - 1;

    fn new(passage: u32, count: u32) -> Self {
        Self((passage << Self::COUNT_BITS) | count.min(Self::MOST))
    }

    fn passage(self) -> usize {
        (self.0 >> Self::COUNT_BITS) as usize
    }

    fn count(self) -> u32 {
        self.0 & Self::MOST
    }
}

/// A word as it is looked for.
pub fn hash(word: &[u8]) -> WordHash {
    let mut hasher = DefaultHasher::new();
    word.hash(&mut hasher);
    hasher.finish()
}

impl Postings {
    /// The passages with their lengths in words.
    pub fn passages(&self) -> &[(Uuid, u32)] {
        &self.passages
    }

    /// The passages that hold a word, by their places among the passages, and how often each does.
    pub fn of(&self, word: WordHash) -> impl ExactSizeIterator<Item = (usize, u32)> {
        let found = self.words.binary_search(&word).ok();
        let places = found.map_or(&[][..], |at| {
            let end = self.starts.get(at + 1).map_or(self.places.len(), |end| *end as usize);
            &self.places[self.starts[at] as usize..end]
        });
        places.iter().map(|place| (place.passage(), place.count()))
    }

    fn of_rows(rows: Vec<Row>) -> Self {
        let mut postings = Self::default();
        let mut held: Vec<(WordHash, Place)> = Vec::new();
        for (row, number) in rows.into_iter().zip(0..) {
            postings.passages.push((row.chunk_id, row.word_count.unsigned_abs()));
            held.extend(
                row.words.0.iter().map(|(word, count)| (*word, Place::new(number, *count))),
            );
        }
        held.sort_unstable_by_key(|(word, place)| (*word, place.0));
        for (word, place) in held {
            if postings.words.last() != Some(&word) {
                postings.words.push(word);
                postings.starts.push(u32::try_from(postings.places.len()).unwrap_or(u32::MAX));
            }
            postings.places.push(place);
        }
        postings
    }
}

impl Weigh for Postings {
    fn size(&self) -> usize {
        size_of::<Self>()
            + size_of_val(&*self.passages)
            + size_of_val(&*self.words)
            + size_of_val(&*self.starts)
            + size_of_val(&*self.places)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    document_id: Uuid,
    chunk_id: Uuid,
    word_count: i32,
    words: Counted,
}

/// The words of a `tsvector`, and how often each stands there.
struct Counted(Vec<(WordHash, u32)>);

impl Type<Postgres> for Counted {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("tsvector")
    }
}

impl<'r> Decode<'r, Postgres> for Counted {
    /// As `tsvectorsend` writes it: their number; each word up to a zero, the number of its places, the places.
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        const CUT: &str = "a tsvector ends early";
        if value.format() != PgValueFormat::Binary {
            return Err("a tsvector came as text".into());
        }
        let (number, mut rest) = value.as_bytes()?.split_first_chunk::<4>().ok_or(CUT)?;
        let mut words = Vec::with_capacity(u32::from_be_bytes(*number) as usize);
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == 0).ok_or(CUT)?;
            let word = hash(&rest[..end]);
            let (count, after) = rest[end + 1..].split_first_chunk::<2>().ok_or(CUT)?;
            let count = u16::from_be_bytes(*count);
            rest = after.get(2 * usize::from(count)..).ok_or(CUT)?;
            // A citation is a word without a place.
            words.push((word, u32::from(count.max(1))));
        }
        Ok(Self(words))
    }
}

impl Store {
    /// The words of the passages of these documents.
    pub async fn postings(&self, documents: &[Uuid]) -> Result<HashMap<Uuid, Postings>, Error> {
        let mut rows = sqlx::query_as::<_, Row>(
            "SELECT document_id, chunk_id, word_count, words FROM chunk WHERE document_id = ANY($1)
             ORDER BY document_id, chunk_index",
        )
        .bind(documents)
        .fetch(&self.pool);
        let mut of_documents: HashMap<Uuid, Vec<Row>> = HashMap::new();
        while let Some(row) = rows.try_next().await? {
            of_documents.entry(row.document_id).or_default().push(row);
        }
        let postings = of_documents.into_iter();
        Ok(postings.map(|(document, rows)| (document, Postings::of_rows(rows))).collect())
    }
}
