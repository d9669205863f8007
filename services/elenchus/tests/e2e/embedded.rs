//! The embedded run: one folder holds everything, nothing acknowledged is lost, and a stop stops all
//! that was started.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::mesh::{Mesh, Program, log, serve};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill_and_is_carried_on() {
    let mut mesh = Mesh::embedded();
    let (document, conversation, run) = {
        let user = mesh.user("ada@example.com").await;
        let conversation = user.post("/api/v1/chat/conversations", json!({"title": "Lease"})).await;
        let contract = user.upload_example("mozilla-public-license-2.0.pdf").await;
        let body = json!({"template_id": "contract_review", "input_data": {"document_id": contract["id"]}});
        let run = user.post("/api/v1/workflows/execute", body).await;
        // Killed before its processing can have ended.
        let document =
            user.upload_bytes("notes.txt", b"The tenant pays on the first day.".to_vec()).await;
        (document, conversation, run)
    };

    mesh.kill_and_restart();

    let user = mesh.login("ada@example.com").await;
    let listed = user.get("/api/v1/chat/conversations").await;
    assert_eq!(listed[0]["id"], conversation["id"]);
    let document = user.until_processed(document["id"].as_str().unwrap()).await;
    assert_eq!(document["processing_status"], "completed", "{document}");
    let path = format!("/api/v1/workflows/executions/{}", run["execution_id"].as_str().unwrap());
    let run = user
        .until(&path, |run| {
            matches!(run["status"].as_str(), Some("completed" | "failed" | "cancelled"))
        })
        .await;
    assert_eq!(run["status"], "completed", "{run}");
    user.until("/api/v1/analytics/usage", |usage| usage["documents_analyzed"] == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_written_to_the_folder_and_their_links_work() {
    let mesh = Mesh::embedded();
    let user = mesh.user("ada@example.com").await;
    let said = log(mesh.data.path());
    assert!(
        said.contains(
            "a language model (answers only quote), a mail server (mails go to a folder)"
        ),
        "{said}"
    );
    assert!(said.contains("`elenchus doctor` says the mends"), "{said}");
    let mail = mail_in(&mesh.data.path().join("mails")).await;
    assert!(mail.contains("To: ada@example.com"), "{mail}");
    let mail = mail.replace("\r\n", "\n").replace("=\n", "").replace("=3D", "=");
    let link = mail.split("http://localhost:3000/verify-email#token=").nth(1).unwrap();
    let token = link.split_whitespace().next().unwrap();
    user.post("/api/v1/auth/email/verify", json!({"token": token})).await;
    assert_eq!(user.get("/api/v1/auth/me").await["email_verified"], true);
    assert_eq!(user.get("/api/v1/auth/sessions").await[0]["is_current"], true);
}

/// The first mail that arrives.
async fn mail_in(folder: &Path) -> String {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let files = std::fs::read_dir(folder).into_iter().flatten();
        let paths = files.map(|file| file.unwrap().path());
        if let Some(mail) = paths.into_iter().find(|path| path.extension() == Some("eml".as_ref()))
        {
            return std::fs::read_to_string(mail).unwrap();
        }
        assert!(Instant::now() < patience, "no mail arrives");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_on_the_same_folder_says_so_and_harms_nothing() {
    let mesh = Mesh::embedded();
    let (mut second, _) = Program::start(&["serve"], mesh.data.path(), &[]);
    assert_eq!(second.wait(), Some(1));
    let log = log(mesh.data.path());
    let line =
        log.lines().find(|line| line.starts_with("elenchus: ")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("in use") || line.contains("another"), "{line}");
    mesh.user("still@example.com").await;
}

#[test]
fn sigterm_stops_everything_that_was_started() {
    let mut mesh = Mesh::embedded();
    let children = children_of(mesh.process().id());
    assert!(!children.is_empty(), "the private PostgreSQL is a child");
    assert_eq!(mesh.process().terminate(), Some(0));
    let patience = Instant::now() + Duration::from_secs(10);
    for child in children {
        while Path::new(&format!("/proc/{child}")).exists() {
            assert!(Instant::now() < patience, "process {child} was left behind");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn children_of(process: u32) -> Vec<u32> {
    let listed =
        Command::new("ps").args(["-o", "pid=", "--ppid", &process.to_string()]).output().unwrap();
    String::from_utf8(listed.stdout)
        .unwrap()
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

#[test]
fn a_wrong_setting_is_one_line_that_names_it_and_exit_code_64() {
    for (name, value) in
        [("PORT", "eighty"), ("BACKEND_CORS_ORIGINS", "a,b"), ("SECRET_KEY", "short")]
    {
        let data = TempDir::new().unwrap();
        let (mut process, _) = Program::start(&["serve"], data.path(), &[(name, value)]);
        assert_eq!(process.wait(), Some(64), "{name}: {}", log(data.path()));
        let log = log(data.path());
        let lines: Vec<_> = log.lines().filter(|line| line.starts_with("elenchus: ")).collect();
        assert_eq!(lines.len(), 1, "{log}");
        assert!(lines[0].contains(name), "{log}");
    }
}

#[test]
fn a_service_that_runs_apart_says_which_peer_it_lacks() {
    let data = TempDir::new().unwrap();
    let key = ("SECRET_KEY", "e2e-4a7c1e93b05df826a1d37e40c95b68f2");
    let (mut process, _) = Program::start(&["serve", "gateway"], data.path(), &[key]);
    assert_eq!(process.wait(), Some(64));
    assert!(log(data.path()).contains("_SERVICE_ADDR: is required"), "{}", log(data.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_user_reaches_the_log() {
    let data = TempDir::new().unwrap();
    let (mut process, base) = serve(&data, &[("RUST_LOG", "debug")]);
    let http = reqwest::Client::builder().build().unwrap();
    let canary = "a-canary-in-the-document";
    let account = json!({"email": "canary@example.com", "password": "correct horse canary", "full_name": "C"});
    http.post(format!("{base}/api/v1/auth/register")).json(&account).send().await.unwrap();
    let form = [("username", "canary@example.com"), ("password", "correct horse canary")];
    let session: serde_json::Value = http
        .post(format!("{base}/api/v1/auth/login"))
        .form(&form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = session["access_token"].as_str().unwrap();
    let body = json!({"content": canary, "sources": [format!("The {canary} says nothing.")]});
    let asked = http
        .request(Method::POST, format!("{base}/api/v1/chat?api_key=query-canary"))
        .bearer_auth(token)
        .json(&body);
    asked.send().await.unwrap();
    let plain = http.post(format!("{base}/api/v1/chat")).bearer_auth(token).json(&body);
    assert!(plain.send().await.unwrap().status().is_success());
    assert_eq!(process.terminate(), Some(0));

    let log = log(data.path());
    assert!(log.contains("ConversationService"), "the log holds the calls\n{log}");
    let refresh = session["refresh_token"].as_str().unwrap();
    for secret in
        [canary, "correct horse canary", token, refresh, "query-canary", "canary@example.com"]
    {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
