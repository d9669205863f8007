//! Sign-ins that were refused, told to the audit record. Whoever guesses does not decide how much is
//! written: each account has an allowance, and addresses without an account share one.

use elenchus_cache::{Cache, Quota};
use elenchus_rpc::{Shutdown, UserId};

use crate::domain::audit::{Act, Event, Origin};
use crate::store::Store;

/// Enough to see that an account is being guessed at, by whom, and for how long.
const OF_AN_ACCOUNT: Quota = Quota { per_minute: 10, burst: 30 };
/// What has no account may be anything that anybody types.
const OF_NOBODY: Quota = Quota { per_minute: 30, burst: 100 };

/// Records refusals beside the answers, so that an answer's time does not tell what was recorded.
pub(crate) struct Refusals {
    store: Store,
    cache: Cache,
    shutdown: Shutdown,
}

impl Refusals {
    /// Counts in the cache that the replicas share.
    pub(crate) fn new(store: Store, cache: Cache, shutdown: Shutdown) -> Self {
        Self { store, cache, shutdown }
    }

    /// Records that a sign-in was refused, if the allowance lasts. `account` is the one aimed at.
    pub(crate) fn tell(&self, account: Option<UserId>, reason: &'static str, origin: &Origin) {
        let (store, cache, origin) = (self.store.clone(), self.cache.clone(), origin.clone());
        self.shutdown.spawn(async move {
            let (key, quota) = match account {
                Some(user_id) => (format!("refusal:{user_id}"), OF_AN_ACCOUNT),
                None => ("refusal:nobody".to_owned(), OF_NOBODY),
            };
            let is_recorded = cache.take(&key, quota).await.is_granted;
            let labels = [("reason", reason), ("recorded", if is_recorded { "yes" } else { "no" })];
            metrics::counter!("sign_in_refusals_total", &labels).increment(1);
            if !is_recorded {
                return;
            }
            let mut event = Event::refused(Act::OpenSession, reason);
            if let Some(user_id) = account {
                event = event.about(user_id);
            }
            if let Err(error) = store.record(&event, &origin).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "a refused sign-in was not recorded");
            }
        });
    }
}
