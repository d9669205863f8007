//! The way into a running cluster: its socket, and the passwords that its folder keeps.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tokio::time::{Instant, sleep};

use super::folder::Folder;
use super::{Error, PORT, SUPERUSER};

/// The line of `postmaster.pid` that names the socket's folder.
const SOCKET_LINE: usize = 4;
/// Whoever holds the folder may only be starting.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens the databases of a running cluster to whoever may read its folder.
pub struct Door {
    folder: Folder,
    socket: PathBuf,
    superuser_password: SecretString,
}

impl Door {
    pub(super) fn new(folder: Folder, socket: PathBuf) -> Result<Self, Error> {
        let superuser_password = folder.secret(SUPERUSER)?;
        Ok(Self { folder, socket, superuser_password })
    }

    /// The way into the cluster that another process runs. None where it does not come to answer.
    pub(super) async fn of_running(path: &Path) -> Result<Option<Self>, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let folder = Folder::open(path)?;
            if let Some(socket) = socket_of(&folder) {
                let door = Self::new(folder, socket)?;
                if let Ok(connection) = door.superuser("postgres").connect().await {
                    connection.close().await?;
                    return Ok(Some(door));
                }
            }
            if Instant::now() > deadline {
                return Ok(None);
            }
            sleep(Duration::from_millis(100)).await;
        }
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

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(super) fn superuser(&self, database: &str) -> PgConnectOptions {
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
}

/// Where the running server has its socket, by its own word.
fn socket_of(folder: &Folder) -> Option<PathBuf> {
    let recorded = fs::read_to_string(folder.data().join("postmaster.pid")).ok()?;
    let socket = recorded.lines().nth(SOCKET_LINE)?.trim();
    (!socket.is_empty()).then(|| PathBuf::from(socket))
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

pub(super) fn url(options: PgConnectOptions) -> SecretString {
    SecretString::from(String::from(options.to_url_lossy()))
}
