//! The rows of a table as a queue. Work is leased, not locked: no connection is held while it is done.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgQueryResult;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::lease::Lease;

/// How long work is leased, how often it is looked for, and how often it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// A worker that is silent for so long has lost its job to another.
    pub lease: Duration,
    /// How often a worker says that it lives.
    pub heartbeat: Duration,
    /// How long a worker sleeps when no notice wakes it.
    pub poll: Duration,
    /// How long a worker that stops may go on with a job before it hands it back.
    pub drain: Duration,
    /// The pause after the first failure. It doubles with each further one.
    pub backoff: Duration,
    /// The longest such pause.
    pub longest_backoff: Duration,
    /// How often a job is begun without progress before it is given up.
    pub attempts: i32,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            poll: Duration::from_secs(5),
            drain: Duration::from_secs(5),
            backoff: Duration::from_secs(1),
            longest_backoff: Duration::from_secs(300),
            attempts: 5,
        }
    }
}

/// A table whose rows are jobs. Beside its own columns it has these:
///
/// ```sql
/// due_at       timestamptz,                   -- when to work on it; NULL when there is nothing to do
/// leased_by    uuid,                          -- the worker that has it
/// leased_until timestamptz,                   -- and until when, unless it says that it lives
/// fence        bigint  NOT NULL DEFAULT 0,    -- grows with every claim; an old one writes nothing
/// attempt      integer NOT NULL DEFAULT 0     -- claims since it last made progress
/// ```
///
/// and an index on `(due_at) WHERE due_at IS NOT NULL`. What its status is called is the table's affair.
#[derive(Debug, Clone)]
pub struct Queue {
    table: &'static str,
    terms: Terms,
    pool: PgPool,
    statements: Arc<Statements>,
}

#[derive(Debug)]
struct Statements {
    claim: Arc<str>,
    hold: Arc<str>,
    heartbeat: Arc<str>,
    progress: Arc<str>,
    finish: Arc<str>,
    retry: Arc<str>,
    postpone: Arc<str>,
    release: Arc<str>,
    withdraw: Arc<str>,
}

/// One of the writes that only the holder of a lease may make.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Write {
    Heartbeat,
    Progress,
    Finish,
    Release,
}

impl Queue {
    /// The jobs in `table`, whose primary key is the uuid `key`.
    pub fn new(pool: PgPool, table: &'static str, key: &'static str, terms: Terms) -> Self {
        Self { table, terms, pool, statements: Arc::new(Statements::of(table, key)) }
    }

    /// The table, and the channel on which its wakes are heard.
    pub fn table(&self) -> &'static str {
        self.table
    }

    /// The terms of its leases.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Leases at most so many of the jobs that have been due longest.
    pub async fn claim(&self, worker: Uuid, most: usize) -> Result<Vec<Lease>, sqlx::Error> {
        let rows = sqlx::query(AssertSqlSafe(Arc::clone(&self.statements.claim)))
            .bind(worker)
            .bind(self.terms.lease)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let (key, fence, attempt) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                Ok(Lease::new(self.clone(), key, fence, attempt))
            })
            .collect()
    }

    /// Tells the workers, once the transaction commits, that the job is due or was withdrawn.
    pub async fn wake(&self, conn: &mut PgConnection, key: Uuid) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(self.table)
            .bind(key.to_string())
            .execute(conn)
            .await?;
        Ok(())
    }

    /// Takes the job out of the queue, also from a worker that has it: nothing that the worker
    /// still does is written, and it is told to stop.
    pub async fn withdraw(&self, conn: &mut PgConnection, key: Uuid) -> Result<(), sqlx::Error> {
        sqlx::query(AssertSqlSafe(Arc::clone(&self.statements.withdraw)))
            .bind(key)
            .execute(&mut *conn)
            .await?;
        self.wake(conn, key).await
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) async fn is_held(
        &self,
        conn: &mut PgConnection,
        key: Uuid,
        fence: i64,
    ) -> Result<bool, sqlx::Error> {
        let row = sqlx::query(AssertSqlSafe(Arc::clone(&self.statements.hold)))
            .bind(key)
            .bind(fence)
            .fetch_optional(conn)
            .await?;
        Ok(row.is_some())
    }

    pub(crate) async fn write<'e>(
        &self,
        executor: impl sqlx::PgExecutor<'e>,
        write: Write,
        key: Uuid,
        fence: i64,
    ) -> Result<PgQueryResult, sqlx::Error> {
        let statements = &self.statements;
        let statement = match write {
            Write::Heartbeat => &statements.heartbeat,
            Write::Progress => &statements.progress,
            Write::Finish => &statements.finish,
            Write::Release => &statements.release,
        };
        let query = sqlx::query(AssertSqlSafe(Arc::clone(statement))).bind(key).bind(fence);
        match write {
            Write::Heartbeat => query.bind(self.terms.lease).execute(executor).await,
            Write::Progress | Write::Finish | Write::Release => query.execute(executor).await,
        }
    }

    /// Gives the job back for a later try, which counts or does not.
    pub(crate) async fn put_off(
        &self,
        key: Uuid,
        fence: i64,
        pause: Duration,
        counts: bool,
    ) -> Result<PgQueryResult, sqlx::Error> {
        let Statements { retry, postpone, .. } = &*self.statements;
        sqlx::query(AssertSqlSafe(Arc::clone(if counts { retry } else { postpone })))
            .bind(key)
            .bind(fence)
            .bind(pause)
            .execute(&self.pool)
            .await
    }
}

impl Statements {
    fn of(table: &str, key: &str) -> Self {
        let of_holder = |assignments: &str| -> Arc<str> {
            format!("UPDATE {table} SET {assignments} WHERE {key} = $1 AND fence = $2").into()
        };
        Self {
            // NO KEY: rows that refer to the job do not keep it from being claimed.
            claim: format!(
                "WITH due AS MATERIALIZED (
                     SELECT {key} FROM {table}
                     WHERE due_at <= now() AND (leased_until IS NULL OR leased_until < now())
                     ORDER BY due_at LIMIT $3
                     FOR NO KEY UPDATE SKIP LOCKED)
                 UPDATE {table} job
                 SET leased_by = $1, leased_until = now() + $2, fence = job.fence + 1, attempt = job.attempt + 1
                 FROM due WHERE job.{key} = due.{key}
                 RETURNING job.{key}, job.fence, job.attempt"
            )
            .into(),
            hold: format!("SELECT FROM {table} WHERE {key} = $1 AND fence = $2 FOR NO KEY UPDATE").into(),
            heartbeat: of_holder("leased_until = now() + $3"),
            progress: of_holder("attempt = 0"),
            finish: of_holder("due_at = NULL, leased_by = NULL, leased_until = NULL"),
            // Spread, so that what failed together does not come back together.
            retry: of_holder(
                "due_at = now() + $3 * (0.8 + 0.4 * random()), leased_by = NULL, leased_until = NULL",
            ),
            postpone: of_holder(
                "due_at = now() + $3 * (0.8 + 0.4 * random()), leased_by = NULL, leased_until = NULL,
                 attempt = greatest(attempt - 1, 0)",
            ),
            release: of_holder("attempt = greatest(attempt - 1, 0), leased_by = NULL, leased_until = NULL"),
            withdraw: format!(
                "UPDATE {table}
                 SET fence = fence + 1, due_at = NULL, leased_by = NULL, leased_until = NULL
                 WHERE {key} = $1"
            )
            .into(),
        }
    }
}
