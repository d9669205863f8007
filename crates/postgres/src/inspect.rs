//! A look at a server: which version it is, and what it has of pgvector. Nothing is changed.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use crate::database::{address, check_version, connect};
use crate::{DatabaseSettings, Error};

/// What a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Host and port, or the folder of the socket.
    pub address: String,
    /// The major version.
    pub version: u32,
    /// The state of pgvector in the database that was looked at.
    pub vector: Vector,
}

/// Whether a database has pgvector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vector {
    /// It is at work, in this version.
    Installed(String),
    /// The server has this version, and the database not yet.
    Available(String),
    /// The server does not have it.
    Absent,
}

/// Looks at the server and the database that the settings name. Waits for neither.
pub async fn inspect(settings: &DatabaseSettings) -> Result<Inspection, Error> {
    let options = settings.connect_options()?;
    let address = address(&options);
    let mut connection = connect(&options, &address, Duration::ZERO).await?;
    check_version(&connection, &address)?;
    let failed = |source| Error::Connect { address: address.clone(), source };
    let version = connection.server_version_num().unwrap_or_default() / 10_000;
    let vector = vector(&mut connection).await.map_err(failed)?;
    let _ = connection.close().await;
    Ok(Inspection { address, version, vector })
}

async fn vector(connection: &mut PgConnection) -> Result<Vector, sqlx::Error> {
    let found: Option<(Option<String>, Option<String>)> = sqlx::query_as(
        "SELECT installed_version, default_version FROM pg_available_extensions WHERE name = 'vector'",
    )
    .fetch_optional(connection)
    .await?;
    Ok(match found {
        Some((Some(installed), _)) => Vector::Installed(installed),
        Some((None, Some(available))) => Vector::Available(available),
        Some((None, None)) | None => Vector::Absent,
    })
}

/// Whether an index of pgvector has answered a query in this database. None where the server has no pgvector.
pub async fn has_answered_by_index(
    connection: &mut PgConnection,
) -> Result<Option<bool>, sqlx::Error> {
    if vector(connection).await? == Vector::Absent {
        return Ok(None);
    }
    let used = "SELECT coalesce(sum(idx_scan), 0)::bigint > 0 FROM pg_stat_all_indexes
                JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
                WHERE amname = 'hnsw'";
    sqlx::query_scalar(used).fetch_one(connection).await.map(Some)
}
