//! Redis is killed, stopped and started again below a running process.

use std::time::{Duration, Instant};

use elenchus_cache::{Cache, Heard, Quota};
use elenchus_settings::Env;
use elenchus_testkit::servers::Redis;

use crate::fanout::{listener, message, next};
use crate::{at, until};

const QUOTA: Quota = Quota { per_minute: 6, burst: 3 };
const LONG: Duration = Duration::from_secs(60);

async fn granted(cache: &Cache, key: &str) -> usize {
    let mut granted = 0;
    for _ in 0..5 {
        granted += usize::from(cache.take(key, QUOTA).await.is_granted);
    }
    granted
}

#[tokio::test]
async fn without_its_redis_a_limit_stays_a_limit() {
    let cache = at("redis://127.0.0.1:1");
    assert_eq!(granted(&cache, "key").await, 3);
}

#[tokio::test]
async fn a_redis_that_is_killed_and_comes_back_is_used_again_by_itself() {
    let Some(mut redis) = Redis::start().unwrap() else { return };
    let (one, other) = (at(&redis.url()), at(&redis.url()));
    one.set("key", "alive", LONG).await;
    assert!(other.get("key").await.is_some());
    let mut far = listener("redis", &other, "channel").await;

    redis.kill();
    assert_eq!(next(&mut far).await, Heard::Missed, "its listeners know that they are cut off");
    assert_eq!(one.get("key").await, None, "a value is only found where all could remove it");
    one.set("key", "stale", LONG).await;
    assert_eq!(one.get("key").await, None);
    assert_eq!(granted(&one, "limit").await, 3, "a limit stays a limit");
    let mut near = one.subscribe("near");
    one.publish("near", "hello").await;
    assert_eq!(next(&mut near).await, message("hello"), "a process hears itself");

    redis.restart().unwrap();
    until("values are shared again", async || {
        one.set("key", "new", LONG).await;
        other.get("key").await.as_deref() == Some(b"new")
    })
    .await;
    until("listeners hear again", async || {
        one.publish("channel", "again").await;
        next(&mut far).await == message("again")
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_hangs_slows_only_the_calls_that_find_it_out() {
    let Some(redis) = Redis::start().unwrap() else { return };
    let cache = at(&redis.url());
    cache.set("key", "alive", LONG).await;
    redis.pause();
    assert_eq!(cache.get("key").await, None, "the one that finds it out");
    let began = Instant::now();
    for _ in 0..100 {
        assert_eq!(cache.get("key").await, None);
        cache.set("key", "stale", LONG).await;
        cache.take("limit", QUOTA).await;
        cache.publish("channel", "hello").await;
    }
    // 400 calls that each waited would take 100 seconds.
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    redis.resume();
    until("it is asked again", async || cache.get("key").await.as_deref() == Some(b"alive")).await;
}

#[tokio::test]
async fn a_wrong_address_is_refused_without_its_password() {
    let env = Env::of_pairs([("REDIS_URL", "http://:a-password@host")]);
    let refusal = Cache::from_env(&env).err().unwrap().to_string();
    assert!(refusal.contains("REDIS_URL") && !refusal.contains("a-password"), "{refusal}");
}
