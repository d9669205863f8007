//! What must never stand in a metric or a log, looked for after every kind of flow, in the real program.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mesh::{Mesh, log};

const EMAIL: &str = "canary.lovelace@example.com";
const PASSWORD: &str = "correct horse battery";
const WRONG_PASSWORD: &str = "wrong-canary-password";
const QUESTION: &str = "How long is the canary clause binding upon the tenant?";
const TEXT: &str = "The canary clause binds the tenant for seventy-seven days.";

/// Where the process serves its metrics, as it says at its start.
fn metrics_address(log: &str) -> String {
    let line = log.lines().find(|line| line.contains("serving metrics")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    line["address"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_metric_and_no_log_holds_a_secret_an_address_or_a_text() {
    let variables = [("RUST_LOG", "debug"), ("ENABLE_METRICS", "true")];
    let mesh = Mesh::embedded_with(TempDir::new().unwrap(), &variables);
    let user = mesh.user(EMAIL).await;
    let mut secrets: Vec<String> =
        [EMAIL, PASSWORD, WRONG_PASSWORD, QUESTION, TEXT].map(str::to_owned).into();
    secrets.push(user.token.clone());

    let login = |password: &str| {
        let body = json!({"username": EMAIL, "password": password});
        mesh.request(Method::POST, "/api/v1/auth/login").json(&body)
    };
    assert_eq!(user.status(login(WRONG_PASSWORD)).await.0, StatusCode::UNAUTHORIZED);
    let session = user.ok(login(PASSWORD)).await;
    let refresh = json!({"refresh_token": session["refresh_token"]});
    let refresh = mesh.request(Method::POST, "/api/v1/auth/refresh").json(&refresh);
    let refreshed = user.ok(refresh).await;
    let token = json!({"name": "CI", "scopes": ["documents.read"]});
    let token = user.post("/api/v1/auth/tokens", token).await;
    let ticket = user.post("/api/v1/chat/ws-ticket", json!({})).await;
    for secret in [
        &session["access_token"],
        &session["refresh_token"],
        &refreshed["access_token"],
        &refreshed["refresh_token"],
        &token["token"],
        &ticket["ticket"],
    ] {
        secrets.push(secret.as_str().unwrap().to_owned());
    }
    let document = user.upload_bytes("canary.txt", TEXT.into()).await;
    user.until_processed(document["id"].as_str().unwrap()).await;
    user.post("/api/v1/chat", json!({"content": QUESTION})).await;
    user.get("/api/v1/analytics/usage").await;

    let log = log(mesh.data.path());
    let address = metrics_address(&log);
    let metrics = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("rpc_requests_total"), "{metrics}");
    assert!(log.contains("call ended"), "the log is at debug");
    for secret in secrets {
        assert!(!metrics.contains(&secret), "a metric holds {secret:?}");
        assert!(!log.contains(&secret), "the log holds {secret:?}");
    }
}
