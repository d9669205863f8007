//! The vectors of passages.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::search::{bind_scope, permitted};
use super::{Scope, Store};
use crate::domain::Error;
use crate::remembered::Weigh;
use crate::vector::Expression;

/// The vectors of a document's passages, one behind the other.
#[derive(Debug, Default)]
pub struct StoredVectors {
    passages: Vec<Uuid>,
    numbers: Vec<f32>,
}

impl StoredVectors {
    /// Each passage with its vector.
    pub fn iter(&self) -> impl Iterator<Item = (Uuid, &[f32])> {
        let length = self.numbers.len() / self.passages.len().max(1);
        self.passages.iter().copied().zip(self.numbers.chunks_exact(length.max(1)))
    }
}

impl Weigh for StoredVectors {
    fn size(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.passages) + size_of_val(&*self.numbers)
    }
}

impl Store {
    /// The permitted documents, and when each last changed.
    pub async fn permitted(&self, scope: &Scope) -> Result<Vec<(Uuid, DateTime<Utc>)>, Error> {
        let statement = concat!(
            "SELECT document_id, updated_at FROM document WHERE ",
            permitted!(),
            " ORDER BY document_id"
        );
        Ok(bind_scope!(sqlx::query_as(statement), scope).fetch_all(&self.pool).await?)
    }

    /// How many passages are permitted.
    pub async fn count_permitted(&self, scope: &Scope) -> Result<i64, Error> {
        let statement =
            concat!("SELECT coalesce(sum(chunk_count), 0) FROM document WHERE ", permitted!());
        Ok(bind_scope!(sqlx::query_scalar(statement), scope).fetch_one(&self.pool).await?)
    }

    /// The vectors that a model gave to the passages of these documents.
    pub async fn vectors(
        &self,
        documents: &[Uuid],
        model: &str,
    ) -> Result<HashMap<Uuid, StoredVectors>, Error> {
        let mut rows = sqlx::query_as::<_, (Uuid, Uuid, Vec<f32>)>(
            "SELECT document_id, chunk_id, embedding FROM chunk
             WHERE document_id = ANY($1) AND embedding_model = $2",
        )
        .bind(documents)
        .bind(model)
        .fetch(&self.pool);
        let mut found: HashMap<Uuid, StoredVectors> = HashMap::new();
        while let Some((document, passage, vector)) = rows.try_next().await? {
            let vectors = found.entry(document).or_default();
            vectors.passages.push(passage);
            vectors.numbers.extend(vector);
        }
        Ok(found)
    }

    /// The vectors that a model gave to these passages.
    pub async fn vectors_of(
        &self,
        passages: &[Uuid],
        model: &str,
    ) -> Result<HashMap<Uuid, Vec<f32>>, Error> {
        let found: Vec<(Uuid, Vec<f32>)> = sqlx::query_as(
            "SELECT chunk_id, embedding FROM chunk WHERE chunk_id = ANY($1) AND embedding_model = $2",
        )
        .bind(passages)
        .bind(model)
        .fetch_all(&self.pool)
        .await?;
        Ok(found.into_iter().collect())
    }

    /// The permitted passages that pgvector's index takes for the nearest.
    pub(crate) async fn proposed(
        &self,
        scope: &Scope,
        index: &Expression,
        wanted: &[f32],
        most: usize,
    ) -> Result<Vec<(Uuid, Vec<f32>)>, Error> {
        let Expression { vector, kind, condition, .. } = index;
        let statement = format!(
            "SELECT chunk_id, embedding FROM chunk JOIN document USING (document_id)
             WHERE {condition} AND {}
             ORDER BY {vector} <#> $6::real[]::{kind}
             LIMIT $7",
            permitted!()
        );
        let mut transaction = self.pool.begin().await?;
        for setting in [
            "SET LOCAL hnsw.ef_search = 200",
            // Goes on where the filter leaves too few.
            "SET LOCAL hnsw.iterative_scan = relaxed_order",
            // The planner thinks sorting the whole scope cheap.
            "SET LOCAL enable_sort = off",
        ] {
            sqlx::query(setting).execute(&mut *transaction).await?;
        }
        // Not prepared: a plan for any scope would not be one for this.
        let found = bind_scope!(sqlx::query_as(AssertSqlSafe(statement)), scope)
            .bind(wanted)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .persistent(false)
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(found)
    }
}
