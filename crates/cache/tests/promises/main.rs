//! The same promises in Redis and in one process; and what is left of them while Redis is away.

mod fanout;
mod loss;
mod quota;
mod values;

use std::time::Duration;

use elenchus_cache::Cache;
use elenchus_settings::Env;
use elenchus_testkit::redis;

/// More than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A cache of each kind.
fn caches() -> Vec<(&'static str, Cache)> {
    let mut caches = vec![("process", Cache::in_process())];
    caches.extend(redis::url().map(|url| ("redis", at(&url))));
    caches
}

/// The cache of one process in the Redis at `url`.
fn at(url: &str) -> Cache {
    Cache::from_env(&Env::of_pairs([("REDIS_URL", url)])).unwrap()
}

/// Tries until it holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let tried = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    tried.await.unwrap_or_else(|_| panic!("{what} within {PATIENCE:?}"));
}
