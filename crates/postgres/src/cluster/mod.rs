//! The private PostgreSQL of the embedded run: made in a folder of ours, supervised while we run,
//! reached through a socket that only its owner can open. It knows no service's tables.

mod error;
mod folder;
mod initdb;
mod launcher;
mod orphan;
mod programs;
mod supervisor;

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tokio::time::{sleep, timeout};

pub use error::Error;
use folder::Folder;
use launcher::Launcher;
pub use programs::Programs;
use supervisor::{Postmaster, Supervisor};

/// Names the socket's file; nothing listens on a port.
const PORT: u16 = 5432;
const SUPERUSER: &str = "elenchus";
/// Long enough to replay what a crash may leave in the log.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// What differs between a cluster for keeps and one for tests.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether a commit waits for the disk. Without it a power cut may ruin the data.
    pub fsync: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { fsync: true }
    }
}

/// A running private cluster. Dropping it asks PostgreSQL to stop; [`Cluster::stop`] also waits.
pub struct Cluster {
    name: String,
    folder: Folder,
    socket: PathBuf,
    superuser_password: SecretString,
    supervisor: Supervisor,
}

impl Cluster {
    /// Makes the cluster unless the folder holds one, starts it and waits until it answers.
    ///
    /// The folder belongs to one process at a time. What an earlier process left running in it, because
    /// it was killed, is stopped first.
    pub async fn start(
        folder: &Path,
        programs: &Programs,
        options: Options,
    ) -> Result<Self, Error> {
        let folder = Folder::open(folder)?;
        let lock = folder.lock()?;
        let launcher = Launcher::of(&folder.data()).await?;
        let superuser_password = folder.secret(SUPERUSER)?;
        let socket = folder.socket()?;
        launcher.hand_over(folder.path())?;
        launcher.hand_over(socket.path())?;

        orphan::evict(&folder.data()).await?;
        initdb::unless_made(&folder, programs, &launcher, options).await?;

        let name = format!("elenchus-{}", &folder::random_hex()?[..16]);
        let postmaster =
            Postmaster::new(&folder, programs, launcher, &name, socket.path(), options);
        let socket_path = socket.path().to_owned();
        let supervisor = Supervisor::start(postmaster, (lock, socket))?;
        let mut cluster =
            Self { name, folder, socket: socket_path, superuser_password, supervisor };
        cluster.wait_until_ready().await?;
        Ok(cluster)
    }

    /// The name that `SHOW cluster_name` answers: random, so that nobody mistakes another server for it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL of a service's own database as its own role, both made if they are missing.
    pub async fn url_for(&self, service: &str) -> Result<SecretString, Error> {
        let name = format!("elenchus_{service}");
        let password = self.folder.secret(&name)?;
        let mut admin = self.superuser("postgres").connect().await?;
        make_role(&mut admin, &name, &password).await?;
        make_database(&mut admin, &name).await?;
        admin.close().await?;
        Ok(url(self.options(&name, &password, &name)))
    }

    /// The URL of the superuser, for maintenance.
    pub fn superuser_url(&self) -> SecretString {
        url(self.superuser("postgres"))
    }

    /// Stops PostgreSQL and returns when it has ended and the folder is free.
    pub async fn stop(self) -> Result<(), Error> {
        self.supervisor.stop().await
    }

    fn superuser(&self, database: &str) -> PgConnectOptions {
        self.options(SUPERUSER, &self.superuser_password, database)
    }

    /// Everything is said here, so that no PGPORT or PGSSLMODE of the process has a say.
    fn options(&self, role: &str, password: &SecretString, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket)
            .port(PORT)
            .username(role)
            .password(password.expose_secret())
            .database(database)
            .ssl_mode(PgSslMode::Disable)
    }

    async fn wait_until_ready(&mut self) -> Result<(), Error> {
        // What template1 holds, every database made later holds too.
        let options = self.superuser("template1");
        let name = self.name.as_str();
        let log = self.folder.log();
        let ready = timeout(START_TIMEOUT, async {
            loop {
                match options.connect().await {
                    Ok(connection) => return prepare(connection, name).await,
                    Err(error) if crate::is_unreachable(&error) => {
                        sleep(Duration::from_millis(20)).await;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        });
        tokio::select! {
            ready = ready => ready.unwrap_or(Err(Error::NotReady { log })),
            status = self.supervisor.first_end() => {
                Err(Error::Ended { status, said: self.folder.last_words(), log })
            }
        }
    }
}

/// Checks that the server is ours, and installs what only a superuser may install.
async fn prepare(mut connection: PgConnection, name: &str) -> Result<(), Error> {
    let found: String = sqlx::query_scalar("SHOW cluster_name").fetch_one(&mut connection).await?;
    if found != name {
        return Err(Error::Stranger { found });
    }
    let has_vector: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_available_extensions
                        WHERE name = 'vector' AND installed_version IS NULL)",
    )
    .fetch_one(&mut connection)
    .await?;
    if has_vector {
        sqlx::query("CREATE EXTENSION vector SCHEMA public").execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}

async fn make_role(
    admin: &mut PgConnection,
    name: &str,
    password: &SecretString,
) -> Result<(), Error> {
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
            .bind(name)
            .fetch_one(&mut *admin)
            .await?;
    // Always set, so that a lost file of secrets mends itself. The password is hexadecimal.
    let verb = if exists { "ALTER" } else { "CREATE" };
    let password = password.expose_secret();
    let statement = format!(r#"{verb} ROLE "{name}" LOGIN PASSWORD '{password}'"#);
    sqlx::query(AssertSqlSafe(statement)).execute(admin).await?;
    Ok(())
}

async fn make_database(admin: &mut PgConnection, name: &str) -> Result<(), Error> {
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut *admin)
            .await?;
    if !exists {
        let create = format!(r#"CREATE DATABASE "{name}" OWNER "{name}""#);
        sqlx::query(AssertSqlSafe(create)).execute(&mut *admin).await?;
    }
    let revoke = format!(r#"REVOKE ALL ON DATABASE "{name}" FROM PUBLIC"#);
    sqlx::query(AssertSqlSafe(revoke)).execute(admin).await?;
    Ok(())
}

fn url(options: PgConnectOptions) -> SecretString {
    SecretString::from(String::from(options.to_url_lossy()))
}
