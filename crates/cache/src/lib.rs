//! State that replicas share and that may be lost: allowances, small values that are costly to ask
//! for, and what is said to all. In Redis where one is set, else in this process. No truth lives
//! here: while Redis is down each process counts for itself, finds no value, and is heard by itself.

mod fanout;
mod local;
mod probe;
mod quota;
mod shared;
mod store;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use elenchus_settings::{Env, Invalid};

pub use self::fanout::{Heard, Subscription};
use self::local::Local;
pub use self::probe::{ProbeError, probe};
pub use self::quota::{Allowed, Quota};
use self::shared::Shared;
use self::store::Store;

/// What callers hold. Clones share the state.
#[derive(Clone)]
pub struct Cache {
    store: Arc<dyn Store>,
    /// Stands in while the store is lost; the same where there is no other.
    local: Arc<Local>,
}

impl Cache {
    /// In this process alone.
    pub fn in_process() -> Self {
        let local = Arc::new(Local::default());
        Self { store: Arc::<Local>::clone(&local), local }
    }

    /// In the Redis of `REDIS_URL` and `REDIS_PASSWORD`, or in this process where none is set.
    /// Called within the runtime that the cache lives in.
    pub fn from_env(env: &Env) -> Result<Self, Invalid> {
        let Some(url) = env.text("REDIS_URL") else { return Ok(Self::in_process()) };
        let local = Arc::new(Local::default());
        let shared = Shared::connect(url, env.secret("REDIS_PASSWORD"), Arc::clone(local.hub()))?;
        Ok(Self { store: Arc::new(shared), local })
    }

    /// Takes one from the allowance of `key`, if there is one left.
    pub async fn take(&self, key: &str, quota: Quota) -> Allowed {
        match self.store.take(key, quota).await {
            Ok(allowed) => allowed,
            Err(_) => self.local.take(key, quota),
        }
    }

    /// The value of `key`, if it was set, its time is not over, and nobody removed it. None is
    /// always possible: then the truth has to be asked.
    pub async fn get(&self, key: &str) -> Option<Bytes> {
        // Never from this process alone: others could not remove it there.
        self.store.get(key).await.ok().flatten()
    }

    /// Keeps a small value for at most so long. What opens a door gets a time that its owner can
    /// bear after a removal that did not arrive.
    pub async fn set(&self, key: &str, value: impl Into<Bytes>, time_to_live: Duration) {
        let _ = self.store.set(key, value.into(), time_to_live).await;
    }

    /// Forgets a value, here and in all replicas.
    pub async fn remove(&self, key: &str) {
        let _ = self.store.remove(key).await;
    }

    /// Says something to all who hear the channel now; at least to those in this process.
    pub async fn publish(&self, channel: &str, message: impl Into<Bytes>) {
        let message = message.into();
        if self.store.publish(channel, message.clone()).await.is_err() {
            self.local.hub().tell(channel, Heard::Message(message));
        }
    }

    /// Hears what is said on a channel from now on. Look at the truth after subscribing, whenever
    /// [`Heard::Missed`] comes, and now and then: what is said while Redis is down reaches nobody else.
    pub fn subscribe(&self, channel: &str) -> Subscription {
        self.store.subscribe(channel)
    }
}
