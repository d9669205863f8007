//! PostgreSQL for services: one pool and one schema for each, migrated when it opens, and the private
//! cluster of the embedded run. It knows no service's tables.

pub mod cluster;
mod database;
mod error;
mod failure;
mod inspect;
mod settings;

pub use database::{Database, aside};
pub use error::{Error, constraint, is_unreachable};
pub use failure::Failure;
pub use inspect::{Inspection, Vector, has_answered_by_index, inspect};
pub use settings::DatabaseSettings;

/// The oldest major version whose SQL the services use.
pub const OLDEST_VERSION: u32 = 15;
