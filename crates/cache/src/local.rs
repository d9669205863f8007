//! Losable state in this process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use moka::Expiry;
use moka::sync::Cache;

use crate::fanout::{Heard, Hub, Subscription};
use crate::quota::{Allowed, Quota};
use crate::store::{Lost, Store};

/// Allowances that are remembered; the least used go first.
const MOST_KEYS: u64 = 100_000;
/// An allowance that was not touched for so long is whole again.
const IDLE: Duration = Duration::from_secs(3600);
/// Bytes of keys and values that are kept; the least used go first.
const MOST_BYTES: u64 = 32 * 1024 * 1024;

/// What one process remembers. Clones share it.
#[derive(Clone)]
pub(crate) struct Local {
    /// When each allowance will be whole again.
    whole_at: Cache<String, Arc<Mutex<Instant>>>,
    values: Cache<String, Value>,
    hub: Arc<Hub>,
}

#[derive(Clone)]
struct Value {
    bytes: Bytes,
    time_to_live: Duration,
}

/// Each value lives as long as it was given.
struct OwnTime;

impl Expiry<String, Value> for OwnTime {
    fn expire_after_create(&self, _: &String, value: &Value, _: Instant) -> Option<Duration> {
        Some(value.time_to_live)
    }

    fn expire_after_update(
        &self,
        _: &String,
        value: &Value,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(value.time_to_live)
    }
}

impl Default for Local {
    fn default() -> Self {
        let weight = |key: &String, value: &Value| {
            u32::try_from(key.len() + value.bytes.len()).unwrap_or(u32::MAX)
        };
        Self {
            whole_at: Cache::builder().max_capacity(MOST_KEYS).time_to_idle(IDLE).build(),
            values: Cache::builder()
                .max_capacity(MOST_BYTES)
                .weigher(weight)
                .expire_after(OwnTime)
                .build(),
            hub: Arc::default(),
        }
    }
}

impl Local {
    /// The listeners of this process.
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Takes one from the allowance of `key`, if there is one left.
    pub(crate) fn take(&self, key: &str, quota: Quota) -> Allowed {
        let now = Instant::now();
        let cell = self.whole_at.get_with_by_ref(key, || Arc::new(Mutex::new(now)));
        let mut whole_at = cell.lock().unwrap_or_else(PoisonError::into_inner);
        let allowed = quota.judge(whole_at.saturating_duration_since(now));
        if allowed.is_granted {
            *whole_at = (*whole_at).max(now) + quota.step();
        }
        allowed
    }
}

#[async_trait]
impl Store for Local {
    async fn take(&self, key: &str, quota: Quota) -> Result<Allowed, Lost> {
        Ok(Self::take(self, key, quota))
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, Lost> {
        Ok(self.values.get(key).map(|value| value.bytes))
    }

    async fn set(&self, key: &str, bytes: Bytes, time_to_live: Duration) -> Result<(), Lost> {
        self.values.insert(key.to_owned(), Value { bytes, time_to_live });
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), Lost> {
        self.values.invalidate(key);
        Ok(())
    }

    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), Lost> {
        self.hub.tell(channel, Heard::Message(message));
        Ok(())
    }

    fn subscribe(&self, channel: &str) -> Subscription {
        self.hub.subscribe(channel)
    }
}
