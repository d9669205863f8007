//! What a document's text says that it is, and what it cites.

use elenchus_rpc::page::Page;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::Store;
use crate::domain::Error;
use crate::legal::{Cited, Detected};

impl Store {
    /// Some citations of a document, in order. The page's key is a citation's place.
    pub async fn citations(&self, document: Uuid, page: &Page<i32>) -> Result<Vec<Cited>, Error> {
        let found = sqlx::query_as(
            "SELECT citation_index, kind, content, normalized, case_name, court, year, start_char, end_char
             FROM legal_citation
             WHERE document_id = $1 AND citation_index > $2
             ORDER BY citation_index
             LIMIT $3 OFFSET $4",
        )
        .bind(document)
        .bind(page.after.unwrap_or(-1))
        .bind(page.limit)
        .bind(page.skip)
        .fetch_all(&self.pool)
        .await?;
        Ok(found)
    }
}

/// Keeps what was detected. A field that the owner set stays as it is.
pub(super) async fn write_labels(
    transaction: &mut PgConnection,
    document: Uuid,
    detected: &[Detected],
) -> Result<(), sqlx::Error> {
    let all = |field: &str| -> Vec<&str> {
        let of_field = detected.iter().filter(|one| one.field == field);
        of_field.map(|one| one.value.as_str()).collect()
    };
    // The surest, and of equals the first: what the rules say stands before what a model says.
    let one = |field: &str| {
        let of_field = detected.iter().filter(|one| one.field == field).rev();
        let surest = of_field.max_by(|a, b| a.confidence.total_cmp(&b.confidence));
        surest.map_or("", |one| one.value.as_str())
    };
    sqlx::query(
        "UPDATE document
         SET detected = $2,
             category = CASE WHEN 'document_category' = ANY(edited) THEN category ELSE $3 END,
             jurisdiction = CASE WHEN 'jurisdiction' = ANY(edited) THEN jurisdiction ELSE $4 END,
             practice_area = CASE WHEN 'practice_area' = ANY(edited) THEN practice_area ELSE $5 END,
             keywords = CASE WHEN 'keywords' = ANY(edited) THEN keywords ELSE $6 END,
             updated_at = clock_timestamp()
         WHERE document_id = $1",
    )
    .bind(document)
    .bind(Json(detected))
    .bind(one("document_category"))
    .bind(one("jurisdiction"))
    .bind(one("practice_area"))
    .bind(all("keywords"))
    .execute(transaction)
    .await?;
    Ok(())
}

/// Replaces the citations of a document.
pub(super) async fn write_citations(
    transaction: &mut PgConnection,
    document: Uuid,
    citations: &[Cited],
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM legal_citation WHERE document_id = $1")
        .bind(document)
        .execute(&mut *transaction)
        .await?;
    for cited in citations {
        sqlx::query(
            "INSERT INTO legal_citation (document_id, citation_index, kind, content, normalized, case_name,
                 court, year, start_char, end_char)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(document)
        .bind(cited.citation_index)
        .bind(&cited.kind)
        .bind(&cited.content)
        .bind(&cited.normalized)
        .bind(&cited.case_name)
        .bind(&cited.court)
        .bind(cited.year)
        .bind(cited.start_char)
        .bind(cited.end_char)
        .execute(&mut *transaction)
        .await?;
    }
    Ok(())
}
