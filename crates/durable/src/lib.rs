//! Durable work on PostgreSQL: the rows of a table as a leased queue, the worker that drains it, the
//! notices that wake it, and the seam between a workflow and its journal. It knows no service's tables.

pub mod journal;
mod lease;
mod notice;
mod queue;
mod worker;

pub use self::journal::{Halt, Journal, Step, idempotency_key};
pub use self::lease::Lease;
pub use self::notice::{Notices, Subscription};
pub use self::queue::{Queue, Terms};
pub use self::worker::{Failure, Handler, Worker};

/// Why a write for a job did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another worker has the job, or it was withdrawn.
    #[error("the lease of the job is lost")]
    Lost,
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] sqlx::Error),
}
