//! The private PostgreSQL of the embedded run: made in a folder of ours, supervised while we run,
//! reached through a socket that only its owner can open. It knows no service's tables.

mod door;
mod error;
mod folder;
mod initdb;
mod launcher;
mod orphan;
mod programs;
mod supervisor;

use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::time::{sleep, timeout};

pub use door::Door;
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

/// A way into the cluster of a folder, whoever runs it.
pub enum Entry {
    /// Nobody did, so it was started.
    Started(Cluster),
    /// Another process does.
    Running(Door),
}

impl Entry {
    /// As [`Cluster::url_for`].
    pub async fn url_for(&self, service: &str) -> Result<SecretString, Error> {
        match self {
            Self::Started(cluster) => cluster.url_for(service).await,
            Self::Running(door) => door.url_for(service).await,
        }
    }

    /// Stops what was started.
    pub async fn leave(self) -> Result<(), Error> {
        match self {
            Self::Started(cluster) => cluster.stop().await,
            Self::Running(_) => Ok(()),
        }
    }
}

/// A running private cluster. Dropping it asks PostgreSQL to stop; [`Cluster::stop`] also waits.
pub struct Cluster {
    name: String,
    door: Door,
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
        let socket = folder.socket()?;
        let door = Door::new(folder, socket.path().to_owned())?;
        let folder = door.folder();
        launcher.hand_over(folder.path())?;
        launcher.hand_over(socket.path())?;

        orphan::evict(&folder.data()).await?;
        initdb::unless_made(folder, programs, &launcher, options).await?;

        let name = format!("elenchus-{}", &folder::random_hex()?[..16]);
        let postmaster = Postmaster::new(folder, programs, launcher, &name, socket.path(), options);
        let supervisor = Supervisor::start(postmaster, (lock, socket))?;
        let mut cluster = Self { name, door, supervisor };
        cluster.wait_until_ready().await?;
        Ok(cluster)
    }

    /// The name that `SHOW cluster_name` answers: random, so that nobody mistakes another server for it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Goes into the cluster that another process runs in the folder, or starts it.
    pub async fn enter(
        folder: &Path,
        programs: &Programs,
        options: Options,
    ) -> Result<Entry, Error> {
        match Self::start(folder, programs, options).await {
            Ok(cluster) => Ok(Entry::Started(cluster)),
            Err(locked @ Error::Locked { .. }) => {
                Door::of_running(folder).await?.map(Entry::Running).ok_or(locked)
            }
            Err(error) => Err(error),
        }
    }

    /// The URL of a service's own database as its own role, both made if they are missing.
    pub async fn url_for(&self, service: &str) -> Result<SecretString, Error> {
        self.door.url_for(service).await
    }

    /// The URL of the superuser, for maintenance.
    pub fn superuser_url(&self) -> SecretString {
        door::url(self.door.superuser("postgres"))
    }

    /// Stops PostgreSQL and returns when it has ended and the folder is free.
    pub async fn stop(self) -> Result<(), Error> {
        self.supervisor.stop().await
    }

    async fn wait_until_ready(&mut self) -> Result<(), Error> {
        // What template1 holds, every database made later holds too.
        let options = self.door.superuser("template1");
        let name = self.name.as_str();
        let log = self.door.folder().log();
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
                Err(Error::Ended { status, said: self.door.folder().last_words(), log })
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
