//! The words of a query, and the passages of a very large library that share the rarest of them.

use std::fmt::Write;

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::search::{bind_scope, permitted};
use super::{Scope, Store};
use crate::chunk::sections;
use crate::domain::Error;
use crate::legal::{authorities, cited};

/// Words of a query that count: the first of a longer one.
const MOST_WORDS: i64 = 64;
/// Parameters that a scope takes.
const OF_SCOPE: usize = 5;

/// The permitted passages that share a word with a query.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    /// How many permitted passages hold each of the query's words.
    pub holders: Vec<i64>,
    /// The passages, in no order.
    pub passages: Vec<Candidate>,
    /// All permitted passages.
    pub total: i64,
    /// Their mean length in words.
    pub mean_words: f64,
}

/// A passage that shares words with a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The passage.
    pub chunk_id: Uuid,
    /// Its length in words.
    pub length: u32,
    /// How often each of the query's words stands in it.
    pub counts: Vec<u32>,
}

impl Store {
    /// The words of a query as full text counts them, in the order of the query.
    pub async fn words_of(&self, query: &str) -> Result<Vec<String>, Error> {
        let words = sqlx::query_scalar(
            "SELECT lexeme FROM unnest(to_tsvector('english', $1) || array_to_tsvector($2))
             ORDER BY positions[1] NULLS FIRST, lexeme LIMIT $3",
        )
        .bind(query)
        .bind([sections(query), authorities(cited(query).iter())].concat())
        .bind(MOST_WORDS)
        .fetch_all(&self.pool)
        .await?;
        Ok(words)
    }

    /// Of `total` permitted passages those that share one of the rarest of the words, about `most`. What holds
    /// none of those could hardly come first.
    pub async fn candidates(
        &self,
        scope: &Scope,
        words: &[String],
        total: i64,
        most: i64,
    ) -> Result<Candidates, Error> {
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let holders = self.holders(scope, &words).await?;
        let rarest = rarest(&words, &holders, most);
        let passages = match rarest.is_empty() {
            true => Vec::new(),
            false => self.counted(scope, &rarest, &words).await?,
        };
        let mean_words = self.mean_words(scope, most).await?;
        Ok(Candidates { holders, passages, total, mean_words })
    }

    /// How often each of the words stands in each permitted passage that holds one of `any_of`.
    async fn counted(
        &self,
        scope: &Scope,
        any_of: &[String],
        words: &[String],
    ) -> Result<Vec<Candidate>, Error> {
        // To take the words of a passage apart costs ten times as much as to rank it by one of them.
        let mut ranks = String::new();
        for number in (OF_SCOPE + 2..).take(words.len()) {
            // Writing to a string cannot fail.
            let _ = write!(ranks, "ts_rank('{{1,1,1,1}}', chunk.words, ${number}::tsquery),");
        }
        let statement = format!(
            "SELECT chunk.chunk_id, chunk.word_count, ARRAY[{}]
             FROM chunk JOIN document USING (document_id)
             WHERE chunk.words @@ $6::tsquery AND {}",
            ranks.trim_end_matches(','),
            permitted!()
        );
        let mut query = bind_scope!(sqlx::query_as(AssertSqlSafe(statement)), scope);
        query = query.bind(any_of.join(" | "));
        for word in words {
            query = query.bind(word);
        }
        // Planned for these words: how many passages hold them decides whether the index helps.
        let rows: Vec<(Uuid, i32, Vec<f32>)> =
            query.persistent(false).fetch_all(&self.pool).await?;
        let candidate = |(chunk_id, word_count, ranks): (Uuid, i32, Vec<f32>)| Candidate {
            chunk_id,
            length: word_count.unsigned_abs(),
            counts: ranks.into_iter().map(times).collect(),
        };
        Ok(rows.into_iter().map(candidate).collect())
    }

    /// How many permitted passages hold each word.
    async fn holders(&self, scope: &Scope, words: &[String]) -> Result<Vec<i64>, Error> {
        let statement = concat!(
            "SELECT (SELECT count(*) FROM chunk JOIN document USING (document_id)
                     WHERE chunk.words @@ word::tsquery AND ",
            permitted!(),
            ") FROM unnest($6::text[]) WITH ORDINALITY AS asked (word, at) ORDER BY at"
        );
        let holders = bind_scope!(sqlx::query_scalar(statement), scope).bind(words);
        Ok(holders.fetch_all(&self.pool).await?)
    }

    /// The mean length of the first so many permitted passages.
    async fn mean_words(&self, scope: &Scope, most: i64) -> Result<f64, Error> {
        let statement = concat!(
            "SELECT coalesce(avg(word_count), 0)::float8
             FROM (SELECT word_count FROM chunk JOIN document USING (document_id) WHERE ",
            permitted!(),
            " LIMIT $6) AS permitted"
        );
        let mean = bind_scope!(sqlx::query_scalar(statement), scope).bind(most);
        Ok(mean.fetch_one(&self.pool).await?)
    }
}

/// A word as `tsquery` reads it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\\', r"\\").replace('\'', "''"))
}

/// How often a word stands where PostgreSQL ranks it so: `ts_rank` by one word of weight 1 is the sum of the
/// inverse squares up to that count, as a share of the sum of all.
fn times(rank: f32) -> u32 {
    const ALL: f64 = std::f64::consts::PI * std::f64::consts::PI / 6.0;
    /// More often than this makes no difference to anything, nor to the rank.
    const MOST: u32 = 256;
    let wanted = f64::from(rank) * ALL - 1e-6;
    let mut sum = 0.0;
    let mut count = 0;
    while sum < wanted && count < MOST {
        count += 1;
        sum += f64::from(count * count).recip();
    }
    count
}

/// The rarest words, as many as so many passages hold; one at least. What no passage holds counts for none.
fn rarest(words: &[String], holders: &[i64], most: i64) -> Vec<String> {
    let mut held: Vec<_> = words.iter().zip(holders).filter(|(_, holders)| **holders > 0).collect();
    held.sort_by_key(|(_, holders)| **holders);
    let mut sum = 0;
    let rarest = held.into_iter().take_while(|(_, holders)| {
        let is_first = sum == 0;
        sum += **holders;
        is_first || sum <= most
    });
    rarest.map(|(word, _)| word.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_says_how_often_a_word_stands() {
        let mut sum = 0.0;
        for count in 1_u32..=256 {
            sum += f64::from(count * count).recip();
            assert_eq!(times((sum / 1.644_934_066_85) as f32), count);
        }
        assert_eq!(times(0.0), 0);
    }
}
