//! What tests need: databases of their own on a private PostgreSQL, and a private Redis. Never a
//! stranger's. Test code alone depends on it.

pub mod caller;
pub mod certificates;
pub mod courtlistener;
mod embeddings;
mod gullible;
pub mod langfuse;
mod listener;
pub mod port;
pub mod postgres;
pub mod program;
pub mod provider;
pub mod redis;
pub mod servers;

/// The superuser's URL of the PostgreSQL of this test run.
pub const DATABASE_URL: &str = "ELENCHUS_TEST_DATABASE_URL";
/// The random name that this PostgreSQL answers with.
pub const CLUSTER: &str = "ELENCHUS_TEST_CLUSTER";
/// The Redis of this test run.
pub const REDIS_URL: &str = "ELENCHUS_TEST_REDIS_URL";
/// Which major version of PostgreSQL to test on.
pub const PG_VERSION: &str = "ELENCHUS_TEST_PG";

/// A variable of the process; empty counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok().filter(|value| !value.is_empty())
}
