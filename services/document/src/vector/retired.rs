//! The indexes of models that are used no more.

use sqlx::{AssertSqlSafe, PgConnection};

/// Drops each index of vectors, other than the one in use, that no passage is in: its model was changed, and
/// all was embedded anew. While one passage is left, a process of the older release may still ask it.
pub(super) async fn drop_empty(
    connection: &mut PgConnection,
    in_use: &str,
) -> Result<(), sqlx::Error> {
    let others: Vec<(String, String)> = sqlx::query_as(
        "SELECT quote_ident(relname), pg_get_expr(indpred, indrelid)
         FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
         WHERE indrelid = to_regclass('chunk') AND amname = 'hnsw' AND indpred IS NOT NULL AND relname <> $1",
    )
    .bind(in_use)
    .fetch_all(&mut *connection)
    .await?;
    for (name, condition) in others {
        let holds = format!("SELECT EXISTS (SELECT FROM chunk WHERE {condition})");
        let holds: bool =
            sqlx::query_scalar(AssertSqlSafe(holds)).fetch_one(&mut *connection).await?;
        if !holds {
            let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {name}");
            sqlx::query(AssertSqlSafe(drop)).execute(&mut *connection).await?;
            tracing::info!(
                index = name,
                "dropped the vector index of a model that is used no more"
            );
        }
    }
    Ok(())
}
