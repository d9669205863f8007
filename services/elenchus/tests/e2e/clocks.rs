//! Services whose clocks differ by half a minute: real processes, each with a clock of its own.

use std::path::{Path, PathBuf};

use elenchus_testkit::postgres;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mesh::Mesh;

/// Which roles are half a minute ahead of the others.
const AHEAD: [&[&str]; 2] = [&["auth", "document"], &["gateway", "conversation", "workflow"]];
/// One path of each service.
const PATHS: [&str; 5] = [
    "/api/v1/auth/me",
    "/api/v1/documents",
    "/api/v1/chat/conversations",
    "/api/v1/workflows/executions",
    "/api/v1/analytics/usage",
];

/// What moves the clock of a process, where it is installed.
fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
    let libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    libraries.into_iter().find(|library| library.exists())
}

/// A mesh in which these roles are ahead.
async fn mesh(database_url: &str, library: &Path, clocks: &Path, ahead: &[&str]) -> Mesh {
    for role in ["auth", "conversation", "document", "workflow", "analytics", "gateway"] {
        let offset = if ahead.contains(&role) { "+30" } else { "+0" };
        std::fs::write(clocks.join(role), offset).unwrap();
    }
    let clock = clocks.join("{service}");
    let more = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    Mesh::apart_with(database_url, None, &more).await
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_differ_by_half_a_minute_harm_nobody() {
    let Some(library) = faketime() else { return };
    for ahead in AHEAD {
        let database = postgres::empty_database().await;
        let clocks = TempDir::new().unwrap();
        let mesh = mesh(database.url(), &library, clocks.path(), ahead).await;
        let mut user = mesh.user("ada@example.com").await;
        for path in PATHS {
            user.get(path).await;
        }
        let document = user.upload_example("mozilla-public-license-2.0.pdf").await;
        user.post("/api/v1/chat", json!({"content": "Who may modify the license?"})).await;
        // Acts by a grant, at two services.
        let run = json!({
            "template_id": "document_summary",
            "execution_id": "skewed",
            "input_data": {"document_id": document["id"]},
        });
        user.post("/api/v1/workflows/execute", run).await;
        let is_over = |run: &Value| run["completed_at"].is_string();
        let run = user.until("/api/v1/workflows/executions/skewed", is_over).await;
        assert_eq!(run["status"], "completed", "{ahead:?}: {run}");
        // Told by one service to another, for itself.
        let is_counted = |usage: &Value| usage["workflows_executed"] == 1;
        user.until("/api/v1/analytics/usage", is_counted).await;

        let login = json!({"username": "ada@example.com", "password": "correct horse battery"});
        let login = mesh.request(Method::POST, "/api/v1/auth/login").json(&login);
        let session = user.ok(login).await;
        let refresh = json!({"refresh_token": session["refresh_token"]});
        let refresh = mesh.request(Method::POST, "/api/v1/auth/refresh").json(&refresh);
        let refreshed = user.ok(refresh).await;
        user.token = refreshed["access_token"].as_str().unwrap().to_owned();
        for path in PATHS {
            user.get(path).await;
        }
    }
}
