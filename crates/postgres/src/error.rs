//! What can go wrong when a database opens, and what an error of a query means to a caller.

use sqlx::migrate::MigrateError;

use crate::OLDEST_VERSION;

/// Why a database could not be opened. Never holds a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL cannot be used; it is not repeated, because it is a secret.
    #[error("the database URL {0}")]
    Url(&'static str),
    /// The server does not answer, or refuses us.
    #[error("cannot connect to PostgreSQL at {address}: {source}")]
    Connect {
        /// Host and port, or the folder of the socket.
        address: String,
        /// What the last attempt met.
        source: sqlx::Error,
    },
    /// The server is older than the SQL of the services.
    #[error(
        "PostgreSQL at {address} is version {version}, but {OLDEST_VERSION} or newer is needed"
    )]
    TooOld {
        /// Host and port, or the folder of the socket.
        address: String,
        /// The server's major version.
        version: u32,
    },
    /// Sessions do not look into the service's schema, so its tables would land elsewhere.
    #[error(
        "sessions at {address} look into schema {found:?} and not {schema:?}: a connection pooler \
         that drops startup options cannot be used"
    )]
    SearchPath {
        /// Host and port, or the folder of the socket.
        address: String,
        /// The schema asked for.
        schema: &'static str,
        /// The schema that sessions see.
        found: Option<String>,
    },
    /// The schema could not be made.
    #[error("cannot make schema {schema}: {source}")]
    Schema {
        /// The schema asked for.
        schema: &'static str,
        /// What PostgreSQL said.
        source: sqlx::Error,
    },
    /// A migration failed, or differs from the one that was applied.
    #[error("cannot migrate schema {schema}: {source}")]
    Migrate {
        /// The service's schema.
        schema: &'static str,
        /// What sqlx said.
        source: MigrateError,
    },
}

/// Whether an error means that the database cannot be reached now, so that trying later may help.
pub fn is_unreachable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_passing(&code)),
        _ => false,
    }
}

/// Connection exceptions, a full server, and a server that starts, stops or fails over.
fn is_passing(sqlstate: &str) -> bool {
    sqlstate.starts_with("08")
        || matches!(sqlstate, "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25006")
}

/// The name of the constraint that a statement violated.
pub fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(|error| error.constraint())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreachable_server_is_told_from_a_wrong_query() {
        assert!(is_unreachable(&sqlx::Error::PoolTimedOut));
        assert!(is_unreachable(&sqlx::Error::Io(std::io::ErrorKind::ConnectionRefused.into())));
        assert!(!is_unreachable(&sqlx::Error::RowNotFound));
        assert!(is_passing("57P03") && is_passing("08006") && !is_passing("23505"));
    }
}
