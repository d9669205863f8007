//! Guessing is bounded, and neither its answers nor their time tell anything.

use std::time::{Duration, Instant};

use elenchus_proto::pb::auth::v1 as pb;
use tonic::Code;
use tonic_types::StatusExt;

use crate::reason;
use crate::service::{Client, EMAIL, PASSWORD, Service, by, from, login, registration};

#[tokio::test]
async fn a_guesser_is_stopped_and_the_owner_is_not_locked_out() {
    let service = Service::with_limits(3, 100).await;
    let mut client = Client::new(service.near());
    client.register(from("192.0.2.1", registration(EMAIL))).await.unwrap();
    for _ in 0..3 {
        let refusal =
            client.login(from("203.0.113.9", login(EMAIL, "wrongpassword"))).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
    }
    for spelling in [EMAIL, " TEST@example.com "] {
        let refusal =
            client.login(from("203.0.113.9", login(spelling, PASSWORD))).await.unwrap_err();
        assert_eq!(refusal.code(), Code::ResourceExhausted);
        assert_eq!(reason(&refusal), "TOO_MANY_ATTEMPTS");
        let delay = refusal.get_error_details().retry_info().unwrap().retry_delay.unwrap();
        assert!(delay >= Duration::from_secs(1), "{delay:?}");
    }
    client.login(from("192.0.2.1", login(EMAIL, PASSWORD))).await.unwrap();
}

#[tokio::test]
async fn an_address_is_stopped_whatever_the_account() {
    let service = Service::with_limits(100, 3).await;
    let mut client = Client::new(service.near());
    client.register(from("2001:db8::1", registration(EMAIL))).await.unwrap();
    for account in ["a@example.com", "b@example.com"] {
        let refusal =
            client.login(from("2001:db8::2", login(account, PASSWORD))).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
    }
    let refusal =
        client.register(from("2001:db8::3", registration("c@example.com"))).await.unwrap_err();
    assert_eq!(refusal.code(), Code::ResourceExhausted);
    client.login(from("2001:db8:0:1::1", login(EMAIL, PASSWORD))).await.unwrap();
}

#[tokio::test]
async fn guesses_are_counted_over_every_replica() {
    let Some(redis) = elenchus_testkit::redis::url() else { return };
    let service = Service::with(&[("REDIS_URL", &redis), ("LOGIN_ATTEMPTS_PER_MINUTE", "3")]).await;
    let other = service.replica(service.settings.clone()).await;
    let mut replicas = [Client::new(service.near()), Client::new(other.transport())];
    // The Redis is shared with other tests, so the account is not.
    let email = format!("{}@example.com", uuid::Uuid::now_v7());
    replicas[0].register(from("192.0.2.9", registration(&email))).await.unwrap();
    for turn in 0..3 {
        let guess = from("198.51.100.9", login(&email, "wrongpassword"));
        let refusal = replicas[turn % 2].login(guess).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
    }
    for replica in &mut replicas {
        let refusal = replica.login(from("198.51.100.9", login(&email, PASSWORD))).await;
        assert_eq!(refusal.unwrap_err().code(), Code::ResourceExhausted);
        replica.login(from("192.0.2.9", login(&email, PASSWORD))).await.unwrap();
    }
}

#[tokio::test]
async fn guesses_are_counted_and_owners_let_in_while_redis_is_away() {
    let nowhere = ("REDIS_URL", "redis://127.0.0.1:1");
    let service = Service::with(&[nowhere, ("LOGIN_ATTEMPTS_PER_MINUTE", "3")]).await;
    let mut client = Client::new(service.near());
    client.register(from("192.0.2.1", registration(EMAIL))).await.unwrap();
    for _ in 0..3 {
        let guess = from("203.0.113.9", login(EMAIL, "wrongpassword"));
        assert_eq!(client.login(guess).await.unwrap_err().code(), Code::Unauthenticated);
    }
    let guess = from("203.0.113.9", login(EMAIL, PASSWORD));
    assert_eq!(client.login(guess).await.unwrap_err().code(), Code::ResourceExhausted);
    let session = client.login(from("192.0.2.1", login(EMAIL, PASSWORD))).await.unwrap();
    let access_token = session.into_inner().access_token;
    client.logout(by(&access_token, pb::LogoutRequest {})).await.unwrap();
    assert!(client.get_me(by(&access_token, pb::GetMeRequest {})).await.is_err());
}

#[tokio::test]
async fn a_flood_of_sign_ins_is_turned_away_and_slows_nobody_else() {
    let service = Service::start().await;
    let mut client = Client::new(service.near());
    client.register(registration(EMAIL)).await.unwrap();
    let session = client.login(login(EMAIL, PASSWORD)).await.unwrap().into_inner();
    let more_than_wait = 20 * std::thread::available_parallelism().unwrap().get();
    let flood = (0..more_than_wait).map(|_| {
        let mut client = Client::new(service.near());
        async move { client.login(login(EMAIL, "wrongpassword")).await.unwrap_err() }
    });
    let flood = service.shutdown.spawn(futures_util::future::join_all(flood));
    for _ in 0..10 {
        client.get_me(by(&session.access_token, pb::GetMeRequest {})).await.unwrap();
    }
    assert!(!flood.is_finished(), "others wait for those who sign in");
    let refusals = flood.await.unwrap();
    let turned_away: Vec<_> =
        refusals.iter().filter(|refusal| refusal.code() == Code::Unavailable).collect();
    assert!(!turned_away.is_empty());
    for refusal in turned_away {
        assert_eq!(reason(refusal), "OVERLOADED");
        assert!(refusal.get_error_details().retry_info().is_some());
    }
}

#[tokio::test]
async fn an_unknown_address_takes_the_time_of_a_wrong_password() {
    let service = Service::start().await;
    let mut client = Client::new(service.near());
    client.register(registration(EMAIL)).await.unwrap();
    // The least that each has ever taken tends to what it costs, however busy the machine is.
    let mut least = [Duration::MAX; 2];
    for round in 1.. {
        for (least, username) in least.iter_mut().zip([EMAIL, "nonexistent@example.com"]) {
            let began = Instant::now();
            client.login(login(username, "wrongpassword")).await.unwrap_err();
            *least = began.elapsed().min(*least);
        }
        let [wrong, unknown] = least;
        if round >= 5 && unknown * 2 > wrong {
            return;
        }
        assert!(round < 40, "{unknown:?} for an unknown address, {wrong:?} for a wrong password");
    }
}
