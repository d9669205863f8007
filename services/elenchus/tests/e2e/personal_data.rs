//! What is held of a user: handed out whole, and gone with the account, whatever dies on the way.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use elenchus_personal_data::{Export, Inventory};
use elenchus_rpc::Shutdown;
use elenchus_testkit::{postgres, redis};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, PgPool};

use crate::mesh::{Mesh, User, log};

const EMAIL: &str = "ada@example.com";
/// The record of what happened keeps the id of whom it is about, which then names nobody.
const KEPT: [&str; 2] = ["auth.audit_event.user_id", "auth.audit_event.actor_id"];

/// A table that is not listed would be handed out to nobody, and erased for nobody.
#[tokio::test]
async fn every_table_of_every_service_says_what_it_holds_of_users() {
    let services: [(Inventory, &'static Migrator); 5] = [
        (elenchus_auth::PERSONAL_DATA, &elenchus_auth::store::MIGRATOR),
        (elenchus_conversation::PERSONAL_DATA, &elenchus_conversation::store::MIGRATOR),
        (elenchus_document::PERSONAL_DATA, &elenchus_document::store::MIGRATOR),
        (elenchus_workflow::PERSONAL_DATA, &elenchus_workflow::MIGRATOR),
        (elenchus_analytics::PERSONAL_DATA, &elenchus_analytics::store::MIGRATOR),
    ];
    for (inventory, migrator) in services {
        let (_database, pool) = postgres::database(inventory.service, migrator).await;
        if inventory.service != elenchus_analytics::NAME {
            elenchus_outbox::migrate(&pool).await.unwrap();
            elenchus_idempotency::open(&pool, &Shutdown::new()).await.unwrap();
        }
        let differences = inventory.differences(&pool).await.unwrap();
        assert_eq!(differences, Vec::<String>::new(), "PERSONAL_DATA of {}", inventory.service);
        let of_users: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT table_name::text FROM information_schema.columns
             JOIN information_schema.tables USING (table_schema, table_name)
             WHERE table_schema = $1 AND column_name = 'user_id' AND table_type = 'BASE TABLE'",
        )
        .bind(inventory.service)
        .fetch_all(&pool)
        .await
        .unwrap();
        for table in of_users {
            assert!(!inventory.impersonal.contains(&table.as_str()), "{table} has users");
        }
        // What is hidden from an export is a column, and not a slip of the pen.
        for table in inventory.tables {
            let Export::RowWithout(hidden) = table.export else { continue };
            let statement = format!("SELECT {} FROM {} LIMIT 0", columns(hidden), table.name);
            sqlx::query(AssertSqlSafe(statement)).execute(&pool).await.unwrap();
        }
    }
}

fn columns(names: &[&str]) -> String {
    if names.is_empty() { "1".to_owned() } else { names.join(", ") }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_handed_out_and_then_gone_everywhere_whatever_dies_on_the_way() {
    let database = postgres::empty_database().await;
    let redis = redis::url();
    let settle = [("ACCOUNT_ERASURE_SETTLE_SECONDS", "1")];
    let mut mesh = Mesh::apart_with(database.url(), redis.as_deref(), &settle).await;
    let (receipt, id) = {
        let user = mesh.user(EMAIL).await;
        let id = user.get("/api/v1/auth/me").await["id"].as_str().unwrap().to_owned();
        lives(&user).await;
        hands_out_everything(&user).await;
        (closes_the_account(&user).await, id)
    };
    // The address is not free while something is left of its owner.
    assert_eq!(register(&mesh).await, StatusCode::BAD_REQUEST);

    mesh.kill("document");
    mesh.kill("auth");
    mesh.revive("auth");
    tokio::time::sleep(Duration::from_millis(500)).await;
    mesh.kill("auth");
    mesh.revive("document");
    mesh.revive("auth");
    until_completed(&mesh, &receipt).await;

    let pool = PgPool::connect(database.url()).await.unwrap();
    assert_eq!(places_of(&pool, &id).await, KEPT.map(str::to_owned).into());
    let from_nowhere =
        "SELECT count(*) FROM auth.audit_event WHERE user_id = $1::uuid AND address <> ''";
    let from_somewhere: i64 =
        sqlx::query_scalar(from_nowhere).bind(&id).fetch_one(&pool).await.unwrap();
    assert_eq!(from_somewhere, 0);
    assert!(!has_file_named(mesh.data.path(), &id), "a file of the user is left");
    assert_eq!(register(&mesh).await, StatusCode::OK);
}

/// Leaves something at every service.
async fn lives(user: &User<'_>) {
    let text = b"The parent must consent in writing before a school shares records.".to_vec();
    let document = user.upload_bytes("notes.txt", text).await;
    let document = user.until_processed(document["id"].as_str().unwrap()).await;
    let question = json!({"content": "Who must consent?", "document_ids": [document["id"]]});
    user.post("/api/v1/chat", question).await;
    let run =
        json!({"template_id": "document_summary", "input_data": {"document_id": document["id"]}});
    let run = user.post("/api/v1/workflows/execute", run).await;
    let path = format!("/api/v1/workflows/executions/{}", run["execution_id"].as_str().unwrap());
    user.until(&path, |run| run["status"] == "completed").await;
    user.until("/api/v1/analytics/usage", |usage| usage["documents_analyzed"] == 1).await;
}

async fn hands_out_everything(user: &User<'_>) {
    let request = user.request(Method::POST, "/api/v1/users/me/export").json(&json!({}));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let archive = answer.text().await.unwrap();
    let lines: Vec<Value> =
        archive.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last(), Some(&json!({"complete": true})));
    let tables: HashSet<(&str, &str)> = lines
        .iter()
        .filter_map(|line| Some((line["service"].as_str()?, line["table"].as_str()?)))
        .collect();
    for wanted in [
        ("auth", "account"),
        ("auth", "session"),
        ("auth", "audit_event"),
        ("conversation", "conversation"),
        ("conversation", "message"),
        ("document", "document"),
        ("document", "chunk"),
        ("document", "file"),
        ("workflow", "workflow_execution"),
        ("workflow", "workflow_step"),
        ("analytics", "event"),
    ] {
        assert!(tables.contains(&wanted), "{wanted:?} is not among {tables:?}");
    }
    for secret in ["password_hash", "token_hash", "$argon2"] {
        assert!(!archive.contains(secret), "{secret} was handed out");
    }
}

