//! How often sign-in may be tried: for one account from one address, and from one address. Never
//! for an account alone, so that a stranger's guessing does not lock its owner out.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use elenchus_cache::{Cache, Quota};
use sha2::{Digest, Sha256};

use crate::AttemptLimits;
use crate::domain::Error;

/// Counts attempts over every replica.
pub struct Attempts {
    cache: Cache,
    limits: AttemptLimits,
}

impl Attempts {
    /// Counts in the cache that the replicas share.
    pub fn new(cache: Cache, limits: AttemptLimits) -> Self {
        Self { cache, limits }
    }

    /// Counts an attempt from an address.
    pub async fn count(&self, client: Option<IpAddr>) -> Result<(), Error> {
        let limit = self.limits.per_address_per_minute.get();
        self.take(&format!("attempt:{}", name(client)), limit).await
    }

    /// Counts an attempt at an account from an address.
    pub async fn count_for(&self, username: &str, client: Option<IpAddr>) -> Result<(), Error> {
        self.count(client).await?;
        // Hashed, so that the cache holds nobody's address.
        let account = Sha256::digest(username.trim().to_lowercase());
        let account = URL_SAFE_NO_PAD.encode(&account[..16]);
        self.take(&format!("attempt:{}:{account}", name(client)), self.limits.per_minute.get()).await
    }

    async fn take(&self, key: &str, per_minute: u32) -> Result<(), Error> {
        let allowed = self.cache.take(key, Quota { per_minute, burst: per_minute }).await;
        if allowed.is_granted {
            return Ok(());
        }
        Err(Error::TooManyAttempts { retry_after: allowed.wait })
    }
}

fn name(client: Option<IpAddr>) -> String {
    client.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
}
