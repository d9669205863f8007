//! pgvector's index over the vectors of one model. It is on an expression, so the tables are the same
//! with and without the extension, and an extension that comes later is put to use.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use elenchus_embedding::Embedder;
use elenchus_rpc::Shutdown;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use tokio::sync::Notify;

use super::retired::drop_empty;

/// How often it is looked whether the index is there.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The oldest pgvector whose index goes on where a filter leaves too few.
const OLDEST: (u32, u32) = (0, 8);
/// With PostgreSQL's own 64 MB the graph of a hundred thousand passages does not fit, and takes minutes longer.
const MEMORY: &str = "SET maintenance_work_mem = '256MB'";
/// What one process at a time builds under.
const LOCK: i64 = 0x656c_656e_6368_7573;

/// An index that is there, or will be.
#[derive(Clone)]
pub(crate) struct Index {
    embedder: Embedder,
    /// Once it is known how long the vectors are.
    expression: Arc<OnceLock<Expression>>,
    is_ready: Arc<AtomicBool>,
    again: Arc<Notify>,
}

/// How the index and the queries that use it say what they are about: in the same words.
#[derive(Debug)]
pub(crate) struct Expression {
    name: String,
    /// The vector as the index has it.
    pub(crate) vector: String,
    /// The type of the vector.
    pub(crate) kind: String,
    /// Which passages it holds.
    pub(crate) condition: String,
}

impl Expression {
    fn of(model: &str, dimensions: usize) -> Self {
        let kind = format!("halfvec({dimensions})");
        let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let name: String = model.chars().map(word).take(30).collect();
        Self {
            name: format!("chunk_{name}_{dimensions}_idx"),
            vector: format!("(embedding::{kind})"),
            kind,
            condition: format!("embedding_model = '{}'", model.replace('\'', "''")),
        }
    }
}

/// What the database lacks.
enum State {
    Ready,
    Lacking(&'static str),
    BuiltElsewhere,
    /// There is nothing to be indexed yet.
    NoVectors,
}

impl Index {
    /// Of the vectors of the model in use. It is looked for, and built where it can be, until the stop.
    pub(crate) fn keep(pool: &PgPool, embedder: Embedder, shutdown: &Shutdown) -> Self {
        let index = Self {
            embedder,
            expression: Arc::default(),
            is_ready: Arc::default(),
            again: Arc::default(),
        };
        let (keeper, pool, stopping) = (index.clone(), pool.clone(), shutdown.clone());
        shutdown.spawn(async move {
            let mut told = None;
            loop {
                keeper.look(&pool, &mut told).await;
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = keeper.again.notified() => {}
                    () = stopping.stopping() => return,
                }
            }
        });
        index
    }

    /// Looks at once: everything has been embedded, and what another model gave is gone.
    pub(crate) fn look_again(&self) {
        self.again.notify_one();
    }

    /// The words that it was built with, where queries can use it.
    pub(crate) fn ready_expression(&self) -> Option<&Expression> {
        self.expression.get().filter(|_| self.is_ready.load(Ordering::Relaxed))
    }

