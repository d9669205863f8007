//! What a service may rely on when it opens its database.

mod support;

use std::time::Duration;

use elenchus_postgres::{Database, DatabaseSettings, Error, Failure, constraint, is_unreachable};
use elenchus_rpc::status::Classify;
use secrecy::ExposeSecret;
use sqlx::migrate::Migrator;
use support::Scratch;
use tokio::task::JoinSet;
use tonic::Code;

static MIGRATOR: Migrator = sqlx::migrate!("tests/migrations");
const SERVICES: [&str; 6] = ["auth", "conversation", "document", "workflow", "analytics", "auth"];

#[tokio::test(flavor = "multi_thread")]
async fn services_that_share_a_database_open_it_together_and_migrate_once() {
    let scratch = Scratch::new();
    let cluster = scratch.start().await;
    let url = cluster.url_for("shared").await.unwrap();

    let mut opening = JoinSet::new();
    for schema in SERVICES {
        let settings = DatabaseSettings::new(url.clone()).with_max_connections(2);
        opening.spawn(async move {
            let pool = Database::open(&settings, schema, &MIGRATOR).await?;
            let notes: i64 =
                sqlx::query_scalar("SELECT count(*) FROM note").fetch_one(&pool).await.unwrap();
            let application: String =
                sqlx::query_scalar("SHOW application_name").fetch_one(&pool).await.unwrap();
            assert_eq!(application, format!("elenchus-{schema}"));
            pool.close().await;
            Ok::<_, Error>(notes)
        });
    }
    let notes: Vec<_> = opening.join_all().await.into_iter().map(Result::unwrap).collect();
    assert_eq!(notes, [1; 6]);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_service_waits_for_a_server_that_starts_and_survives_its_restart() {
    let scratch = Scratch::new();
    let cluster = scratch.start().await;
    let settings = DatabaseSettings::new(cluster.url_for("auth").await.unwrap());
    cluster.stop().await.unwrap();

    let (pool, cluster) =
        tokio::join!(Database::open(&settings, "auth", &MIGRATOR), scratch.start());
    let pool = pool.unwrap();
    sqlx::query("SELECT FROM note").fetch_all(&pool).await.unwrap();
    cluster.stop().await.unwrap();

    let error = sqlx::query("SELECT FROM note").fetch_all(&pool).await.unwrap_err();
    assert!(is_unreachable(&error), "{error}");

    let cluster = scratch.start().await;
    sqlx::query("SELECT FROM note").fetch_all(&pool).await.unwrap();
    pool.close().await;
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn what_failed_is_told_by_whose_fault_it_is() {
    let scratch = Scratch::new();
    let cluster = scratch.start().await;
    let settings = DatabaseSettings::new(cluster.url_for("auth").await.unwrap());
    let pool = Database::open(&settings, "auth", &MIGRATOR).await.unwrap();

    let twice = "INSERT INTO note VALUES ('01930000-0000-7000-8000-000000000001', 'the first')";
    let error = sqlx::query(twice).execute(&pool).await.unwrap_err();
    assert_eq!(constraint(&error), Some("note_text_key"));
    assert_eq!(Failure::from(error).code(), Code::Internal);

    let nul = sqlx::query("SELECT $1::text").bind("a\0b").execute(&pool).await.unwrap_err();
    let nul_in_json = serde_json::json!({"key": "a\0b"});
    let nul_in_json =
        sqlx::query("SELECT $1::jsonb").bind(nul_in_json).execute(&pool).await.unwrap_err();
    for error in [nul, nul_in_json] {
        assert_eq!(Failure::from(error).code(), Code::InvalidArgument);
    }

    cluster.stop().await.unwrap();
    let error = sqlx::query("SELECT 1").execute(&pool).await.unwrap_err();
    let failure = Failure::from(error);
    assert_eq!(failure.code(), Code::Unavailable);
    assert!(failure.retry_after().is_some());
}

#[tokio::test]
async fn an_error_repeats_neither_the_password_nor_waits_when_waiting_is_useless() {
    let scratch = Scratch::new();
    let cluster = scratch.start().await;
    let url = cluster.url_for("auth").await.unwrap();
    let (start, end) = url.expose_secret().split_once('@').unwrap();
    let role = start.rsplit_once(':').unwrap().0;
    let wrong = DatabaseSettings::new(format!("{role}:hunter2@{end}"));

    let opened =
        tokio::time::timeout(Duration::from_secs(5), Database::open(&wrong, "auth", &MIGRATOR));
    let error = opened.await.expect("a wrong password is told at once").unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(!format!("{error} {error:?} {wrong:?}").contains("hunter2"), "{error:?}");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let settings = DatabaseSettings::new("postgres://ada:hunter2@127.0.0.1:1/elenchus")
        .with_start_timeout(Duration::from_millis(300));
    let error = Database::open(&settings, "auth", &MIGRATOR).await.unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("cannot connect to PostgreSQL at 127.0.0.1:1: "), "{said}");
    assert!(!format!("{error:?}").contains("hunter2"));
}
