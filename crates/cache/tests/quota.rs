//! The same promises in Redis and in one process.

use elenchus_cache::{Cache, Quota};
use elenchus_settings::Env;
use elenchus_testkit::redis;
use uuid::Uuid;

const QUOTA: Quota = Quota { per_minute: 6, burst: 3 };

async fn caches() -> Vec<(&'static str, Cache)> {
    let mut caches = vec![("process", Cache::in_process())];
    if let Some(url) = redis::url() {
        caches
            .push(("redis", Cache::from_env(&Env::of_pairs([("REDIS_URL", url)])).await.unwrap()));
    }
    caches
}

#[tokio::test]
async fn a_burst_is_granted_and_then_refused_with_when_to_try_again() {
    for (name, cache) in caches().await {
        let key = Uuid::now_v7().to_string();
        for remaining in (0..3).rev() {
            let allowed = cache.take(&key, QUOTA).await;
            assert!(allowed.is_granted, "{name}");
            assert_eq!(allowed.remaining, remaining, "{name}");
        }
        let refused = cache.take(&key, QUOTA).await;
        assert!(!refused.is_granted, "{name}");
        assert!(refused.wait.as_secs() <= 10 && !refused.wait.is_zero(), "{name}: {refused:?}");
        assert!(
            cache.take(&Uuid::now_v7().to_string(), QUOTA).await.is_granted,
            "{name}: another key"
        );
    }
}

#[tokio::test]
async fn many_at_once_never_get_more_than_the_burst() {
    for (name, cache) in caches().await {
        let key = Uuid::now_v7().to_string();
        let takes: Vec<_> = (0..50)
            .map(|_| {
                let (cache, key) = (cache.clone(), key.clone());
                async move { cache.take(&key, QUOTA).await.is_granted }
            })
            .collect();
        let mut set = tokio::task::JoinSet::new();
        takes.into_iter().for_each(|take| {
            set.spawn(take);
        });
        let granted = set.join_all().await.into_iter().filter(|granted| *granted).count();
        assert_eq!(granted, 3, "{name}");
    }
}

#[tokio::test]
async fn without_its_redis_a_limit_stays_a_limit() {
    let nobody = Env::of_pairs([("REDIS_URL", "redis://127.0.0.1:1")]);
    let cache = Cache::from_env(&nobody).await.unwrap();
    let mut granted = 0;
    for _ in 0..5 {
        granted += usize::from(cache.take("key", QUOTA).await.is_granted);
    }
    assert_eq!(granted, 3);
}

#[tokio::test]
async fn a_wrong_address_is_refused_without_its_password() {
    let env = Env::of_pairs([("REDIS_URL", "http://:a-password@host")]);
    let refusal = Cache::from_env(&env).await.err().unwrap().to_string();
    assert!(refusal.contains("REDIS_URL") && !refusal.contains("a-password"), "{refusal}");
}