    /// How it is said what is indexed. None while it is unknown how long the vectors are.
    async fn expression(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<&Expression>, sqlx::Error> {
        let model = self.embedder.model();
        if self.expression.get().is_none() {
            let length = match self.embedder.dimensions() {
                Some(length) => Some(length),
                None => vector_length(connection, model).await?,
            };
            let Some(length) = length else { return Ok(None) };
            let _ = self.expression.set(Expression::of(model, length));
        }
        Ok(self.expression.get())
    }

    async fn look(&self, pool: &PgPool, told: &mut Option<&'static str>) {
        // A connection of its own: a build takes as long as it takes, and the service has others to serve.
        let ready = async {
            let mut connection =
                PgConnection::connect_with(pool.connect_options().as_ref()).await?;
            let state = self.ready(&mut connection).await;
            if let (Ok(State::Ready), Some(own)) = (&state, self.expression.get()) {
                drop_empty(&mut connection, &own.name).await?;
            }
            let _ = connection.close().await;
            state
        };
        let says = match ready.await {
            Ok(State::Ready) => {
                self.is_ready.store(true, Ordering::Relaxed);
                "large searches by meaning use pgvector's index"
            }
            Ok(State::BuiltElsewhere | State::NoVectors) => return,
            Ok(State::Lacking(what)) => {
                self.is_ready.store(false, Ordering::Relaxed);
                what
            }
            Err(error) => {
                self.is_ready.store(false, Ordering::Relaxed);
                tracing::warn!(%error, "the vector index cannot be used; each passage is looked at");
                return;
            }
        };
        if told.replace(says) != Some(says) {
            tracing::info!("{says}");
        }
    }

    async fn ready(&self, connection: &mut PgConnection) -> Result<State, sqlx::Error> {
        let Some(version) = extension(connection).await? else {
            return Ok(State::Lacking(
                "searches by meaning look at each passage; for large libraries install pgvector and let a \
                 superuser say CREATE EXTENSION vector SCHEMA public in the document service's database",
            ));
        };
        if version < OLDEST {
            return Ok(State::Lacking(
                "searches by meaning look at each passage: pgvector is older than 0.8; ALTER EXTENSION vector UPDATE",
            ));
        }
        let Some(expression) = self.expression(connection).await? else {
            return Ok(State::NoVectors);
        };
        let Expression { name, vector, condition, .. } = expression;
        match is_valid(connection, name).await? {
            Some(true) => return Ok(State::Ready),
            found => {
                let is_ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
                    .bind(LOCK)
                    .fetch_one(&mut *connection)
                    .await?;
                if !is_ours {
                    return Ok(State::BuiltElsewhere);
                }
                if found.is_some() {
                    // Of a build that was cut off.
                    let drop = format!("DROP INDEX {name}");
                    sqlx::query(AssertSqlSafe(drop)).execute(&mut *connection).await?;
                }
            }
        }
        let build = format!(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON chunk
             USING hnsw ({vector} halfvec_ip_ops) WHERE {condition}"
        );
        sqlx::query(MEMORY).execute(&mut *connection).await?;
        sqlx::query(AssertSqlSafe(build)).execute(connection).await?;
        Ok(State::Ready)
    }
}

/// The extension's version, after trying to install it. None where that cannot be.
async fn extension(connection: &mut PgConnection) -> Result<Option<(u32, u32)>, sqlx::Error> {
    const VERSION: &str = "SELECT extversion FROM pg_extension WHERE extname = 'vector'";
    let mut version: Option<String> =
        sqlx::query_scalar(VERSION).fetch_optional(&mut *connection).await?;
    if version.is_none() {
        // Fails where it is not there, or for want of rights: then it is not ours to install.
        let install = "CREATE EXTENSION IF NOT EXISTS vector SCHEMA public";
        if sqlx::query(install).execute(&mut *connection).await.is_err() {
            return Ok(None);
        }
        version = sqlx::query_scalar(VERSION).fetch_optional(connection).await?;
    }
    Ok(version.and_then(|version| {
        let mut numbers = version.split('.').map(|number| number.parse().unwrap_or_default());
        Some((numbers.next()?, numbers.next()?))
    }))
}

async fn is_valid(connection: &mut PgConnection, name: &str) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)")
        .bind(name)
        .fetch_optional(connection)
        .await
}

/// How long the vectors are that a model gave.
async fn vector_length(
    connection: &mut PgConnection,
    model: &str,
) -> Result<Option<usize>, sqlx::Error> {
    let length: Option<i32> = sqlx::query_scalar(
        "SELECT cardinality(embedding) FROM chunk WHERE embedding_model = $1 LIMIT 1",
    )
    .bind(model)
    .fetch_optional(connection)
    .await?;
    Ok(length.and_then(|length| usize::try_from(length).ok()))
}
