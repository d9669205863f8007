//! What was learnt of credentials a moment ago.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use super::{Authority, Credential};

/// How long an answer is believed: with the time of asking, what a log-out that nobody told takes to hold.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
/// Credentials that are remembered at once.
pub(super) const REMEMBERED: u64 = 100_000;

/// The answers of the last second, and one question at a time for each credential.
pub struct Answers {
    cache: Cache<Credential, Option<Authority>>,
}

impl Default for Answers {
    fn default() -> Self {
        let cache = Cache::builder().max_capacity(REMEMBERED).time_to_live(BELIEVED_FOR).build();
        Self { cache }
    }
}

impl Answers {
    /// The answer of the last second, or the one that `ask` gets. Callers who ask for the same credential
    /// at once wait for one answer, and share its failure.
    pub async fn get<E: Send + Sync + 'static>(
        &self,
        credential: Credential,
        ask: impl Future<Output = Result<Option<Authority>, E>>,
    ) -> Result<Option<Authority>, Arc<E>> {
        self.cache.try_get_with(credential, ask).await
    }

    /// Has the next caller ask.
    pub async fn forget(&self, credential: Credential) {
        self.cache.invalidate(&credential).await;
    }

    /// Has the next caller ask, whatever the credential.
    pub fn doubt(&self) {
        self.cache.invalidate_all();
    }
}
