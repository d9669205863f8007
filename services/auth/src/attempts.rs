//! How often sign-in may be tried: for one account from one address, and from one address. Never
//! for an account alone, so that a stranger's guessing does not lock its owner out.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use elenchus_cache::{Cache, Quota};
use sha2::{Digest, Sha256};

use crate::AttemptLimits;
use crate::domain::Error;

/// Counts attempts over every replica.
pub(crate) struct Attempts {
    cache: Cache,
    limits: AttemptLimits,
}

impl Attempts {
    /// Counts in the cache that the replicas share.
    pub(crate) fn new(cache: Cache, limits: AttemptLimits) -> Self {
        Self { cache, limits }
    }

    /// Counts an attempt from an address.
    pub(crate) async fn count(&self, client: Option<IpAddr>) -> Result<(), Error> {
        let limit = self.limits.per_address_per_minute.get();
        self.take(&format!("attempt:{}", name(client)), limit).await
    }

    /// Counts an attempt at an account from an address.
    pub(crate) async fn count_for(
        &self,
        username: &str,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        self.count(client).await?;
        // Hashed, so that the cache holds nobody's address.
        let account = Sha256::digest(username.trim().to_lowercase());
        let account = URL_SAFE_NO_PAD.encode(&account[..16]);
        self.take(&format!("attempt:{}:{account}", name(client)), self.limits.per_minute.get())
            .await
    }

    async fn take(&self, key: &str, per_minute: u32) -> Result<(), Error> {
        let allowed = self.cache.take(key, Quota { per_minute, burst: per_minute }).await;
        if allowed.is_granted {
            return Ok(());
        }
        // In whole seconds, as Retry-After has them; never too few.
        let retry_after = Duration::from_secs(allowed.wait.as_secs() + 1);
        Err(Error::TooManyAttempts { retry_after })
    }
}

/// Where attempts come from. Who has one IPv6 address has the whole /64 around it.
fn name(client: Option<IpAddr>) -> String {
    match client.map(|address| address.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_network_of_one_owner_counts_as_one_address() {
        let name = |text: &str| super::name(Some(text.parse().unwrap()));
        assert_eq!(name("2001:db8:1:2::1"), name("2001:db8:1:2:ffff::9"));
        assert_ne!(name("2001:db8:1:2::1"), name("2001:db8:1:3::1"));
        assert_eq!(name("::ffff:192.0.2.7"), name("192.0.2.7"));
        assert_ne!(name("192.0.2.7"), name("192.0.2.8"));
    }
}
