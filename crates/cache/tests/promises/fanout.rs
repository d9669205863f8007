use elenchus_cache::{Cache, Heard, Subscription};
use elenchus_testkit::redis;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{PATIENCE, at, caches};

/// The first listener of a channel, once it surely hears: in Redis that is said by a first `Missed`.
pub(crate) async fn listener(name: &str, cache: &Cache, channel: &str) -> Subscription {
    let mut subscription = cache.subscribe(channel);
    if name == "redis" {
        assert_eq!(next(&mut subscription).await, Heard::Missed);
    }
    subscription
}

pub(crate) async fn next(subscription: &mut Subscription) -> Heard {
    timeout(PATIENCE, subscription.next()).await.expect("something is heard")
}

pub(crate) fn message(text: &str) -> Heard {
    Heard::Message(text.to_owned().into())
}

#[tokio::test]
async fn every_listener_of_a_channel_hears_all_of_it_in_order_and_nothing_else() {
    for (name, cache) in caches() {
        let (channel, other) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
        let mut listeners = vec![listener(name, &cache, &channel).await, cache.subscribe(&channel)];
        let mut elsewhere = listener(name, &cache, &other).await;
        for text in ["one", "two"] {
            cache.publish(&channel, text).await;
        }
        cache.publish(&other, "three").await;
        for listener in &mut listeners {
            assert_eq!(next(listener).await, message("one"), "{name}");
            assert_eq!(next(listener).await, message("two"), "{name}");
        }
        assert_eq!(next(&mut elsewhere).await, message("three"), "{name}");
    }
}

#[tokio::test]
async fn what_one_replica_says_all_replicas_hear() {
    let Some(url) = redis::url() else { return };
    let (one, other) = (at(&url), at(&url));
    let channel = Uuid::now_v7().to_string();
    let mut near = listener("redis", &one, &channel).await;
    let mut far = listener("redis", &other, &channel).await;
    one.publish(&channel, "hello").await;
    assert_eq!(next(&mut near).await, message("hello"));
    assert_eq!(next(&mut far).await, message("hello"));
}

#[tokio::test]
async fn a_channel_that_lost_its_last_listener_is_heard_again_by_the_next() {
    for (name, cache) in caches() {
        let channel = Uuid::now_v7().to_string();
        drop(listener(name, &cache, &channel).await);
        let mut second = cache.subscribe(&channel);
        // Whether the channel was given up in between is a matter of luck; both ways it is heard.
        while next_after_saying(&cache, &channel, &mut second).await == Heard::Missed {}
        cache.publish(&channel, "again").await;
        while next(&mut second).await != message("again") {}
    }
}

async fn next_after_saying(cache: &Cache, channel: &str, listener: &mut Subscription) -> Heard {
    cache.publish(channel, "hello").await;
    next(listener).await
}

#[tokio::test]
async fn a_listener_that_is_too_slow_is_told_that_it_missed_something() {
    for (name, cache) in caches() {
        let channel = Uuid::now_v7().to_string();
        let mut slow = listener(name, &cache, &channel).await;
        let mut quick = cache.subscribe(&channel);
        for number in 0..2000 {
            cache.publish(&channel, number.to_string()).await;
            let _ = next(&mut quick).await;
        }
        assert_eq!(next(&mut slow).await, Heard::Missed, "{name}");
        cache.publish(&channel, "end").await;
        while next(&mut slow).await != message("end") {}
    }
}
