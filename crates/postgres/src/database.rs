//! Opening a service's database: reach the server, migrate the service's schema, hand out a pool.

use std::time::Duration;

use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool};
use tokio::time::{Instant, sleep, timeout};

use crate::{DatabaseSettings, Error, OLDEST_VERSION, is_unreachable};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection idle for longer is asked whether it still lives before it is lent.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A service's database.
pub struct Database;

impl Database {
    /// Migrates the service's schema and returns a pool whose sessions work in it.
    ///
    /// Waits for a server that is starting. Any number of processes may open one database together.
    pub async fn open(
        settings: &DatabaseSettings,
        schema: &'static str,
        migrator: &Migrator,
    ) -> Result<PgPool, Error> {
        let options = options(settings, schema)?;
        let address = address(&options);

        let mut connection = connect(&options, &address, settings.start_timeout).await?;
        check_version(&connection, &address)?;
        migrate(&mut connection, &address, schema, migrator).await?;
        // A failure to say goodbye matters to nobody; the server sees the socket close.
        let _ = connection.close().await;

        Ok(pool(settings, options))
    }

    /// A pool whose sessions work in the service's schema as it is found, for those who only look.
    pub fn attach(settings: &DatabaseSettings, schema: &'static str) -> Result<PgPool, Error> {
        Ok(pool(settings, options(settings, schema)?))
    }
}

fn options(settings: &DatabaseSettings, schema: &str) -> Result<PgConnectOptions, Error> {
    Ok(settings
        .connect_options()?
        .application_name(&format!("elenchus-{schema}"))
        // After the service's own schema comes the one where extensions such as pgvector live.
        .options([("search_path", format!("{schema},public"))]))
}

/// Connections to the database of a pool that are for one kind of work alone: it waits for nobody else.
pub fn aside(pool: &PgPool, connections: u32) -> PgPool {
    let options = pool.options().clone().max_connections(connections);
    options.connect_lazy_with(pool.connect_options().as_ref().clone())
}

fn pool(settings: &DatabaseSettings, options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.acquire_timeout)
        // sqlx would spend a round trip before every use, also for a connection used a moment ago.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(
                async move { Ok(meta.idle_for < TRUSTED_IDLE || connection.ping().await.is_ok()) },
            )
        })
        .connect_lazy_with(options)
}

pub(crate) async fn connect(
    options: &PgConnectOptions,
    address: &str,
    patience: Duration,
) -> Result<PgConnection, Error> {
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(100);
    loop {
        let attempt = timeout(CONNECT_TIMEOUT, options.connect()).await;
        let source = match attempt.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok(connection) => return Ok(connection),
            Err(source) => source,
        };
        if !is_unreachable(&source) || Instant::now() + pause > deadline {
            return Err(Error::Connect { address: address.to_owned(), source });
        }
        tracing::debug!(address, %source, "waiting for PostgreSQL");
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

pub(crate) fn check_version(connection: &PgConnection, address: &str) -> Result<(), Error> {
    match connection.server_version_num().map(|number| number / 10_000) {
        Some(version) if version < OLDEST_VERSION => {
            Err(Error::TooOld { address: address.to_owned(), version })
        }
        Some(_) | None => Ok(()),
    }
}

/// Makes and migrates the schema under sqlx's lock, which ends with the session at the latest.
async fn migrate(
    connection: &mut PgConnection,
    address: &str,
    schema: &'static str,
    migrator: &Migrator,
) -> Result<(), Error> {
    let failed = |source| Error::Migrate { schema, source };
    // Taken before the schema is made, because CREATE SCHEMA IF NOT EXISTS fails when two run at once.
    connection.lock().await.map_err(failed)?;
    let found =
        make_schema(connection, schema).await.map_err(|source| Error::Schema { schema, source })?;
    if found.as_deref() != Some(schema) {
        return Err(Error::SearchPath { address: address.to_owned(), schema, found });
    }
    // `run` takes any connection, and is therefore a future that cannot be proven to be Send.
    migrator.run_direct(None, &mut *connection, false).await.map_err(failed)?;
    connection.unlock().await.map_err(failed)
}

/// Makes the schema unless it is there, and returns the one that the session sees.
async fn make_schema(
    connection: &mut PgConnection,
    schema: &'static str,
) -> Result<Option<String>, sqlx::Error> {
    // Asked first: a role that may not create schemas may well own one made for it.
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)")
            .bind(schema)
            .fetch_one(&mut *connection)
            .await?;
    if !exists {
        let create = AssertSqlSafe(format!(r#"CREATE SCHEMA "{schema}""#));
        sqlx::query(create).execute(&mut *connection).await?;
    }
    sqlx::query_scalar("SELECT current_schema()").fetch_one(connection).await
}

pub(crate) fn address(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(folder) => folder.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}
