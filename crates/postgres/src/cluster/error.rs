//! Why a private cluster could not be started or stopped, each with its mend.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::OLDEST_VERSION;

/// Why a private cluster could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine has no usable PostgreSQL.
    #[error(
        "no PostgreSQL {OLDEST_VERSION} or newer was found: run scripts/fetch-postgres.sh, or install \
         it (apt-get install postgresql), or name the folder of its programs in ELENCHUS_PG_BIN, or \
         set DATABASE_URL to a server"
    )]
    NoPrograms,
    /// `ELENCHUS_PG_BIN` names a folder that cannot be used.
    #[error(
        "ELENCHUS_PG_BIN: {bin} holds no initdb and postgres of version {OLDEST_VERSION} or newer"
    )]
    UnusablePrograms {
        /// The folder named.
        bin: PathBuf,
    },
    /// Data can only be read by the major version that made them.
    #[error("the data in {folder} need PostgreSQL {made_by}, but only {found} was found")]
    OtherVersion {
        /// The cluster's folder.
        folder: PathBuf,
        /// The major version that made the data.
        made_by: u32,
        /// The major versions on this machine.
        found: String,
    },
    /// Another process uses the folder.
    #[error("process {pid} already uses {folder}: stop it, or choose another ELENCHUS_DATA_DIR")]
    Locked {
        /// The cluster's folder.
        folder: PathBuf,
        /// The process that holds the lock, or `?` while it is only starting.
        pid: String,
    },
    /// The data belong to another user.
    #[error(
        "{data} belongs to user {owner}: run as that user, or choose another ELENCHUS_DATA_DIR"
    )]
    Owner {
        /// The data folder.
        data: PathBuf,
        /// The owner's numeric id.
        owner: u32,
    },
    /// PostgreSQL refuses to run as root, and no other user can be had.
    #[error(
        "PostgreSQL runs neither as root nor as a user without a name: run as a named user, or allow \
         user namespaces, or set DATABASE_URL to a server"
    )]
    NoUser,
    /// `initdb` failed.
    #[error("initdb failed: {said}")]
    Initdb {
        /// The end of its output.
        said: String,
    },
    /// PostgreSQL ended before it was ready.
    #[error("PostgreSQL did not start ({status}): {said}; its log is {log}")]
    Ended {
        /// How it ended.
        status: String,
        /// The last complaint in its log.
        said: String,
        /// Its log file.
        log: PathBuf,
    },
    /// PostgreSQL runs and does not answer.
    #[error("PostgreSQL does not answer; its log is {log}")]
    NotReady {
        /// Its log file.
        log: PathBuf,
    },
    /// Somebody else's server answered.
    #[error("cluster {found:?} answered in place of the private one")]
    Stranger {
        /// The name it gave.
        found: String,
    },
    /// A PostgreSQL left by an earlier run does not stop.
    #[error(
        "a PostgreSQL of an earlier run still works in {data} and does not stop: end it by hand"
    )]
    Orphan {
        /// The data folder.
        data: PathBuf,
    },
    /// A file or a program could not be used.
    #[error("{path}: {source}")]
    Io {
        /// The file or the program.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// PostgreSQL refused a statement of ours.
    #[error("PostgreSQL refused: {0}")]
    Sql(#[from] sqlx::Error),
}

impl Error {
    pub(super) fn at(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { path: path.as_ref().to_owned(), source }
    }
}

/// `exit status: 1`, or the signal.
pub(super) fn describe(status: std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}
