//! What PostgreSQL takes for the same questions, asked without the service.

use std::time::Instant;

use elenchus_embedding::Embedder;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::{Asked, Failure, ROUNDS};

/// A connection, and the questions with their vectors.
pub(crate) struct Raw {
    connection: PgConnection,
    questions: Vec<(String, Vec<f32>)>,
    model: String,
}

impl Raw {
    pub(crate) async fn connect(
        url: &str,
        embedder: &Embedder,
        questions: &[String],
    ) -> Result<Self, Failure> {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::query("SET search_path = document, public").execute(&mut connection).await?;
        let mut asked = Vec::new();
        for question in questions {
            asked.push((question.clone(), embedder.embed_query(question.clone()).await?));
        }
        Ok(Self { connection, questions: asked, model: embedder.model().to_owned() })
    }

    /// Full text with PostgreSQL's own rank.
    pub(crate) async fn by_words(&mut self) -> Result<Asked, Failure> {
        self.ask(
            "SELECT chunk_id FROM chunk,
                    (SELECT string_agg(quote_literal(lexeme), ' | ')::tsquery AS any_of
                     FROM unnest(to_tsvector('english', $1))) AS query
             WHERE words @@ any_of AND $2::real[] IS NOT NULL
             ORDER BY ts_rank(words, any_of) DESC LIMIT 10",
        )
        .await
    }

    /// The nearest vectors by the index, asked as widely as the service does.
    pub(crate) async fn by_index(&mut self) -> Result<Asked, Failure> {
        sqlx::query("SET hnsw.ef_search = 200").execute(&mut self.connection).await?;
        let statement = self.nearest("halfvec");
        self.ask(&statement).await
    }

    /// The nearest vectors by looking at each.
    pub(crate) async fn by_each(&mut self) -> Result<Asked, Failure> {
        let statement = self.nearest("vector");
        self.ask(&statement).await
    }

    fn nearest(&self, kind: &str) -> String {
        let length = self.questions.first().map_or(0, |(_, vector)| vector.len());
        format!(
            "SELECT chunk_id FROM chunk WHERE embedding_model = '{}' AND $1::text IS NOT NULL
             ORDER BY (embedding::{kind}({length})) <#> $2::real[]::{kind}({length}) LIMIT 10",
            self.model
        )
    }

    async fn ask(&mut self, statement: &str) -> Result<Asked, Failure> {
        let mut asked = Asked::default();
        for round in 0..=ROUNDS {
            asked.found.clear();
            for (question, vector) in &self.questions {
                let began = Instant::now();
                let found: Vec<Uuid> = sqlx::query_scalar(AssertSqlSafe(statement.to_owned()))
                    .bind(question)
                    .bind(vector)
                    .persistent(false)
                    .fetch_all(&mut self.connection)
                    .await?;
                if round > 0 {
                    asked.took.push(began.elapsed());
                }
                asked.found.push(found);
            }
        }
        Ok(asked)
    }
}
