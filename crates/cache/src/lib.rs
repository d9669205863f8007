//! State that replicas share and that may be lost: in Redis where one is set, else in this process.
//! No truth lives here. While Redis is down each process counts for itself, so limits stay limits.

mod local;
mod quota;
mod shared;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use elenchus_settings::{Env, Invalid};

use self::local::Local;
pub use self::quota::{Allowed, Quota};
use self::shared::Shared;

/// What callers hold. Clones share the state.
#[derive(Clone)]
pub struct Cache {
    local: Arc<Local>,
    shared: Option<Arc<Shared>>,
    /// Whether the last call reached Redis, so that its loss is logged once.
    is_lost: Arc<AtomicBool>,
}

impl Cache {
    /// In this process alone.
    pub fn in_process() -> Self {
        Self { local: Arc::default(), shared: None, is_lost: Arc::default() }
    }

    /// In the Redis of `REDIS_URL` and `REDIS_PASSWORD`, or in this process where none is set.
    pub async fn from_env(env: &Env) -> Result<Self, Invalid> {
        let Some(url) = env.text("REDIS_URL") else { return Ok(Self::in_process()) };
        let shared = Shared::connect(url, env.secret("REDIS_PASSWORD")).await?;
        Ok(Self { shared: Some(Arc::new(shared)), ..Self::in_process() })
    }

    /// Takes one from the allowance of `key`, if there is one left.
    pub async fn take(&self, key: &str, quota: Quota) -> Allowed {
        let Some(shared) = &self.shared else { return self.local.take(key, quota) };
        match shared.take(key, quota).await {
            Ok(allowed) => {
                if self.is_lost.swap(false, Ordering::Relaxed) {
                    tracing::info!("redis answers again");
                }
                allowed
            }
            Err(error) => {
                if !self.is_lost.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "redis does not answer; each process counts for itself");
                }
                self.local.take(key, quota)
            }
        }
    }
}
