//! A user's rows as lines of JSON, each with the service and the table that it comes from.

use elenchus_rpc::UserId;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, PgPool};
use tokio::sync::mpsc::Sender;
use tonic::Status;

use crate::{Error, Export, Files, Inventory, Table};

/// Bytes of one message at most: far below what a call may carry.
const PIECE: usize = 256 * 1024;

/// Whoever reads the export.
pub(crate) struct Reader {
    pub(crate) pieces: Sender<Result<Vec<u8>, Status>>,
    pub(crate) waiting: Vec<u8>,
}

/// Why an export ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Nobody reads on.
    Left,
    /// Something failed.
    Failed(Error),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Hands out everything that the service holds of a user.
pub(crate) async fn export(
    pool: &PgPool,
    inventory: &Inventory,
    files: Option<&dyn Files>,
    user: UserId,
    reader: &mut Reader,
) -> Result<(), Stop> {
    for table in inventory.tables {
        let Export::RowWithout(hidden) = table.export else { continue };
        let Table { name, rows, .. } = table;
        let statement = format!(
            "SELECT (to_jsonb(t) - $2::text[])::text FROM {name} t WHERE {rows} ORDER BY 1"
        );
        let mut found = sqlx::query_scalar::<_, String>(AssertSqlSafe(statement))
            .bind(user.0)
            .bind(hidden)
            .fetch(pool);
        while let Some(row) = found.try_next().await? {
            reader.line(inventory.service, name, &row).await?;
        }
    }
    if let Some(files) = files {
        let mut found = files.export(user);
        while let Some(row) = found.try_next().await.map_err(Stop::Failed)? {
            reader.line(inventory.service, "file", &row.to_string()).await?;
        }
    }
    reader.flush().await
}

impl Reader {
    async fn line(&mut self, service: &str, table: &str, row: &str) -> Result<(), Stop> {
        let head = format!(r#"{{"service":"{service}","table":"{table}","row":"#);
        for part in [head.as_bytes(), row.as_bytes(), b"}\n"] {
            for part in part.chunks(PIECE) {
                self.waiting.extend_from_slice(part);
                if self.waiting.len() >= PIECE {
                    self.flush().await?;
                }
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Stop> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let piece = std::mem::take(&mut self.waiting);
        self.pieces.send(Ok(piece)).await.map_err(|_| Stop::Left)
    }
}
