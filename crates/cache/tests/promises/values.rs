use std::time::Duration;

use elenchus_cache::Cache;
use elenchus_testkit::redis;
use uuid::Uuid;

use crate::{at, caches, until};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_value_is_found_as_it_was_set_until_it_is_removed() {
    for (name, cache) in caches() {
        let key = Uuid::now_v7().to_string();
        assert_eq!(cache.get(&key).await, None, "{name}");
        cache.set(&key, &b"\0\xffalive"[..], LONG).await;
        assert_eq!(cache.get(&key).await.as_deref(), Some(&b"\0\xffalive"[..]), "{name}");
        cache.set(&key, "", LONG).await;
        assert_eq!(cache.get(&key).await.as_deref(), Some(&b""[..]), "{name}: the last one counts");
        cache.remove(&key).await;
        assert_eq!(cache.get(&key).await, None, "{name}: removed");
    }
}

#[tokio::test]
async fn a_value_is_gone_when_its_time_is_over() {
    for (name, cache) in caches() {
        let (brief, long) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
        cache.set(&long, "long", Duration::from_millis(1)).await;
        cache.set(&long, "long", LONG).await;
        cache.set(&brief, "brief", Duration::from_millis(50)).await;
        until("the brief one goes", async || cache.get(&brief).await.is_none()).await;
        assert_eq!(cache.get(&long).await.as_deref(), Some(&b"long"[..]), "{name}: a new time");
        cache.set(&brief, "none", Duration::ZERO).await;
        until("one without time goes", async || cache.get(&brief).await.is_none()).await;
    }
}

#[tokio::test]
async fn what_one_replica_removes_no_other_finds() {
    let Some(url) = redis::url() else { return };
    let (one, other): (Cache, Cache) = (at(&url), at(&url));
    let key = Uuid::now_v7().to_string();
    one.set(&key, "alive", LONG).await;
    assert!(other.get(&key).await.is_some());
    other.remove(&key).await;
    assert_eq!(one.get(&key).await, None);
}
