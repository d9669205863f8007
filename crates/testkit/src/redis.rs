//! The Redis of the test run.

use crate::{REDIS_URL, variable};

/// Where it is; None where no `redis-server` is installed or the run has none.
pub fn url() -> Option<String> {
    variable(REDIS_URL)
}
