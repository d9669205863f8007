//! What keeps losable state: Redis, or this process.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::fanout::Subscription;
use crate::quota::{Allowed, Quota};

/// The store did not answer, or not in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("redis does not answer")]
pub(crate) struct Lost;

/// Keeps allowances and small values for a while, and passes on what is said.
#[async_trait]
pub(crate) trait Store: Send + Sync {
    /// Takes one from the allowance of `key`, if there is one left.
    async fn take(&self, key: &str, quota: Quota) -> Result<Allowed, Lost>;

    /// The value of `key`, if it was set and its time is not over.
    async fn get(&self, key: &str) -> Result<Option<Bytes>, Lost>;

    /// Keeps a value for at most so long.
    async fn set(&self, key: &str, value: Bytes, time_to_live: Duration) -> Result<(), Lost>;

    /// Forgets a value.
    async fn remove(&self, key: &str) -> Result<(), Lost>;

    /// Says something to all who hear the channel now.
    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), Lost>;

    /// Hears what is said on a channel from now on.
    fn subscribe(&self, channel: &str) -> Subscription;
}
