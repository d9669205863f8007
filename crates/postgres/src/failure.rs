//! What a statement that failed means to whoever caused it.

use std::time::Duration;

use elenchus_rpc::status::{Classify, STORE_UNAVAILABLE};
use tonic::Code;

use crate::is_unreachable;

/// When to try again what needs a database that cannot be reached.
const PAUSE: Duration = Duration::from_secs(1);

/// A statement that failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Later it may work.
    #[error("the database cannot be reached right now")]
    Unreachable(#[source] sqlx::Error),
    /// PostgreSQL keeps no U+0000, neither in text nor in JSON. A service that knows the field says it before.
    #[error(
        "a text of the request holds the character U+0000, which cannot be stored: leave it out"
    )]
    Nul(#[source] sqlx::Error),
    /// What should not happen.
    #[error("the database refused a statement")]
    Refused(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        if is_unreachable(&error) {
            Self::Unreachable(error)
        } else if holds_nul(&error) {
            Self::Nul(error)
        } else {
            Self::Refused(error)
        }
    }
}

fn holds_nul(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| matches!(&*code, "22021" | "22P05"))
}

impl Classify for Failure {
    fn code(&self) -> Code {
        match self {
            Self::Unreachable(_) => Code::Unavailable,
            Self::Nul(_) => Code::InvalidArgument,
            Self::Refused(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => STORE_UNAVAILABLE,
            Self::Nul(_) => "INVALID_FIELD",
            Self::Refused(_) => "STORE",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Unreachable(_)).then_some(PAUSE)
    }
}
