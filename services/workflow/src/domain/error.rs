//! What can go wrong, in the words of the service.

use elenchus_postgres::Failure;
use elenchus_rpc::status::Classify;
use elenchus_sealed::Unopenable;
use tonic::Code;

use super::Status;

/// Why a request cannot be answered as it was meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Absent, withdrawn, or someone else's.
    #[error("workflow {0} not found")]
    NotFound(&'static str),
    /// The run has ended.
    #[error("the run has already ended ({0}), so there is nothing to cancel")]
    Ended(Status),
    /// The client's name for a run cannot be used.
    #[error("must have at most {max} characters, not {chars}")]
    TooLong {
        /// The field.
        field: &'static str,
        /// The most that it may have.
        max: usize,
        /// What it has.
        chars: usize,
    },
    /// A character that no text of the database can hold.
    #[error("must not hold the character U+0000")]
    Nul {
        /// The field.
        field: &'static str,
    },
    /// Not one of the statuses.
    #[error("{0:?} is not one of pending, running, completed, failed, cancelled")]
    UnknownStatus(String),
    /// Not a number that an event can have.
    #[error("must be 0 or more, not {0}")]
    NegativeSeq(i32),
    /// What is stored does not fit its type.
    #[error("a stored {0} cannot be read")]
    Corrupt(&'static str),
    /// A secret cannot be made ready to be stored.
    #[error("a secret cannot be sealed")]
    Unsealed(#[from] Unopenable),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Failure),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Classify for Error {
    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => Code::NotFound,
            Self::Ended(_) => Code::FailedPrecondition,
            Self::TooLong { .. }
            | Self::Nul { .. }
            | Self::UnknownStatus(_)
            | Self::NegativeSeq(_) => Code::InvalidArgument,
            Self::Corrupt(_) | Self::Unsealed(_) => Code::Internal,
            Self::Store(failure) => failure.code(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "NOT_FOUND",
            Self::Ended(_) => "EXECUTION_ENDED",
            Self::TooLong { .. } => "TOO_LONG",
            Self::Nul { .. } => "INVALID_FIELD",
            Self::UnknownStatus(_) => "UNKNOWN_STATUS",
            Self::NegativeSeq(_) => "NEGATIVE_SEQ",
            Self::Corrupt(_) => "CORRUPT",
            Self::Unsealed(_) => "UNSEALED",
            Self::Store(failure) => failure.reason(),
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::TooLong { field, .. } | Self::Nul { field } => Some(field),
            Self::UnknownStatus(_) => Some("status"),
            Self::NegativeSeq(_) => Some("after_seq"),
            Self::NotFound(_)
            | Self::Ended(_)
            | Self::Corrupt(_)
            | Self::Unsealed(_)
            | Self::Store(_) => None,
        }
    }
}
