//! The queries. Reads ask for the owner every time; writes for a run are made under its lease.

mod event;
mod execution;
mod grant;
mod run;
mod template;

use elenchus_durable::Queue;
use elenchus_sealed::Sealer;
use sqlx::PgPool;
use sqlx::migrate::Migrator;

pub(crate) use self::event::EVENTS;
pub(crate) use self::run::Begun;
pub(crate) use self::template::Edition;

/// The tables of the service.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// The table of runs, which is the queue.
pub(crate) const RUNS: &str = "workflow_execution";

/// Templates, runs, steps and events.
#[derive(Clone)]
pub(crate) struct Store {
    pool: PgPool,
    queue: Queue,
    sealer: Sealer,
}

impl Store {
    /// The store over a database that has the tables.
    pub(crate) fn new(pool: PgPool, queue: Queue, sealer: Sealer) -> Self {
        Self { pool, queue, sealer }
    }

    /// Whether the database answers.
    pub(crate) async fn is_reachable(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }
}
