//! What search reads: the permitted passages that share words with a query, their vectors, and the
//! texts of those that were found. Nothing outside the scope is ever scored.

use elenchus_rpc::UserId;
use uuid::Uuid;

use super::Store;
use crate::chunk::sections;
use crate::domain::{Error, Passage, check_text};
use crate::legal::{authorities, cited};

/// Conditions on what an owner says of documents. Empty ones hold for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// The category.
    pub category: String,
    /// The jurisdiction.
    pub jurisdiction: String,
    /// The practice area.
    pub practice_area: String,
}

impl Filters {
    /// Refuses what no document can have.
    pub(crate) fn check(self) -> Result<Self, Error> {
        for (field, value) in [
            ("category", &self.category),
            ("jurisdiction", &self.jurisdiction),
            ("practice_area", &self.practice_area),
        ] {
            check_text(field, value, 0, usize::MAX)?;
        }
        Ok(self)
    }
}

/// The passages that may be found.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Whose.
    pub owner: UserId,
    /// Only in these documents; empty means all of the owner's.
    pub documents: Vec<Uuid>,
    /// Only where this is true.
    pub filters: Filters,
}

/// The permitted passages that share a word with a query, and what BM25 needs to know of them.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    /// The query's words, as full text counts them, and how many permitted passages hold each.
    pub lexemes: Vec<Lexeme>,
    /// How often each word of the query stands in each passage.
    pub occurrences: Vec<Occurrence>,
    /// All permitted passages.
    pub total: i64,
    /// Their mean length in words.
    pub mean_words: f64,
}

/// A word of the query.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Lexeme {
    /// As full text counts it.
    pub lexeme: String,
    /// The permitted passages that hold it.
    pub holders: i64,
}

/// A word of the query in a passage.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Occurrence {
    /// The passage.
    pub chunk_id: Uuid,
    /// Its length in words.
    pub word_count: i32,
    /// The word, as full text counts it.
    pub lexeme: String,
    /// How often.
    pub count: i32,
}

/// Which rows of `chunk JOIN document` are permitted; binds $1 to $5.
macro_rules! permitted {
    () => {
        "document.user_id = $1 AND document.status = 'completed'
         AND (cardinality($2::uuid[]) = 0 OR document.document_id = ANY($2))
         AND ($3 = '' OR document.category = $3) AND ($4 = '' OR document.jurisdiction = $4)
         AND ($5 = '' OR document.practice_area = $5)"
    };
}

macro_rules! bind_scope {
    ($query:expr, $scope:expr) => {
        $query
            .bind($scope.owner.0)
            .bind(&$scope.documents)
            .bind(&$scope.filters.category)
            .bind(&$scope.filters.jurisdiction)
            .bind(&$scope.filters.practice_area)
    };
}

pub(super) use {bind_scope, permitted};

impl Store {
    /// How many of these documents the owner has.
    pub async fn count_owned(&self, owner: UserId, documents: &[Uuid]) -> Result<usize, Error> {
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM document WHERE user_id = $1 AND document_id = ANY($2)",
        )
        .bind(owner.0)
        .bind(documents)
        .fetch_one(&self.pool)
        .await?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// The passages that share a word with the query; where `most` of them or more are permitted, those that
    /// share one of its rarest words, at most so many. What holds none of those could not come first.
    pub async fn candidates(
        &self,
        scope: &Scope,
        query: &str,
        most: i64,
    ) -> Result<Candidates, Error> {
        let words: Vec<String> = sqlx::query_scalar(
            "SELECT lexeme FROM unnest(to_tsvector('english', $1) || array_to_tsvector($2)) ORDER BY lexeme",
        )
        .bind(query)
        .bind([sections(query), authorities(cited(query).iter())].concat())
        .fetch_all(&self.pool)
        .await?;
        let total = self.count_permitted(scope).await?;
        if total <= most {
            let occurrences = self.occurrences(scope, &words, &words).await?;
            let holders = |word: &String| {
                let holding = occurrences.iter().filter(|one| one.lexeme == *word).count();
                Lexeme { lexeme: word.clone(), holders: i64::try_from(holding).unwrap_or(i64::MAX) }
            };
            let lexemes = words.iter().map(holders).collect();
            let mean_words = self.mean_words(scope, most).await?;
            return Ok(Candidates { lexemes, occurrences, total, mean_words });
        }
        let lexemes = self.holders(scope, &words).await?;
        let rarest = rarest(&lexemes, most);
        let occurrences = self.occurrences(scope, &rarest, &words).await?;
        let mean_words = self.mean_words(scope, most).await?;
        Ok(Candidates { lexemes, occurrences, total, mean_words })
    }

    /// How often each of the words stands in each permitted passage that holds one of `any_of`.
    async fn occurrences(
        &self,
        scope: &Scope,
        any_of: &[String],
        words: &[String],
    ) -> Result<Vec<Occurrence>, Error> {
        let statement = concat!(
            "WITH query AS (
                 SELECT string_agg(quote_literal(lexeme), ' | ')::tsquery AS any_of FROM unnest($6) AS lexeme)
             SELECT chunk.chunk_id, chunk.word_count, word.lexeme,
                    coalesce(cardinality(word.positions), 1) AS count
             FROM query, chunk JOIN document USING (document_id),
                  LATERAL unnest(chunk.words) AS word (lexeme, positions, weights)
             WHERE chunk.words @@ query.any_of AND word.lexeme = ANY($7) AND ",
            permitted!()
        );
        let occurrences = bind_scope!(sqlx::query_as(statement), scope).bind(any_of).bind(words);
        Ok(occurrences.fetch_all(&self.pool).await?)
    }

    /// How many permitted passages hold each word, the rarest first.
    async fn holders(&self, scope: &Scope, words: &[String]) -> Result<Vec<Lexeme>, Error> {
        let statement = concat!(
            "SELECT lexeme,
                    (SELECT count(*) FROM chunk JOIN document USING (document_id)
                     WHERE chunk.words @@ quote_literal(lexeme)::tsquery AND ",
            permitted!(),
            ") AS holders
             FROM unnest($6::text[]) AS lexeme ORDER BY holders, lexeme"
        );
        let holders = bind_scope!(sqlx::query_as(statement), scope).bind(words);
        Ok(holders.fetch_all(&self.pool).await?)
    }

    /// The mean length of the permitted passages, of the first of them where there are many.
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

    /// The passages themselves, with their documents' names, in no order.
    pub async fn found(&self, ids: &[Uuid]) -> Result<Vec<(Passage, String)>, Error> {
        #[derive(sqlx::FromRow)]
        struct Row {
            #[sqlx(flatten)]
            passage: Passage,
            filename: String,
        }
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT chunk_id, document_id, chunk_index, chunk.content, page, start_char, end_char, line, section, heading, title,
                    citations, filename
             FROM chunk JOIN document USING (document_id)
             WHERE chunk_id = ANY($1)",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.passage, row.filename)).collect())
    }
}

/// The rarest words, as many as so many passages hold; one at least. What no passage holds counts for none.
fn rarest(lexemes: &[Lexeme], most: i64) -> Vec<String> {
    let mut sum = 0;
    let held = lexemes.iter().filter(|word| word.holders > 0);
    let rarest = held.take_while(|word| {
        let is_first = sum == 0;
        sum += word.holders;
        is_first || sum <= most
    });
    rarest.map(|word| word.lexeme.clone()).collect()
}
