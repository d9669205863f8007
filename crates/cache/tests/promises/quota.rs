use elenchus_cache::Quota;
use uuid::Uuid;

use crate::caches;

const QUOTA: Quota = Quota { per_minute: 6, burst: 3 };

#[tokio::test]
async fn a_burst_is_granted_and_then_refused_with_when_to_try_again() {
    for (name, cache) in caches() {
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
    for (name, cache) in caches() {
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

/// Of a busy client's allowance some is taken ahead, by each replica for itself.
#[tokio::test(flavor = "multi_thread")]
async fn busy_replicas_together_get_the_burst_and_no_more() {
    const BUSY: Quota = Quota { per_minute: 1, burst: 4_000 };
    // Caches over one Redis are replicas; of those in one process only clones share anything.
    for ((name, one), (_, other)) in caches().into_iter().zip(caches()) {
        let replicas = if name == "redis" { [one, other] } else { [one.clone(), one] };
        let key = Uuid::now_v7().to_string();
        let mut set = tokio::task::JoinSet::new();
        for replica in replicas.iter().flat_map(|replica| vec![replica.clone(); 4]) {
            let key = key.clone();
            set.spawn(async move {
                let mut granted = 0;
                while replica.take(&key, BUSY).await.is_granted {
                    granted += 1;
                }
                granted
            });
        }
        let granted: u32 = set.join_all().await.into_iter().sum();
        // Half at the least: nobody takes more ahead than it used.
        assert!((2_000..=4_001).contains(&granted), "{name}: {granted}");
    }
}