async fn closes_the_account(user: &User<'_>) -> String {
    let delete = |password: &str| {
        user.request(Method::DELETE, "/api/v1/users/me").json(&json!({"password": password}))
    };
    let (refused, problem) = user.status(delete("not the password")).await;
    assert_eq!(refused, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert_eq!(problem["errors"][0]["field"], "password");

    let receipt = user.ok(delete("correct horse battery")).await;
    assert_eq!(receipt["status"], "erasing");
    let closed_at = Instant::now();
    for path in ["/api/v1/chat/conversations", "/api/v1/documents", "/api/v1/workflows/executions"]
    {
        while user.status(user.request(Method::GET, path)).await.0 != StatusCode::UNAUTHORIZED {
            assert!(closed_at.elapsed() < Duration::from_secs(2), "{path} still answers");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    receipt["id"].as_str().unwrap().to_owned()
}

async fn register(mesh: &Mesh) -> StatusCode {
    let account = json!({"email": EMAIL, "password": "correct horse battery", "full_name": "Ada"});
    let request = mesh.request(Method::POST, "/api/v1/auth/register").json(&account);
    request.send().await.unwrap().status()
}

async fn until_completed(mesh: &Mesh, receipt: &str) {
    let patience = Instant::now() + Duration::from_secs(120);
    let path = format!("/api/v1/erasures/{receipt}");
    loop {
        // While auth comes up the edge has nobody to ask.
        let answer = mesh.request(Method::GET, &path).send().await.unwrap();
        if answer.status() == StatusCode::OK {
            let erasure: Value = answer.json().await.unwrap();
            if erasure["status"] == "completed" {
                return;
            }
        }
        assert!(Instant::now() < patience, "never completed\n{}", log(mesh.data.path()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Every column of every schema that mentions the text.
async fn places_of(pool: &PgPool, text: &str) -> HashSet<String> {
    let columns: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT table_schema::text, table_name::text, column_name::text, data_type::text
         FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
         WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(columns.len() > 100, "the schemas are seen: {}", columns.len());
    let mut places = HashSet::new();
    for (schema, table, column, kind) in columns {
        let mentions = match kind.as_str() {
            "bytea" => format!("position(convert_to($1, 'UTF8') IN {column}) > 0"),
            _ => format!("position($1 IN {column}::text) > 0"),
        };
        let statement = format!("SELECT EXISTS (SELECT FROM {schema}.{table} WHERE {mentions})");
        let is_mentioned: bool =
            sqlx::query_scalar(AssertSqlSafe(statement)).bind(text).fetch_one(pool).await.unwrap();
        if is_mentioned {
            places.insert(format!("{schema}.{table}.{column}"));
        }
    }
    places
}

fn has_file_named(folder: &std::path::Path, name: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| {
        entry.file_name().to_string_lossy().contains(name)
            || entry.file_type().unwrap().is_dir() && has_file_named(&entry.path(), name)
    })
}
