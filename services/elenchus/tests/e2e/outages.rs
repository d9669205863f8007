//! What signing in stands on goes away and comes back: auth's database, and Redis.

use std::time::{Duration, Instant};

use elenchus_testkit::{postgres, redis, servers};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::json;
use tempfile::TempDir;

use crate::mesh::{Mesh, User};

/// One path of each service that holds users' data.
const PATHS: [&str; 4] = [
    "/api/v1/documents",
    "/api/v1/chat/conversations",
    "/api/v1/workflows/executions",
    "/api/v1/analytics/usage",
];
/// What a slow machine adds to what is promised.
const SLACK: Duration = Duration::from_secs(1);

async fn status(user: &User<'_>, path: &str) -> StatusCode {
    user.request(Method::GET, path).send().await.unwrap().status()
}

/// Waits until every path answers so, and says how long the last one took.
async fn until_every_path_answers(user: &User<'_>, wanted: StatusCode) -> Duration {
    let began = Instant::now();
    for path in PATHS {
        while status(user, path).await != wanted {
            assert!(began.elapsed() < Duration::from_secs(20), "{path} never answers {wanted}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_go_on_opening_what_they_opened_while_auth_has_no_database() {
    let folder = TempDir::new().unwrap();
    let of_auth = servers::postgres(&folder).await.unwrap();
    let url = of_auth.superuser_url().expose_secret().to_owned();
    let database = postgres::empty_database().await;
    let more = [("AUTH_DATABASE_URL", url.as_str())];
    let mesh = Mesh::apart_with(database.url(), redis::url().as_deref(), &more).await;
    let known = mesh.user("known@example.com").await;
    let unknown = mesh.user("unknown@example.com").await;
    let gone = mesh.user("gone@example.com").await;
    for user in [&known, &gone] {
        until_every_path_answers(user, StatusCode::OK).await;
    }
    gone.post("/api/v1/auth/logout", json!({})).await;
    until_every_path_answers(&gone, StatusCode::UNAUTHORIZED).await;

    of_auth.stop().await.unwrap();
    let body = json!({"username": "known@example.com", "password": "correct horse battery"});
    let log_in = || mesh.request(Method::POST, "/api/v1/auth/login").json(&body).send();
    let began = Instant::now();
    let refusal = log_in().await.unwrap();
    assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refusal.headers().contains_key("retry-after"));
    assert!(began.elapsed() < Duration::from_secs(2) + SLACK, "{:?}", began.elapsed());
    // Longer than any answer of before is believed.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        for path in PATHS {
            assert_eq!(status(&known, path).await, StatusCode::OK, "{path}");
        }
    }
    for path in PATHS {
        let began = Instant::now();
        assert_eq!(status(&unknown, path).await, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(began.elapsed() < Duration::from_secs(2) + SLACK, "{:?}", began.elapsed());
        assert_ne!(status(&gone, path).await, StatusCode::OK, "{path}");
    }

    let _of_auth = servers::postgres(&folder).await.unwrap();
    let began = Instant::now();
    while log_in().await.unwrap().status() != StatusCode::OK {
        assert!(began.elapsed() < Duration::from_secs(5), "no recovery");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until_every_path_answers(&unknown, StatusCode::OK).await;
    known.post("/api/v1/auth/logout", json!({})).await;
    let took = until_every_path_answers(&known, StatusCode::UNAUTHORIZED).await;
    assert!(took < Duration::from_secs(2) + SLACK, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_costs_nobody_their_session() {
    let folder = TempDir::new().unwrap();
    let of_auth = servers::postgres(&folder).await.unwrap();
    let url = of_auth.superuser_url().expose_secret().to_owned();
    let database = postgres::empty_database().await;
    // Without the Redis that tests share: the sign-ins that are tried here are nobody else's affair.
    let more = [
        ("AUTH_DATABASE_URL", url.as_str()),
        ("LOGIN_ATTEMPTS_PER_MINUTE", "10000"),
        ("LOGIN_ATTEMPTS_PER_ADDRESS_PER_MINUTE", "10000"),
    ];
    let mesh = Mesh::apart_with(database.url(), None, &more).await;
    let user = mesh.user("ada@example.com").await;
    until_every_path_answers(&user, StatusCode::OK).await;

    for _ in 0..3 {
        servers::kill_postgres(&folder).unwrap();
        let body = json!({"username": "ada@example.com", "password": "correct horse battery"});
        let began = Instant::now();
        loop {
            let answer = mesh.request(Method::POST, "/api/v1/auth/login").json(&body).send().await;
            let status_of_login = answer.unwrap().status();
            for path in PATHS {
                assert_eq!(status(&user, path).await, StatusCode::OK, "{path}");
            }
            if status_of_login == StatusCode::OK {
                break;
            }
            assert_eq!(status_of_login, StatusCode::SERVICE_UNAVAILABLE);
            assert!(began.elapsed() < Duration::from_secs(60), "no recovery");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    user.get("/api/v1/auth/me").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_holds_everywhere_within_two_seconds_with_redis_and_without_it() {
    let Some(mut redis) = servers::Redis::start().unwrap() else { return };
    let database = postgres::empty_database().await;
    let mesh = Mesh::apart(database.url(), Some(&redis.url())).await;
    let mut user = mesh.user("ada@example.com").await;
    for state in ["up", "hung", "gone"] {
        match state {
            "hung" => redis.pause(),
            "gone" => redis.kill(),
            _ => {}
        }
        until_every_path_answers(&user, StatusCode::OK).await;
        user.post("/api/v1/auth/logout", json!({})).await;
        let took = until_every_path_answers(&user, StatusCode::UNAUTHORIZED).await;
        assert!(took < Duration::from_secs(2) + SLACK, "{state}: {took:?}");
        user = mesh.login("ada@example.com").await;
    }
}
