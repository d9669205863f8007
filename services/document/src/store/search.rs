//! What may be found, and the texts of what was. Nothing outside the scope is ever scored.

use chrono::{DateTime, Utc};
use elenchus_rpc::UserId;
use uuid::Uuid;

use super::Store;
use crate::domain::{Error, Passage, check_text};

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

/// A passage and what a list says of its document.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct FoundPassage {
    /// The passage.
    #[sqlx(flatten)]
    pub passage: Passage,
    /// Its document's name.
    pub filename: String,
    /// When its document was uploaded.
    pub created_at: DateTime<Utc>,
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

    /// The passages themselves, in no order.
    pub async fn found(&self, ids: &[Uuid]) -> Result<Vec<FoundPassage>, Error> {
        let found = sqlx::query_as(
            "SELECT chunk_id, document_id, chunk_index, chunk.content, page, start_char, end_char, line, section, heading, title,
                    citations, warning <> '' AS is_recovered, filename, created_at
             FROM chunk JOIN document USING (document_id)
             WHERE chunk_id = ANY($1)",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        Ok(found)
    }
}
